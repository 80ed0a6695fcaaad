//! The pointer: the small object that says which release is live, and is replaced in one piece.

use belljar_sdk::deploy::Artifact;
use belljar_sdk::serde_json;
use belljar_sdk::{Problem, StepError};
use serde::{Deserialize, Serialize};

/// The version of the form.
const VERSION: u32 = 1;

/// Which release is live, and which were before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pointer {
    version: u32,
    /// The id of the release.
    pub(crate) release: String,
    /// The folder that holds its files.
    folder: String,
    /// Its files, sorted by path.
    artifacts: Vec<Pointed>,
    /// The ids of the releases that are still there, the last one first.
    pub(crate) previous: Vec<String>,
}

/// One file of the live release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pointed {
    path: String,
    digest: String,
    size: u64,
    executable: bool,
}

impl Pointer {
    /// Points at a release, and keeps `kept` releases in all, this one included.
    pub(crate) fn to(release: &str, folder: String, artifacts: &[Artifact]) -> Self {
        let pointed = artifacts.iter().map(|artifact| Pointed {
            path: artifact.path.clone(),
            digest: artifact.digest.clone(),
            size: artifact.size,
            executable: artifact.executable,
        });
        let artifacts = pointed.collect();
        Self { version: VERSION, release: release.to_owned(), folder, artifacts, previous: vec![] }
    }

    /// Remembers what was live before, so that `keep` releases are there in all.
    pub(crate) fn after(mut self, old: Option<&Self>, keep: u32) -> Self {
        let old =
            old.into_iter().flat_map(|old| std::iter::once(&old.release).chain(&old.previous));
        let others = old.filter(|id| **id != self.release).cloned();
        let before = usize::try_from(keep.saturating_sub(1)).unwrap_or(usize::MAX);
        self.previous = others.take(before).collect();
        self
    }

    /// Reads what is stored at `place`.
    ///
    /// # Errors
    /// When it is not what this plugin writes.
    pub(crate) fn parse(place: &str, bytes: &[u8]) -> Result<Self, StepError> {
        let why = match serde_json::from_slice::<Self>(bytes) {
            Ok(pointer) if pointer.version == VERSION => return Ok(pointer),
            Ok(pointer) => format!("its version is {}, not {VERSION}", pointer.version),
            Err(error) => error.to_string(),
        };
        Err(StepError::Failed(Problem {
            code: "foreign-pointer".to_owned(),
            message: format!(
                "`{place}` in the storage was not written by this plugin ({why}): move it away, or \
                 set another `to`"
            ),
            attrs: Vec::new(),
        }))
    }

    /// The text that is stored.
    pub(crate) fn text(&self) -> Result<Vec<u8>, StepError> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(release: &str, previous: &[&str]) -> Pointer {
        let previous = previous.iter().map(|id| (*id).to_owned()).collect();
        Pointer { previous, ..Pointer::to(release, String::new(), &[]) }
    }

    #[test]
    fn what_was_live_comes_first_among_those_before() {
        let check = |release: &str, old: Option<Pointer>, keep: u32, previous: &[&str]| {
            assert_eq!(pointer(release, &[]).after(old.as_ref(), keep).previous, previous);
        };
        check("a", None, 3, &[]);
        check("b", Some(pointer("a", &[])), 3, &["a"]);
        check("d", Some(pointer("c", &["b", "a"])), 3, &["c", "b"]);
        check("d", Some(pointer("c", &["b", "a"])), 1, &[]);
        // Back to one that was before, and again to what is live.
        check("b", Some(pointer("c", &["b", "a"])), 3, &["c", "a"]);
        check("c", Some(pointer("c", &["b", "a"])), 3, &["b", "a"]);
    }

    #[test]
    fn what_somebody_else_wrote_is_refused() {
        let check = |bytes: &[u8], why: &str| {
            let Err(StepError::Failed(problem)) = Pointer::parse("current", bytes) else {
                panic!("it is taken");
            };
            assert!(problem.message.contains(why), "{}", problem.message);
        };
        check(b"hello", "expected value");
        check(b"", "EOF");
        let newer = Pointer { version: 2, ..pointer("a", &[]) };
        check(&newer.text().unwrap(), "its version is 2, not 1");
        let own = pointer("a", &["b"]);
        assert_eq!(Pointer::parse("current", &own.text().unwrap()), Ok(own));
    }
}
