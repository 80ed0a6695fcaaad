//! The launcher as a file: this program, its dynamic loader and its libraries.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where it is in a sandbox with a file system of its own.
const INSIDE: &str = "/.belljar";

/// What must be in place for the launcher to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Launcher {
    /// This program.
    pub(crate) program: PathBuf,
    /// Its dynamic loader, unless it is linked statically.
    loader: Option<PathBuf>,
    /// Its libraries.
    libraries: Vec<PathBuf>,
}

/// This program as a launcher. Looked at once.
pub(crate) fn find() -> io::Result<Launcher> {
    static FOUND: OnceLock<Launcher> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    let found = Launcher::of(&std::env::current_exe()?)?;
    Ok(FOUND.get_or_init(|| found).clone())
}

impl Launcher {
    fn of(program: &Path) -> io::Result<Self> {
        let program = program.to_owned();
        let Some(loader) = loader_of(&program)? else {
            return Ok(Self { program, loader: None, libraries: Vec::new() });
        };
        let output = Command::new(&loader).arg("--list").arg(&program).env_clear().output()?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(io::Error::other(why));
        }
        let libraries = listed(&String::from_utf8_lossy(&output.stdout), &loader);
        Ok(Self { program, loader: Some(loader), libraries })
    }

    /// Everything that it reads to run, where it is on the machine.
    pub(crate) fn parts(&self) -> Vec<PathBuf> {
        let program = std::iter::once(&self.program);
        program.chain(&self.loader).chain(&self.libraries).cloned().collect()
    }

    /// What is shown of it in a sandbox, and where.
    pub(super) fn shown(&self) -> Vec<(PathBuf, PathBuf)> {
        let inside = Path::new(INSIDE);
        let mut shown = vec![(self.program.clone(), inside.join("launcher"))];
        shown.extend(self.loader.iter().map(|loader| (loader.clone(), inside.join("loader"))));
        for library in &self.libraries {
            if let Some(name) = library.file_name() {
                shown.push((library.clone(), inside.join("lib").join(name)));
            }
        }
        shown
    }

    /// The command that starts it there, up to its own arguments.
    pub(super) fn command_inside(&self) -> Vec<OsString> {
        let program = format!("{INSIDE}/launcher");
        if self.loader.is_none() {
            return vec![program.into()];
        }
        let libraries = format!("{INSIDE}/lib");
        let loader = format!("{INSIDE}/loader");
        [loader, "--library-path".to_owned(), libraries, program].map(OsString::from).into()
    }
}

/// `libc.so.6 => /lib/libc.so.6 (0x…)` → the path. The loader itself is listed too.
pub(crate) fn listed(text: &str, loader: &Path) -> Vec<PathBuf> {
    let path = |line: &str| {
        let (_, found) = line.split_once(" => ")?;
        let path = Path::new(found.rsplit_once(" (")?.0.trim());
        (path.is_absolute() && path != loader).then(|| path.to_owned())
    };
    text.lines().filter_map(path).collect()
}

/// The dynamic loader that an executable names; `None` if it is linked statically.
pub(crate) fn loader_of(program: &Path) -> io::Result<Option<PathBuf>> {
    const LOADER: u32 = 3;
    let file = File::open(program)?;
    let mut head = [0; 64];
    file.read_exact_at(&mut head, 0)?;
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return Err(io::Error::other("not a 64-bit executable"));
    }
    let (at, size, count) = (long(&head, 32), short(&head, 54), short(&head, 56));
    for index in 0..count {
        let mut entry = [0; 56];
        file.read_exact_at(&mut entry, at.saturating_add(u64::from(index) * u64::from(size)))?;
        if u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]) == LOADER {
            let length = usize::try_from(long(&entry, 32)).unwrap_or(usize::MAX).min(4_096);
            let mut name = vec![0; length];
            file.read_exact_at(&mut name, long(&entry, 8))?;
            let name = String::from_utf8_lossy(&name);
            return Ok(Some(PathBuf::from(name.trim_end_matches('\0'))));
        }
    }
    Ok(None)
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let mut value = [0; 8];
    value.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(value)
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_this_program_are_files() {
        let launcher = find().unwrap();
        assert!(launcher.parts().len() > 1, "{launcher:?}");
        for part in launcher.parts() {
            assert!(part.is_file(), "{}", part.display());
        }
    }

    #[test]
    fn the_listing_of_a_loader_is_read() {
        let text = "\tlinux-vdso.so.1 (0x7ffc)\n\tlibc.so.6 => /lib/libc.so.6 (0x7f)\n\
                    \t/lib64/ld.so => /lib64/ld.so (0x7f)\n";
        assert_eq!(listed(text, Path::new("/lib64/ld.so")), [PathBuf::from("/lib/libc.so.6")]);
    }
}
