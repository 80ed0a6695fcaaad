//! Packs files into a reproducible archive or OCI image, with a manifest of digests.
//!
//! `Config` → `select` → a writer (`tarball`, `zipped`, `image`) → `manifest`
//!
//! **Invariant:** the same inputs and configuration give the same bytes, in every run and on
//! every machine: entries are sorted, and times, owners and modes are fixed.

pub mod config;
mod digests;
mod image;
mod manifest;
mod select;
mod tarball;
#[cfg(test)]
mod tests;
mod zipped;
mod zstd;

use std::io::Write;

use belljar_sdk::prelude::*;
use belljar_sdk::{OutError, OutputError, OutputWriter};
use flate2::write::GzEncoder;

use crate::config::{Config, Format};
use crate::digests::Digesting;
use crate::manifest::{Archive, Packed};
use crate::select::Entry;
use crate::tarball::Tarball;

/// Packs files into a reproducible archive or OCI image.
#[belljar_sdk::step(docs = include_str!("../README.md"))]
pub fn run(config: Config, cx: &mut Cx) -> StepResult {
    config.check()?;
    let entries = select::select(&config, cx)?;
    let (archive, packed) = match config.format {
        Format::TarGz => tar_gz(&config, &entries, cx)?,
        Format::TarZst => tar_zst(&config, &entries, cx)?,
        Format::Zip => zip(&config, &entries, cx)?,
        Format::Oci | Format::OciDir => image::write(&config, &entries, cx)?,
    };
    let (size, sha256) = (archive.digests.size, archive.digests.sha256.clone());
    let text = manifest::text(&archive, &packed)?;
    cx.outputs().write(&config.manifest_path(), text).map_err(undeclared)?;
    let summary = format!("{} files in {}, {size} bytes", packed.len(), config.output);
    Ok(Outcome::new(summary).attr("sha256", sha256))
}

fn tar_gz(
    config: &Config,
    entries: &[Entry],
    cx: &Cx,
) -> Result<(Archive, Vec<Packed>), StepError> {
    let into = gzip(create(config, cx)?);
    let (into, packed) = tar_entries(entries, into, cx)?;
    Ok((finish(config, into.finish()?)?, packed))
}

fn tar_zst(
    config: &Config,
    entries: &[Entry],
    cx: &Cx,
) -> Result<(Archive, Vec<Packed>), StepError> {
    let into = zstd::Frames::new(create(config, cx)?);
    let (into, packed) = tar_entries(entries, into, cx)?;
    Ok((finish(config, into.finish()?)?, packed))
}

fn zip(config: &Config, entries: &[Entry], cx: &Cx) -> Result<(Archive, Vec<Packed>), StepError> {
    let (into, packed) = zipped::write(entries, create(config, cx)?, cx)?;
    Ok((finish(config, into)?, packed))
}

/// Writes all entries as a tarball and gives back what it was written into.
fn tar_entries<W: Write>(
    entries: &[Entry],
    into: W,
    cx: &Cx,
) -> Result<(W, Vec<Packed>), StepError> {
    let mut tarball = Tarball::new(into);
    let mut packed = Vec::new();
    for entry in entries {
        cx.check_cancelled()?;
        let mut source = Digesting::new(cx.inputs().open(&entry.source));
        tarball.file(&entry.target, entry.size, entry.mode(), &mut source)?;
        packed.push(Packed::new(entry, source.finish().1));
    }
    Ok((tarball.finish()?, packed))
}

/// Compresses without a time, a name, or the mark of an operating system.
fn gzip<W: Write>(into: W) -> GzEncoder<W> {
    let unknown_system = 255;
    let builder = flate2::GzBuilder::new().mtime(0).operating_system(unknown_system);
    builder.write(into, flate2::Compression::new(6))
}

fn create(config: &Config, cx: &Cx) -> Result<Digesting<OutputWriter>, StepError> {
    Ok(Digesting::new(cx.outputs().create(&config.output).map_err(undeclared)?))
}

fn finish(config: &Config, into: Digesting<OutputWriter>) -> Result<Archive, StepError> {
    let (writer, digests) = into.finish();
    writer.finish()?;
    Ok(Archive::new(config, config.output.clone(), digests))
}

/// What the step's `outputs` lack is a mistake of the pipeline file, not of this plugin.
fn undeclared(error: OutputError) -> StepError {
    match error.problem {
        OutError::NotDeclared | OutError::InvalidPath => {
            StepError::invalid_config("/output", error.to_string())
        }
        _ => error.into(),
    }
}
