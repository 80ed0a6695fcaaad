//! MissReason: why a step was not served from the cache.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::directory::NodeKind;
use crate::path::WorkspacePath;
use crate::tool::Tier;
use crate::trust::Refusal;
use crate::view::TIME_LIMIT;

/// One cause of a miss, found by comparing with the nearest earlier execution of the step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "kebab-case")]
pub enum MissReason {
    /// The step has no earlier execution in this store.
    NeverRun,
    /// The user asked for execution (`--force`).
    Forced,
    /// The class is never cached.
    NotCacheable,
    /// The earlier execution ended without a result: a trap, a limit, a cancelled run.
    NotRecorded {
        /// How it ended.
        ended: String,
    },
    /// A record is there, but something that it names is not in the store any more.
    BlobMissing {
        /// The output that cannot be restored.
        path: WorkspacePath,
    },
    /// A record is there, but it is not trusted.
    NotTrusted {
        /// Why not.
        refusal: Refusal,
    },
    /// The sandbox itself behaves differently since.
    SandboxChanged {
        /// The revision then.
        old: String,
        /// The revision now.
        new: String,
    },
    /// The plugin is another one.
    PluginChanged {
        /// The component then.
        old: Digest,
        /// The component now.
        new: Digest,
    },
    /// The step's class is another one.
    ClassChanged {
        /// Then.
        old: String,
        /// Now.
        new: String,
    },
    /// One key of the configuration differs.
    ConfigChanged {
        /// A JSON pointer into `with`.
        pointer: String,
        /// The value then, as JSON; `None` if the key was not there.
        old: Option<String>,
        /// The value now; `None` if the key is gone.
        new: Option<String>,
    },
    /// A grant was added.
    GrantAdded {
        /// The grant, as `env NAME`.
        grant: String,
    },
    /// A grant was taken away.
    GrantRemoved {
        /// The grant, as `env NAME`.
        grant: String,
    },
    /// The declared outputs differ.
    OutputsChanged {
        /// Patterns that were added.
        added: Vec<String>,
        /// Patterns that are gone.
        removed: Vec<String>,
    },
    /// A file that the step read has another content.
    FileChanged {
        /// The file.
        path: WorkspacePath,
        /// The content then.
        old: Digest,
        /// The content now.
        new: Digest,
    },
    /// Something is now at a path where the step found nothing.
    FileAppeared {
        /// The path.
        path: WorkspacePath,
    },
    /// Something that the step found is gone.
    FileVanished {
        /// The path.
        path: WorkspacePath,
    },
    /// Something that the step asked about, but did not read, has another kind or size.
    StatChanged {
        /// The path.
        path: WorkspacePath,
        /// Kind and size in bytes then.
        old: (NodeKind, u64),
        /// Kind and size in bytes now.
        new: (NodeKind, u64),
    },
    /// A file's executable bit was turned.
    ModeChanged {
        /// The path.
        path: WorkspacePath,
        /// Whether it may be executed now.
        executable: bool,
    },
    /// A directory that the step listed gained or lost entries.
    ListingChanged {
        /// The directory.
        path: WorkspacePath,
        /// Names that came.
        gained: Vec<String>,
        /// Names that went.
        lost: Vec<String>,
    },
    /// Other files match a pattern that the step asked for.
    GlobChanged {
        /// The patterns.
        patterns: Vec<String>,
        /// Paths that came.
        gained: Vec<WorkspacePath>,
        /// Paths that went.
        lost: Vec<WorkspacePath>,
    },
    /// A tool is another one.
    ToolChanged {
        /// Its name in the pipeline file.
        name: String,
        /// Its identity then.
        old: Digest,
        /// Its identity now.
        new: Digest,
    },
    /// A tool is kept apart in another way.
    IsolationChanged {
        /// The tool's name in the pipeline file.
        name: String,
        /// The tier then.
        old: Tier,
        /// The tier now.
        new: Tier,
    },
    /// A symbolic link points elsewhere.
    LinkChanged {
        /// The link.
        path: WorkspacePath,
        /// The target then.
        old: String,
        /// The target now.
        new: String,
    },
    /// A path that the step asked for became declared, or ceased to be.
    DeclarationChanged {
        /// The path.
        path: WorkspacePath,
        /// Whether it is among the declared inputs now.
        declared: bool,
    },
    /// A granted environment variable has another value. The values are not kept.
    EnvironmentChanged {
        /// The variable.
        name: String,
        /// Whether it was set then.
        was_set: bool,
        /// Whether it is set now.
        is_set: bool,
    },
}

impl fmt::Display for MissReason {
    /// One line, as shown behind a step that ran.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRun => out.write_str("never run before"),
            Self::Forced => out.write_str("forced"),
            Self::NotCacheable => out.write_str("never cached"),
            Self::NotRecorded { ended } => write!(out, "earlier run {ended}"),
            Self::BlobMissing { path } => write!(out, "output {path} is not in the store any more"),
            Self::NotTrusted { refusal } => write!(out, "the record is not used: {refusal}"),
            Self::SandboxChanged { old, new } => write!(out, "sandbox revision {old} → {new}"),
            Self::PluginChanged { old, new } => {
                write!(out, "plugin changed: {} → {}", old.short(), new.short())
            }
            Self::ClassChanged { old, new } => write!(out, "class {old} → {new}"),
            Self::ConfigChanged { pointer, old, new } => {
                let (old, new) = (side(old.as_ref()), side(new.as_ref()));
                write!(out, "with{}: {old} → {new}", dotted(pointer))
            }
            Self::GrantAdded { grant } => write!(out, "grant added: {grant}"),
            Self::GrantRemoved { grant } => write!(out, "grant removed: {grant}"),
            Self::OutputsChanged { added, removed } => {
                write!(out, "declared outputs changed:{}", changes(added, removed))
            }
            Self::FileChanged { path, old, new } => {
                write!(out, "{path} changed: {} → {}", old.short(), new.short())
            }
            Self::FileAppeared { path } => write!(out, "{path} appeared"),
            Self::FileVanished { path } => write!(out, "{path} is gone"),
            Self::StatChanged { path, old, new } => {
                write!(out, "{path} changed: {} → {}", stat(*old), stat(*new))
            }
            Self::ModeChanged { path, executable: true } => write!(out, "{path} became executable"),
            Self::ModeChanged { path, executable: false } => {
                write!(out, "{path} is not executable any more")
            }
            Self::ListingChanged { path, gained, lost } => {
                write!(out, "directory {path}:{}", changes(gained, lost))
            }
            Self::GlobChanged { patterns, gained, lost } => {
                write!(out, "files of {}:{}", patterns.join(" "), changes(gained, lost))
            }
            Self::ToolChanged { name, old, new } => {
                write!(out, "tool {name} changed: {} → {}", old.short(), new.short())
            }
            Self::IsolationChanged { name, old, new } => {
                write!(out, "isolation of {name}: {old} → {new}")
            }
            Self::LinkChanged { path, old, new } => write!(out, "link {path}: {old} → {new}"),
            Self::DeclarationChanged { path, declared: true } => {
                write!(out, "{path} is now a declared input")
            }
            Self::DeclarationChanged { path, declared: false } => {
                write!(out, "{path} is not a declared input any more")
            }
            Self::EnvironmentChanged { name, .. } if name == TIME_LIMIT => {
                out.write_str("timeout changed, which the step asked for")
            }
            Self::EnvironmentChanged { name, was_set, is_set } => {
                write!(out, "environment {name} {}", variable((*was_set, *is_set)))
            }
        }
    }
}

/// What became of a variable that was set then, now.
const fn variable((was_set, is_set): (bool, bool)) -> &'static str {
    match (was_set, is_set) {
        (false, _) => "is now set",
        (true, false) => "is not set any more",
        (true, true) => "has another value",
    }
}

/// A value of the configuration, not longer than a line can bear.
fn side(value: Option<&String>) -> String {
    value.map_or_else(|| "unset".to_owned(), |value| crate::text::short(value))
}

/// A JSON pointer the way it is written in the pipeline file: `/deny/0` is `.deny[0]`.
pub fn dotted(pointer: &str) -> String {
    let mut text = String::new();
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        if segment.parse::<usize>().is_ok() {
            text.push_str(&format!("[{segment}]"));
        } else {
            text.push('.');
            text.push_str(&segment);
        }
    }
    text
}

fn stat((kind, size): (NodeKind, u64)) -> String {
    match kind {
        NodeKind::File => format!("{size} bytes"),
        NodeKind::Directory => "directory".to_owned(),
        NodeKind::Symlink => "link".to_owned(),
    }
}

/// ` +a −b`, at most three of each.
fn changes(gained: &[impl fmt::Display], lost: &[impl fmt::Display]) -> String {
    let mut text = String::new();
    for (sign, names) in [
        ('+', gained.iter().map(|name| name as &dyn fmt::Display).collect::<Vec<_>>()),
        ('−', lost.iter().map(|name| name as &dyn fmt::Display).collect::<Vec<_>>()),
    ] {
        for name in names.iter().take(3) {
            text.push_str(&format!(" {sign}{name}"));
        }
        if names.len() > 3 {
            text.push_str(&format!(" and {sign}{} more", names.len() - 3));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_change_reads_like_the_file() {
        let reason = MissReason::ConfigChanged {
            pointer: "/deny/0/a~1b".to_owned(),
            old: None,
            new: Some("\"x\"".to_owned()),
        };
        assert_eq!(reason.to_string(), "with.deny[0].a/b: unset → \"x\"");
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<_> = (0..5).map(|number| format!("f{number}")).collect();
        let path = WorkspacePath::parse("src").unwrap();
        let reason = MissReason::ListingChanged { path, gained: names, lost: vec!["g".into()] };
        assert_eq!(reason.to_string(), "directory src: +f0 +f1 +f2 and +2 more −g");
    }
}
