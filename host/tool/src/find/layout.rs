//! Layout: how programs are commonly installed, and what each way needs.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::lookup::{is_executable, search};
use super::{Layout, Reason, Surroundings, rust};
use crate::confine::{listed, loader_of};

/// How many interpreters may stand behind one another.
const MOST_SCRIPTS: usize = 4;
/// Where loaders of a system are: only one of those is executed.
const LOADERS: [&str; 3] = ["/lib", "/usr", "/nix/store"];
/// What installs programs for the whole machine, where `bin` says nothing about one of them.
const SYSTEM: [&str; 2] = ["/", "/usr"];
/// More that programs of the system need, by the beginning of their names.
const MODULES: [(&str, &[&str]); 6] = [
    ("node", &["/usr/lib/node_modules", "/usr/share/nodejs", "/usr/share/node_modules"]),
    ("python", &["/usr/lib/python3", "/usr/lib/python3.*", "/usr/local/lib/python3.*"]),
    ("perl", &["/usr/share/perl", "/usr/share/perl5", "/usr/share/perl-base"]),
    ("ruby", &["/usr/lib/ruby", "/usr/share/rubygems-integration", "/var/lib/gems"]),
    ("git", &["/usr/lib/git-core", "/usr/share/git-core", "/usr/libexec/git-core"]),
    ("go", &["/usr/lib/go", "/usr/share/go"]),
];

/// Says what the program at `program` needs.
///
/// # Errors
/// With a sentence, when it cannot be told.
pub(crate) fn layout(program: &Path, at: &Surroundings) -> Result<Layout, String> {
    layout_of(program, at, MOST_SCRIPTS)
}

fn layout_of(program: &Path, at: &Surroundings, scripts: usize) -> Result<Layout, String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", program.display());
    let real = program.canonicalize().map_err(failed)?;
    if rust::is_proxy(program, &real) {
        return rust::toolchain(program, &real, at);
    }
    if let Some(behind) = shim(program, at)? {
        return layout_of(&behind, at, scripts);
    }
    let mut layout =
        Layout { program: program.to_owned(), executable: real.clone(), ..Layout::default() };
    layout.read(program, Reason::Executable);
    layout.read(&real, Reason::Executable);
    if let Some(folder) = program.parent() {
        layout.search(folder);
    }
    let behind = if is_in_venv(program) { venv_base(program)? } else { prefix_of(&real) };
    let installed = [prefix_of(program), behind];
    for prefix in installed.into_iter().flatten() {
        installation(&mut layout, &prefix, at);
    }
    match interpreter(&real).map_err(failed)? {
        Some(words) if scripts > 0 => layout.join(behind_script(&words, at, scripts - 1)?),
        Some(_) => return Err(format!("`{}` has too many interpreters", program.display())),
        None => libraries(&mut layout, &real)?,
    }
    system_modules(&mut layout);
    Ok(layout)
}

/// The folder in whose `bin` a program is.
fn prefix_of(program: &Path) -> Option<PathBuf> {
    let bin = program.parent().filter(|bin| bin.file_name().is_some_and(|name| name == "bin"))?;
    bin.parent().map(Path::to_owned)
}

fn installation(layout: &mut Layout, prefix: &Path, at: &Surroundings) {
    if SYSTEM.iter().any(|system| prefix == Path::new(system)) {
        return;
    }
    layout.search(&prefix.join("bin"));
    let home = at.home.as_deref();
    // In these, `bin` lies beside what is private.
    let holds = |inner: &Path| inner.starts_with(prefix);
    if home.is_some_and(holds) || holds(&at.root) || prefix.join("credentials.toml").exists() {
        return;
    }
    for folder in ["/lib", "/lib64", "/usr/lib", "/usr/lib64"] {
        layout.read(folder, Reason::SystemLibraries);
    }
    if home.is_some_and(|home| prefix.parent() == Some(home) && is_hidden(prefix)) {
        let lib = prefix.join("lib");
        for folder in matching(&lib.join("python3.*")).into_iter().chain([lib.join("node_modules")])
        {
            layout.read(folder, Reason::Modules);
        }
        return;
    }
    layout.read(prefix, Reason::Prefix);
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
        && !path.join("pyvenv.cfg").exists()
}

/// Whether a program is in a virtual environment.
fn is_in_venv(program: &Path) -> bool {
    prefix_of(program).is_some_and(|prefix| prefix.join("pyvenv.cfg").is_file())
}

/// The installation from which a virtual environment was made.
fn venv_base(program: &Path) -> Result<Option<PathBuf>, String> {
    let config = prefix_of(program).unwrap_or_default().join("pyvenv.cfg");
    let text = std::fs::read_to_string(&config);
    let text = text.map_err(|error| format!("`{}`: {error}", config.display()))?;
    let home = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .find_map(|(key, value)| (key.trim() == "home").then(|| PathBuf::from(value.trim())));
    let home = home.ok_or_else(|| format!("`{}` names no `home`", config.display()))?;
    Ok(prefix_of(&home.join("python")))
}

/// The program behind a shim of pyenv, which is asked.
fn shim(program: &Path, at: &Surroundings) -> Result<Option<PathBuf>, String> {
    let Some(shims) = program.parent().filter(|folder| folder.ends_with("shims")) else {
        return Ok(None);
    };
    let Some(pyenv) = shims.parent().map(|root| root.join("bin/pyenv")) else { return Ok(None) };
    if !is_executable(&pyenv) {
        return Ok(None);
    }
    let name = program.file_name().unwrap_or_default();
    let output = Command::new(&pyenv)
        .arg("which")
        .arg(name)
        .current_dir(&at.root)
        .output()
        .map_err(|error| format!("pyenv cannot be executed: {error}"))?;
    let found = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && found.is_absolute() && !found.starts_with(shims) {
        return Ok(Some(found));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it fails").to_owned();
    Err(format!("`pyenv which {}`: {said}", name.display()))
}

/// The words after `#!`; `None` if the file is no script.
fn interpreter(real: &Path) -> std::io::Result<Option<Vec<String>>> {
    let mut head = Vec::new();
    std::fs::File::open(real)?.take(512).read_to_end(&mut head)?;
    let Some(line) = head.strip_prefix(b"#!") else { return Ok(None) };
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    Ok(Some(line.split_whitespace().map(str::to_owned).collect()))
}

fn behind_script(words: &[String], at: &Surroundings, scripts: usize) -> Result<Layout, String> {
    let first = words.first().ok_or("the script names no interpreter")?;
    let first = Path::new(first);
    if !first.is_absolute() {
        return Err(format!("the interpreter `{}` is not an absolute path", first.display()));
    }
    let mut layout = layout_of(first, at, scripts)?;
    if first.file_name().is_some_and(|name| name == "env") {
        let is_name = |word: &&String| !word.starts_with('-') && !word.contains('=');
        let name = words.iter().skip(1).find(is_name).ok_or("`env` is given no interpreter")?;
        let found = search(name, &at.path)
            .ok_or_else(|| format!("its interpreter `{name}` was not found in PATH"))?;
        let behind = layout_of(&found, at, scripts)?;
        layout.path.clone_from(&behind.path); // where `env` finds it
        layout.members.push(behind.executable.clone());
        layout.join(behind);
    }
    layout.members.push(layout.executable.clone());
    for reason in layout.readable.values_mut().filter(|reason| **reason == Reason::Executable) {
        *reason = Reason::Interpreter;
    }
    Ok(layout)
}

/// The libraries that the loader of the executable lists.
fn libraries(layout: &mut Layout, real: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", real.display());
    let Some(loader) = loader_of(real).map_err(failed)? else { return Ok(()) };
    if !LOADERS.iter().any(|folder| loader.starts_with(folder) || loader.starts_with("/lib64")) {
        return Err(format!("its loader `{}` is not one of the system", loader.display()));
    }
    let output = Command::new(&loader).arg("--list").arg(real).env_clear().output();
    let output = output.map_err(|error| format!("`{}`: {error}", loader.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    for library in listed(&text, &loader) {
        layout.read(library, Reason::Library);
    }
    layout.read(loader, Reason::Library);
    Ok(())
}

fn system_modules(layout: &mut Layout) {
    let real = layout.executable.clone();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !real.starts_with("/usr") && !real.starts_with("/bin") {
        return;
    }
    let names = [name(&real), name(&layout.program)];
    let compiler = |name: &String| {
        let parts = ["gcc", "g++", "clang", "c++"];
        name == "cc" || parts.iter().any(|part| name.contains(part))
    };
    if names.iter().any(compiler) {
        c_toolchain(layout);
    }
    for (begin, folders) in MODULES {
        if !names.iter().any(|name| name.starts_with(begin)) {
            continue;
        }
        for folder in folders.iter().flat_map(|folder| matching(Path::new(folder))) {
            layout.read(folder, Reason::Modules);
        }
        if matches!(begin, "python" | "perl" | "ruby") {
            layout.read("/lib", Reason::SystemLibraries);
            layout.read("/usr/lib", Reason::SystemLibraries);
        }
    }
}

/// What a compiler calls to link: the system's programs, libraries and headers.
pub(super) fn c_toolchain(layout: &mut Layout) {
    for folder in ["bin", "lib", "lib32", "lib64", "libx32", "libexec", "include"] {
        layout.read(Path::new("/usr").join(folder), Reason::CToolchain);
        if folder != "include" && folder != "libexec" {
            layout.read(Path::new("/").join(folder), Reason::CToolchain);
        }
    }
    for folder in ["/usr/bin", "/bin"] {
        layout.search(Path::new(folder));
    }
}

/// The paths that are meant, where the last name may end in `*`.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let name = pattern.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (Some(begin), Some(folder)) = (name.strip_suffix('*'), pattern.parent()) else {
        return vec![pattern.to_owned()];
    };
    let found = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        entry.file_name().to_str()?.starts_with(begin).then(|| entry.path())
    };
    let mut sorted: Vec<_> = folder.read_dir().into_iter().flatten().filter_map(found).collect();
    sorted.sort();
    sorted
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    struct Machine {
        _folder: tempfile::TempDir,
        base: PathBuf,
        at: Surroundings,
    }

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let base = folder.path().canonicalize().unwrap();
            let at = Surroundings {
                root: base.join("work"),
                home: Some(base.join("home")),
                path: format!("{}:/usr/bin:/bin", base.join("opt/bin").display()),
                own: Vec::new(),
            };
            let machine = Self { _folder: folder, base, at };
            machine.script("work/keep", "");
            machine
        }

        fn script(&self, path: &str, text: &str) -> PathBuf {
            let path = self.base.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            path
        }

        fn reason(&self, layout: &Layout, path: &str) -> Option<Reason> {
            layout.readable.get(&self.base.join(path)).cloned()
        }
    }

    #[test]
    fn a_program_of_the_system_needs_its_libraries_and_its_loader() {
        let layout = layout(Path::new("/bin/sh"), &Machine::new().at).unwrap();
        let files = layout.readable.keys().all(|path| path.is_file());
        assert!(files, "no folder: {layout:?}");
        let libraries = layout.readable.values().filter(|reason| **reason == Reason::Library);
        assert!(libraries.count() >= 2, "the loader and libc: {layout:?}");
        assert_eq!(layout.program, Path::new("/bin/sh"));
    }

    #[test]
    fn a_program_in_a_prefix_needs_all_of_it_but_never_a_home_or_the_workspace() {
        belljar_cases::case!("D02");
        let machine = Machine::new();
        let check = |program: &str, prefix: &str, reason: Option<Reason>| {
            let program = machine.script(program, "#!/bin/sh\n");
            let layout = layout(&program, &machine.at).unwrap();
            assert_eq!(machine.reason(&layout, prefix), reason, "{prefix}");
            assert_eq!(layout.readable.get(&program), Some(&Reason::Executable));
            assert!(layout.readable.contains_key(Path::new("/bin/sh")));
        };
        check("opt/app/bin/x", "opt/app", Some(Reason::Prefix));
        check("home/apps/go/bin/x", "home/apps/go", Some(Reason::Prefix));
        check("home/bin/x", "home", None);
        check("bin/x", "", None);
        check("work/bin/x", "work", None);
        check("home/.local/bin/x", "home/.local", None);
    }

    #[test]
    fn packages_that_a_user_installed_are_modules() {
        let machine = Machine::new();
        machine.script("home/.local/lib/python3.9/site-packages/p.py", "");
        let program = machine.script("home/.local/bin/p", "#!/bin/sh\n");
        let layout = layout(&program, &machine.at).unwrap();
        let reason = machine.reason(&layout, "home/.local/lib/python3.9");
        assert_eq!(reason, Some(Reason::Modules));
    }

    #[test]
    fn a_virtual_environment_needs_itself_and_what_it_was_made_from() {
        let machine = Machine::new();
        let base = machine.script("opt/python/bin/python3", "#!/bin/sh\n");
        let home = base.parent().unwrap().display();
        machine.script("work/.venv/pyvenv.cfg", &format!("home = {home}\nversion = 3\n"));
        machine.script("work/.venv/bin/keep", "");
        let program = machine.base.join("work/.venv/bin/python");
        symlink(&base, &program).unwrap();
        let layout = layout(&program, &machine.at).unwrap();
        assert_eq!(machine.reason(&layout, "work/.venv"), Some(Reason::Prefix));
        assert_eq!(machine.reason(&layout, "opt/python"), Some(Reason::Prefix));
        assert_eq!((layout.program, layout.executable), (program, base));
    }

    #[test]
    fn a_shim_leads_to_the_program_that_pyenv_names() {
        let machine = Machine::new();
        let real = machine.script("pyenv/versions/3/bin/python3", "#!/bin/sh\n");
        machine.script("pyenv/bin/pyenv", &format!("#!/bin/sh\necho {}\n", real.display()));
        let shim = machine.script("pyenv/shims/python3", "#!/bin/sh\n");
        let found = layout(&shim, &machine.at).unwrap();
        assert_eq!(found.executable, real);
        assert_eq!(machine.reason(&found, "pyenv/versions/3"), Some(Reason::Prefix));
        machine.script("pyenv/bin/pyenv", "#!/bin/sh\necho not installed >&2\nexit 1\n");
        assert!(layout(&shim, &machine.at).unwrap_err().contains("not installed"));
    }

    #[test]
    fn a_script_needs_what_env_finds_and_nothing_endless() {
        belljar_cases::case!("D01");
        let machine = Machine::new();
        let inner = machine.script("opt/bin/inner", "#!/bin/sh\n");
        let script = machine.script("scripts/outer", "#!/usr/bin/env -S inner --flag\n");
        let found = layout(&script, &machine.at).unwrap();
        assert_eq!(found.readable.get(&inner), Some(&Reason::Interpreter));
        assert!(found.path.contains(&machine.base.join("opt/bin")), "{:?}", found.path);
        assert!(found.members.contains(&inner), "another interpreter is another tool");
        let endless = machine.base.join("scripts/endless");
        machine.script("scripts/endless", &format!("#!{}\n", endless.display()));
        assert!(layout(&endless, &machine.at).unwrap_err().contains("too many"));
        let lost = machine.script("scripts/lost", "#!/usr/bin/env no-such-interpreter\n");
        assert!(layout(&lost, &machine.at).unwrap_err().contains("no-such-interpreter"));
    }
}
