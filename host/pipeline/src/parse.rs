//! Parse: from the text of a pipeline file to a Pipeline, or to all that is wrong with it.

use belljar_model::Diagnostic;

use crate::codes;
use crate::files::Files;
use crate::lock;
use crate::lower;
use crate::mistakes::Mistakes;
use crate::pipeline::Pipeline;
use crate::place::{Place, Sources};
use crate::text;

/// What became of a pipeline file.
#[derive(Debug)]
pub struct Parsed {
    /// The pipeline; `None` if there is any error.
    pub pipeline: Option<Pipeline>,
    /// All errors and warnings, in the order of the files and their text.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts of all files that were read, to show diagnostics in.
    pub sources: Sources,
}

/// Reads a pipeline file and all that it includes. Finds all mistakes in one pass, unless a
/// file is missing or is no TOML: then what it declares is not known, and only that is said.
pub fn parse(file: &str, files: &dyn Files) -> Parsed {
    let mut mistakes = Mistakes::default();
    let loaded = text::load(file, files, &mut mistakes);
    let sources = loaded.sources;
    let names: Vec<_> = loaded.documents.iter().map(|document| document.file.clone()).collect();
    let mut pipeline = None;
    if loaded.complete {
        let entries = lower::document::read(&mut mistakes, loaded.documents);
        let is_empty = entries.steps.is_empty();
        pipeline = lower::lower(&mut mistakes, files, &sources, entries);
        if let Some(pipeline) = &pipeline {
            lock::warn_of_twins(&mut mistakes, pipeline);
        }
        if is_empty && !mistakes.any_error() {
            let start = Place { file: names[0].clone(), span: 0..0 };
            let message = "the pipeline has no steps";
            mistakes.add(
                Diagnostic::warning(codes::NO_STEPS, message, start.label(""))
                    .help("add one: `[step.NAME]`"),
            );
        }
    }
    if mistakes.any_error() {
        pipeline = None;
    }
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    Parsed { pipeline, diagnostics: mistakes.into_sorted(&names), sources }
}
