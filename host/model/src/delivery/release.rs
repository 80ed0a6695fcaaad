//! Release: what is shipped, where it came from, and what is seen of it when it is live.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::path::WorkspacePath;
use crate::step::StepName;

/// One file that is shipped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Artifact {
    /// The step that made it.
    pub step: StepName,
    /// Where the step put it.
    pub path: WorkspacePath,
    /// Its content.
    pub digest: Digest,
    /// Whether it may be executed.
    pub executable: bool,
}

/// What is shipped. The same artifacts are the same release, whoever built them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Release {
    /// Digest of the canonical list of artifacts.
    pub id: Digest,
    /// The files, sorted by path.
    pub artifacts: Vec<Artifact>,
    /// What it was built from; `None` if the workspace is in no repository.
    pub revision: Option<Revision>,
    /// The run that made or restored it.
    pub run: String,
}

impl Release {
    /// Names a set of artifacts.
    pub fn new(mut artifacts: Vec<Artifact>, revision: Option<Revision>, run: String) -> Self {
        artifacts.sort_by(|one, other| (&one.path, &one.step).cmp(&(&other.path, &other.step)));
        let mut text = String::from("belljar release v1\n");
        for Artifact { path, digest, executable, .. } in &artifacts {
            let mode = if *executable { "x" } else { "-" };
            let path = path.as_str();
            text.push_str(&format!("{} {path}\n{mode} {digest}\n", path.len()));
        }
        Self { id: Digest::of(text.as_bytes()), artifacts, revision, run }
    }

    /// The first eight digits of its id, for people.
    pub fn short(&self) -> String {
        self.id.short()
    }
}

/// The state of the repository that a release was built from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Revision {
    /// The commit, as hexadecimal digits.
    pub commit: String,
    /// The branch, if one is checked out.
    pub branch: Option<String>,
    /// Whether the workspace holds changes that are in no commit.
    pub dirty: bool,
}

/// One commit that a deployment brings along.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Commit {
    /// Its id, as hexadecimal digits.
    pub id: String,
    /// Who wrote it: an e-mail address in lower case.
    pub author: String,
    /// When it was committed, in milliseconds since 1970-01-01 UTC.
    pub at_ms: u64,
}

/// What the host asks a deploying plugin for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeployPhase {
    /// To go through all that it would do, while nothing is done.
    Preview,
    /// To do it.
    Apply,
    /// To look at what is live.
    Observe,
}

impl DeployPhase {
    /// The name, as messages show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Apply => "apply",
            Self::Observe => "observe",
        }
    }
}

/// One change of the environment in the plugin's words, for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// What is done: `upload`, `switch`, `remove`, …
    pub action: String,
    /// To what.
    pub subject: String,
    /// More; may be empty.
    pub detail: String,
}

/// How a live release is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// It answers as it should.
    Healthy,
    /// It answers, and not as it should.
    Unhealthy,
    /// It could not be asked. Never success.
    Unknown,
}

impl Condition {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
        }
    }
}

/// What was seen of a live release.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HealthObservation {
    /// How it is.
    pub condition: Condition,
    /// The id of the release that is live, as text, if that could be seen.
    pub release: Option<String>,
    /// One line for people.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(path: &str, bytes: &[u8]) -> Artifact {
        let path = WorkspacePath::parse(path).unwrap();
        let step = StepName::new("package");
        Artifact { step, path, digest: Digest::of(bytes), executable: false }
    }

    #[test]
    fn a_release_is_its_artifacts_and_nothing_else() {
        let of = |artifacts: &[Artifact], run: &str| {
            Release::new(artifacts.to_vec(), None, run.to_owned()).id
        };
        let (a, b) = (artifact("a", b"1"), artifact("b", b"2"));
        let one = of(&[a.clone(), b.clone()], "r1");
        assert_eq!(one, of(&[b.clone(), a.clone()], "r2"));
        assert_ne!(one, of(std::slice::from_ref(&a), "r1"));
        assert_ne!(one, of(&[artifact("a", b"2"), b.clone()], "r1"));
        let program = Artifact { executable: true, ..a };
        assert_ne!(one, of(&[program, b], "r1"));
    }
}
