//! A pipeline file: any text gives a pipeline or diagnostics that can be shown, never a panic.
#![no_main]

use belljar_model::WorkspacePath;
use belljar_model::diagnostic::Level;
use belljar_pipeline::{Files, StepGraph, parse};
use belljar_report::{Style, diagnostics};
use libfuzzer_sys::fuzz_target;

/// A workspace with one pipeline file, one file to include and two folders.
struct One<'a>(&'a str);

impl Files for One<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        match path {
            "belljar.toml" => Ok(self.0.to_owned()),
            "more.toml" => Ok("[step.more]\nuses = \"lint\"\n".to_owned()),
            _ => Err("it does not exist".to_owned()),
        }
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        if pattern.contains('*') { vec!["more.toml".to_owned()] } else { Vec::new() }
    }

    fn folders(&self, _: &str) -> Vec<WorkspacePath> {
        ["a", "b/c"].into_iter().filter_map(|path| WorkspacePath::parse(path).ok()).collect()
    }
}

fuzz_target!(|text: &str| {
    let parsed = parse("belljar.toml", &One(text));
    let failed = parsed.diagnostics.iter().any(|found| found.level == Level::Error);
    assert_eq!(parsed.pipeline.is_none(), failed, "a pipeline, or an error that says why not");
    let source = |file: &str| parsed.sources.text(file).map(str::to_owned);
    let shown = diagnostics::render(&parsed.diagnostics, &source, &Style::plain());
    assert!(!shown.contains('\u{1b}'), "what a file holds cannot reach the terminal raw");
    if let Some(pipeline) = &parsed.pipeline {
        let graph = StepGraph::from(pipeline);
        assert_eq!(graph.levels().len(), pipeline.steps.len());
    }
});
