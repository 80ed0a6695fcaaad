//! Zip files whose bytes depend on nothing but names, modes and contents.

use std::io::Write;

use belljar_sdk::{Cx, StepError};
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime, System};

use crate::digests::Digesting;
use crate::manifest::Packed;
use crate::select::Entry;

/// From this size on, a file needs the large form of the format.
const LARGE: u64 = u32::MAX as u64;

/// Writes all entries as a zip file and gives back what it was written into.
pub(crate) fn write<W: Write>(
    entries: &[Entry],
    into: W,
    cx: &Cx,
) -> Result<(W, Vec<Packed>), StepError> {
    let mut zip = ZipWriter::new_stream(into);
    let mut packed = Vec::new();
    for entry in entries {
        cx.check_cancelled()?;
        // A zip file knows no time before 1980; the default time is its first moment.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            .last_modified_time(DateTime::default())
            .unix_permissions(entry.mode())
            .system(System::Unix)
            .large_file(entry.size >= LARGE);
        zip.start_file(entry.target.as_str(), options)?;
        let mut source = Digesting::new(cx.inputs().open(&entry.source));
        std::io::copy(&mut source, &mut zip)?;
        packed.push(Packed::new(entry, source.finish().1));
    }
    Ok((zip.finish()?.into_inner(), packed))
}
