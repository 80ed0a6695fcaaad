//! Load: from the main file to all the files that belong to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use belljar_model::{Code, Diagnostic, Patterns};

use crate::codes;
use crate::files::Files;
use crate::graph::{Order, order};
use crate::mistakes::Mistakes;
use crate::place::{Place, Sources};
use crate::text::expect;
use crate::text::{Entry, Kind, Table, Text, Value};

/// The newest `schema` that is understood.
const SCHEMA: i64 = 1;

/// One file without its `schema` and `include`.
pub(crate) struct Document {
    pub(crate) file: Arc<str>,
    pub(crate) root: Table,
}

/// All the files of a pipeline.
pub(crate) struct Loaded {
    /// The main file first, then in the order of inclusion.
    pub(crate) documents: Vec<Document>,
    pub(crate) sources: Sources,
    /// Whether all files were read and understood. If not, what they declare is not known, and
    /// to look for names would only bring up mistakes that are none.
    pub(crate) complete: bool,
}

/// An include that leads from one document to another.
struct Edge {
    to: usize,
    at: Place,
}

struct Loading<'a> {
    files: &'a dyn Files,
    mistakes: &'a mut Mistakes,
    loaded: Loaded,
    index: BTreeMap<Arc<str>, usize>,
    edges: Vec<Vec<Edge>>,
    /// Files whose text waits to be read, with what asked for them.
    waiting: VecDeque<(usize, Option<Place>)>,
}

/// Reads the main file and everything that it includes.
pub(crate) fn load(file: &str, files: &dyn Files, mistakes: &mut Mistakes) -> Loaded {
    let loaded = Loaded { documents: vec![], sources: Sources::default(), complete: true };
    let mut loading = Loading {
        files,
        mistakes,
        loaded,
        index: BTreeMap::new(),
        edges: Vec::new(),
        waiting: VecDeque::new(),
    };
    loading.enqueue(file, None);
    while let Some((index, asked_at)) = loading.waiting.pop_front() {
        loading.read(index, asked_at.as_ref());
    }
    loading.report_cycles();
    loading.loaded
}

impl Loading<'_> {
    /// The index of a file, which is read later if it is new.
    fn enqueue(&mut self, file: &str, asked_at: Option<&Place>) -> usize {
        if let Some(index) = self.index.get(file) {
            return *index;
        }
        let file: Arc<str> = Arc::from(file);
        let index = self.loaded.documents.len();
        self.index.insert(Arc::clone(&file), index);
        self.loaded.documents.push(Document { file, root: Table::default() });
        self.edges.push(Vec::new());
        self.waiting.push_back((index, asked_at.cloned()));
        index
    }

    fn read(&mut self, index: usize, asked_at: Option<&Place>) {
        let file = Arc::clone(&self.loaded.documents[index].file);
        let text = match self.files.read(&file) {
            Ok(text) => text,
            Err(reason) => {
                // Without a text there is nothing to point at but the empty start of the file.
                let nowhere = Place { file: Arc::clone(&file), span: 0..0 };
                if asked_at.is_none() {
                    self.loaded.sources.insert(Arc::clone(&file), Arc::from(""));
                }
                let label = asked_at.unwrap_or(&nowhere).label("");
                let message = format!("cannot read `{file}`: {reason}");
                self.stop(Diagnostic::error(codes::UNREADABLE, message, label));
                return;
            }
        };
        let (root, errors) = Table::parse(&file, &text);
        for (message, span) in syntax_mistakes(&text, &errors) {
            let label = Place { file: Arc::clone(&file), span }.label("");
            let message = format!("this is not valid TOML: {message}");
            self.stop(Diagnostic::error(codes::NO_TOML, message, label));
        }
        self.loaded.sources.insert(file, Arc::from(text));
        if errors.is_empty() {
            self.take_root(index, root);
        }
    }

    /// Follows `schema` and `include`, and keeps the rest.
    fn take_root(&mut self, index: usize, root: Table) {
        let mut rest = Table::default();
        for entry in root.0 {
            let Entry { key, value } = entry;
            match key.value.as_str() {
                "schema" => self.schema(&value),
                "include" => {
                    let Some(patterns) = expect::texts(self.mistakes, "include", value) else {
                        self.loaded.complete = false;
                        continue;
                    };
                    for pattern in &patterns.value {
                        self.include(index, pattern);
                    }
                }
                _ => rest.0.push(Entry { key, value }),
            }
        }
        self.loaded.documents[index].root = rest;
    }

    fn schema(&mut self, value: &Value) {
        match value.value {
            Kind::Integer(SCHEMA) => {}
            Kind::Integer(newer) if newer > SCHEMA => {
                let message = format!("this file needs a newer version: its schema is {newer}");
                let label = value.at.label(format!("this version reads schema {SCHEMA}"));
                self.stop(
                    Diagnostic::error(codes::NEWER_SCHEMA, message, label)
                        .help("update belljar, or write the file for `schema = 1`"),
                );
            }
            _ => expect::wrong_type(self.mistakes, "schema", "the whole number 1", value),
        }
    }

    fn include(&mut self, from: usize, pattern: &Text) {
        let checked = Patterns::parse(std::slice::from_ref(&pattern.value));
        let bad = |code: Code, message: String| {
            Diagnostic::error(code, message, pattern.at.label(""))
                .help("`include` takes files of this workspace, such as `ci/*.toml`")
        };
        if pattern.value.starts_with('!') {
            let message = "`include` cannot take files out again with `!`".to_owned();
            return self.stop(bad(codes::BAD_PATTERN, message));
        }
        if let Err(error) = checked {
            return self.stop(bad(crate::lower::pattern_code(&pattern.value), error.reason));
        }
        let mut found = if pattern.value.contains(['*', '?', '[', '{', '\\']) {
            self.files.matching(&pattern.value)
        } else {
            vec![pattern.value.strip_prefix("./").unwrap_or(&pattern.value).to_owned()]
        };
        found.sort();
        if found.is_empty() {
            let message = format!("no file matches `{}`", pattern.value);
            self.stop(Diagnostic::error(codes::UNREADABLE, message, pattern.at.label("")));
        }
        for file in found {
            let to = self.enqueue(&file, Some(&pattern.at));
            self.edges[from].push(Edge { to, at: pattern.at.clone() });
        }
    }

    fn report_cycles(&mut self) {
        let ends = |edges: &Vec<Edge>| edges.iter().map(|edge| edge.to).collect();
        let Order::Cycles(cycles) = order(&self.edges.iter().map(ends).collect::<Vec<_>>()) else {
            return;
        };
        for cycle in cycles {
            let name = |index: usize| &*self.loaded.documents[index].file;
            let next = cycle.iter().cycle().skip(1);
            let mut path = name(cycle[0]).to_owned();
            let mut labels = Vec::new();
            for (from, to) in cycle.iter().zip(next) {
                path = format!("{path} -> {}", name(*to));
                let edge = self.edges[*from].iter().find(|edge| edge.to == *to);
                labels.extend(edge.map(|edge| edge.at.label(format!("includes `{}`", name(*to)))));
            }
            let mut labels = labels.into_iter();
            let Some(first) = labels.next() else { continue };
            let message = format!("files include each other: {path}");
            let diagnostic = Diagnostic::error(codes::INCLUDE_CYCLE, message, first);
            self.mistakes.add(labels.fold(diagnostic, Diagnostic::label));
        }
    }

    /// Adds a mistake that keeps a part of the pipeline unknown.
    fn stop(&mut self, diagnostic: Diagnostic) {
        self.loaded.complete = false;
        self.mistakes.add(diagnostic);
    }
}

/// The mistakes of the TOML parser in our words. After a table that is there twice, it also
/// finds each of its keys to be there twice; that is no news.
fn syntax_mistakes(text: &str, errors: &[toml::de::Error]) -> Vec<(String, Range<usize>)> {
    let is_duplicate = |error: &toml::de::Error| error.message().trim() == "duplicate key";
    let header = |at: usize| {
        let line_before = |at: usize| text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let mut start = line_before(at);
        while !text[start..].trim_start_matches([' ', '\t']).starts_with('[') {
            start = line_before(start.checked_sub(1)?);
        }
        Some(start)
    };
    let mut twice = BTreeSet::new();
    let mut mistakes = Vec::new();
    for error in errors {
        let end = text.len();
        let span = error.span().filter(|span| text.get(span.clone()).is_some());
        let span = span.unwrap_or(end..end);
        if !is_duplicate(error) {
            mistakes.push((error.message().trim().to_owned(), span));
            continue;
        }
        let table = header(span.start);
        let line_start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        if table == Some(line_start) {
            twice.insert(line_start);
        } else if table.is_some_and(|table| twice.contains(&table)) {
            continue;
        }
        mistakes.push((format!("`{}` is there twice", &text[span.clone()]), span));
    }
    mistakes
}
