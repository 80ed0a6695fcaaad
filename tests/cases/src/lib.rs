//! Says which attacks of the catalogue a test that passed has answered.
//!
//! A test begins with `belljar_cases::case!("C01");`. If it ends without a panic and the variable
//! `BELLJAR_CASES` names a folder, a file in there says so: one per attack and test. From these
//! files `docs/security/cases.md` is made, so an attack without a test that ran cannot be listed
//! as answered.

use std::fs;
use std::path::{Path, PathBuf};

/// The variable that names the folder for what was answered.
pub const FOLDER: &str = "BELLJAR_CASES";

/// The attacks that a test stands for, until it ends.
#[derive(Debug)]
pub struct Case {
    attacks: &'static [&'static str],
    test: String,
    folder: Option<PathBuf>,
}

/// Says that the test it stands in answers these attacks of the catalogue: `case!("C01", "C07")`.
#[macro_export]
macro_rules! case {
    ($($attack:literal),+ $(,)?) => {
        let _case = {
            fn here() {}
            $crate::Case::new(&[$($attack),+], std::any::type_name_of_val(&here))
        };
    };
}

impl Case {
    /// A case of the test with the function `here`; use [`case!`].
    pub fn new(attacks: &'static [&'static str], here: &str) -> Self {
        let folder = std::env::var_os(FOLDER).map(PathBuf::from);
        Self::within(attacks, here, folder)
    }

    fn within(attacks: &'static [&'static str], here: &str, folder: Option<PathBuf>) -> Self {
        let test = here.strip_suffix("::here").unwrap_or(here);
        Self { attacks, test: test.replace("::{{closure}}", ""), folder }
    }

    fn write(&self, folder: &Path) -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        for attack in self.attacks {
            let name = format!("{attack}-{}", self.test.replace("::", "."));
            fs::write(folder.join(name), format!("{attack} {}\n", self.test))?;
        }
        Ok(())
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Some(folder) = &self.folder {
            let written = self.write(folder);
            written.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("it is listed").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_test_that_passes_leaves_one_file_for_each_attack() {
        let folder = tempfile::tempdir().expect("there is room");
        let place = folder.path().join("cases");
        drop(Case::within(&["C01", "C02"], "crate::tests::it::here", Some(place.clone())));
        assert_eq!(files(&place), ["C01-crate.tests.it", "C02-crate.tests.it"]);
        let text = fs::read_to_string(place.join("C01-crate.tests.it"));
        assert_eq!(text.expect("it was written"), "C01 crate::tests::it\n");
    }

    #[test]
    fn a_test_that_fails_leaves_nothing() {
        let folder = tempfile::tempdir().expect("there is room");
        let place = folder.path().to_owned();
        let test = std::thread::spawn(move || {
            let _case = Case::within(&["C01"], "crate::it::here", Some(place));
            panic!("on purpose");
        });
        assert!(test.join().is_err());
        assert_eq!(files(folder.path()), [""; 0]);
    }
}
