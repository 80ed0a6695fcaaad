//! The Faults around a run: finding a tool, putting its inputs in place, taking its outputs.

use std::path::Path;

use belljar_disk::DiskError;
use belljar_model::limits::Limit;
use belljar_model::text::{bytes, harmless};
use belljar_model::{Blame, Code, Digest, Fault, WorkspacePath};

/// No such executable.
pub(crate) const NOT_FOUND: Code = Code::new("E0803");
/// Something that the tool should be able to read is not there.
pub(crate) const CLOSURE_ABSENT: Code = Code::new("E0804");
/// Something that no tool may read as a whole.
pub(crate) const CLOSURE_REFUSED: Code = Code::new("E0805");
/// The tool is there, but what it is cannot be told.
pub(crate) const NOT_UNDERSTOOD: Code = Code::new("E0806");
/// Nobody looked for a tool of this identity.
pub(crate) const UNKNOWN: Code = Code::new("E0807");
/// An output that is no file and no link.
pub(crate) const OUTPUT_KIND: Code = Code::new("E0808");
/// An output whose name is not portable.
pub(crate) const OUTPUT_NAME: Code = Code::new("E0809");
/// More outputs than allowed.
pub(crate) const OUTPUT_LIMIT: Code = Code::new("E0810");
/// An input is not to be had.
pub(crate) const INPUT_GONE: Code = Code::new("E0811");
/// A state folder has no place.
pub(crate) const STATE_PLACE: Code = Code::new("E0812");
/// The disk fails.
pub(crate) const DISK: Code = Code::new("E0813");
/// Not a host and a port.
pub(crate) const BAD_HOST: Code = Code::new("E0814");
/// Someone stopped the run while it waited for a state folder.
pub(crate) const CANCELLED: Code = Code::new("E0815");
/// The tool is another one than when it was looked at.
pub(crate) const CHANGED: Code = Code::new("E0816");

/// The disk fails.
pub(crate) fn disk(error: &DiskError) -> Fault {
    let fault = Fault::new(Blame::Infrastructure, DISK, error.to_string());
    if error.is_full() {
        return fault.help("free some space, for instance with `belljar cache gc`");
    }
    fault
}

/// A tool failed on a disk that has no room left: what it says of its inputs counts for nothing.
pub(crate) fn no_room(tool: &str, code: i32, place: &Path) -> Fault {
    let message = format!(
        "tool `{tool}` failed with exit code {code}, and the disk of `{}` is full",
        place.display()
    );
    Fault::new(Blame::Infrastructure, DISK, message)
        .note("it may have failed because of that, so its result was not recorded")
        .help("free some space, for instance with `belljar cache gc`, and run again")
}

/// Something cannot be used as a state folder's place.
pub(crate) fn state_place(name: &str, why: &str) -> Fault {
    let message = format!("the state folder `{name}` has no place: {why}");
    Fault::new(Blame::Configuration, STATE_PLACE, message)
}

/// An input is not to be had.
pub(crate) fn input_gone(what: &str, digest: &Digest) -> Fault {
    let message = format!("the content of {what} is gone");
    Fault::new(Blame::Infrastructure, INPUT_GONE, message).note(format!("its digest is {digest}"))
}

/// An output that is no file and no link.
pub(crate) fn output_kind(path: &str, kind: &str) -> Fault {
    let message = format!("the tool made `{}`, which is {kind}", harmless(path));
    Fault::new(Blame::Project, OUTPUT_KIND, message)
        .help("only files and folders can be outputs; take it out with `!PATTERN`")
}

/// An output whose name is not portable.
pub(crate) fn output_name(shown: &str) -> Fault {
    let message = format!("the tool made `{shown}`, whose name cannot be kept");
    Fault::new(Blame::Project, OUTPUT_NAME, message)
        .note("names are valid UTF-8 without backslashes and control characters")
}

/// Too many files.
pub(crate) fn output_files(limit: &Limit<u64>) -> Fault {
    let (shown, more) = (limit.value.to_string(), limit.value.saturating_mul(2));
    Fault::new(Blame::Project, OUTPUT_LIMIT, format!("the tool made more than {shown} outputs"))
        .note(limit.note("limits.output-files", &shown))
        .help(format!("to allow more, set `limits.output-files = {more}` on the step"))
}

/// Too many bytes.
pub(crate) fn output_bytes(limit: &Limit<u64>, path: &WorkspacePath) -> Fault {
    let shown = bytes(limit.value);
    let more = bytes(limit.value.saturating_mul(2).div_ceil(1 << 20).saturating_mul(1 << 20));
    let message = format!("with `{path}`, the outputs of the tool are more than {shown}");
    Fault::new(Blame::Project, OUTPUT_LIMIT, message)
        .note(limit.note("limits.output-bytes", &shown))
        .help(format!("to allow more, set `limits.output-bytes = \"{more}\"` on the step"))
}

/// Folders within folders without end.
pub(crate) fn output_depth(path: &WorkspacePath, most: usize) -> Fault {
    let path: String = path.as_str().chars().take(120).collect();
    let message = format!("below `{path}…`, folders are nested deeper than {most}");
    Fault::new(Blame::Project, OUTPUT_LIMIT, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_where_it_is_set_and_how_to_raise_it() {
        let limit = Limit { value: 3 << 29, set_at: Some("b.toml:7".to_owned()) };
        let fault = output_bytes(&limit, &WorkspacePath::parse("a").unwrap());
        assert_eq!(fault.message, "with `a`, the outputs of the tool are more than 1.5 GiB");
        assert_eq!(fault.notes, ["`limits.output-bytes` is 1.5 GiB (set at b.toml:7)"]);
        let help = "to allow more, set `limits.output-bytes = \"3 GiB\"` on the step";
        assert_eq!(fault.help.as_deref(), Some(help));
    }
}
