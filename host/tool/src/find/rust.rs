//! rust: the toolchain that rustup chooses for a workspace, behind its proxies.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::layout::c_toolchain;
use super::{Layout, Reason, Surroundings};

/// Whether `real` is rustup itself, and `program` one of its proxies.
pub(super) fn is_proxy(program: &Path, real: &Path) -> bool {
    real.file_name().is_some_and(|name| name == "rustup") && program.file_name() != real.file_name()
}

/// The layout of a toolchain's program. rustup says where it is; nothing of the toolchain runs.
pub(super) fn toolchain(program: &Path, real: &Path, at: &Surroundings) -> Result<Layout, String> {
    let name = program.file_name().unwrap_or_default();
    let output = Command::new(real)
        .arg0("rustup")
        .arg("which")
        .arg(name)
        .current_dir(&at.root)
        .env("RUSTUP_AUTO_INSTALL", "0")
        .output()
        .map_err(|error| format!("rustup cannot be executed: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().find(|line| line.starts_with("error")).unwrap_or("it fails");
        return Err(format!("`rustup which {}`: {said}", name.display()));
    }
    let found = PathBuf::from(text.trim());
    let executable =
        found.canonicalize().map_err(|error| format!("`{}`: {error}", found.display()))?;
    let sysroot = executable.parent().and_then(Path::parent).ok_or("it has no sysroot")?;
    let mut layout = in_sysroot(&executable, sysroot);
    if let Some(cargo) = program.parent().and_then(Path::parent) {
        registry(&mut layout, cargo);
    }
    Ok(layout)
}

fn in_sysroot(executable: &Path, sysroot: &Path) -> Layout {
    let mut layout = Layout {
        program: executable.to_owned(),
        executable: executable.to_owned(),
        ..Layout::default()
    };
    layout.read(sysroot, Reason::Toolchain);
    layout.search(&sysroot.join("bin"));
    layout.members.push(sysroot.join("bin/rustc"));
    // The names of the compiler's libraries carry hashes, so they tell one build from another.
    layout.marks.extend(names(&sysroot.join("lib")));
    layout.marks.extend(names(&sysroot.join("lib/rustlib")));
    c_toolchain(&mut layout);
    layout
}

/// Downloaded packages, and nothing else of cargo's home: credentials lie beside them.
fn registry(layout: &mut Layout, cargo: &Path) {
    let mut any = false;
    for part in ["registry", "git"] {
        any |= cargo.join(part).exists();
        layout.read(cargo.join(part), Reason::Registry);
    }
    if let (true, Some(cargo)) = (any, cargo.to_str()) {
        layout.env.insert("CARGO_HOME".to_owned(), cargo.to_owned());
    }
}

fn names(folder: &Path) -> Vec<String> {
    let listed = folder.read_dir().into_iter().flatten();
    let mut names: Vec<_> =
        listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_leads_to_the_toolchain_that_rustup_names() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let make = |path: &str, text: &str| {
            let path = base.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&path, mode).unwrap();
        };
        let cargo = base.join("chain/bin/cargo");
        make("chain/bin/cargo", "");
        make("chain/lib/librustc_driver-1234.so", "");
        make(".cargo/credentials.toml", "");
        make(".cargo/registry/index", "");
        make(".cargo/bin/rustup", &format!("#!/bin/sh\necho {}\n", cargo.display()));
        let proxy = base.join(".cargo/bin/cargo");
        std::os::unix::fs::symlink("rustup", &proxy).unwrap();
        let real = proxy.canonicalize().unwrap();
        assert!(is_proxy(&proxy, &real) && !is_proxy(&real, &real));
        let at = Surroundings {
            root: base.clone(),
            home: Some(base.clone()),
            path: String::new(),
            own: Vec::new(),
        };
        let layout = toolchain(&proxy, &real, &at).unwrap();
        assert_eq!(layout.executable, cargo);
        assert_eq!(layout.readable.get(&base.join("chain")), Some(&Reason::Toolchain));
        assert_eq!(layout.readable.get(&base.join(".cargo/registry")), Some(&Reason::Registry));
        let home = base.join(".cargo");
        assert!(!layout.readable.keys().any(|path| home.starts_with(path)), "{layout:?}");
        assert!(layout.marks.iter().any(|mark| mark.contains("1234")));
        assert_eq!(layout.env.get("CARGO_HOME").map(Path::new), Some(home.as_path()));
        make(".cargo/bin/rustup", "#!/bin/sh\necho error: no toolchain >&2\nexit 1\n");
        assert!(toolchain(&proxy, &real, &at).unwrap_err().contains("no toolchain"));
    }
}
