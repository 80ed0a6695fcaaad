//! Names that mean something: a vague one marks a concept that was not found.

use syn::visit::Visit;

use crate::tree::{Text, report, sources};

/// Words that no type of ours has anywhere in its name, and what to do instead.
const NOWHERE: &[(&str, &str)] = &[
    ("Manager", "say what it does with what it manages"),
    ("Helper", "put it where the concept lives that it serves"),
    ("Util", "put it where the concept lives that it serves"),
    ("Utils", "put it where the concept lives that it serves"),
    ("Common", "put it where the concept lives that it serves"),
    ("Handler", "say what it does with what it is handed"),
    ("Service", "say what it offers"),
    ("Job", "a node of the user's file is a Step, an execution is an Action"),
    ("Task", "a node of the user's file is a Step, an execution is an Action"),
    ("Target", "cargo, rustc and others each have one: say what is meant"),
    ("Engine", "the word is wasmtime's"),
];
/// Words with which no name of a type ends.
const NOT_LAST: &[&str] = &["Factory", "Provider", "Wrapper", "Impl", "Info", "Data"];
/// Names that no file has.
const NO_FILE: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager"];

/// Splits `LongName` into `Long` and `Name`.
fn words(name: &str) -> Vec<&str> {
    let starts = name.char_indices().filter(|(_, letter)| letter.is_uppercase());
    let mut starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    starts.push(name.len());
    starts.windows(2).map(|pair| &name[pair[0]..pair[1]]).collect()
}

fn problem(name: &str) -> Option<String> {
    let words = words(name);
    if let Some((word, instead)) = NOWHERE.iter().find(|(word, _)| words.contains(word)) {
        return Some(format!("`{word}` in `{name}` says too little: {instead}"));
    }
    let last = words.last().filter(|last| words.len() > 1 && NOT_LAST.contains(last))?;
    Some(format!("`{last}` adds nothing to `{name}`: find the word for what it is"))
}

/// Collects the names of the types that a file defines.
#[derive(Default)]
struct TypeNames(Vec<String>);

impl<'ast> Visit<'ast> for TypeNames {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.0.push(item.ident.to_string());
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.0.push(item.ident.to_string());
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.0.push(item.ident.to_string());
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.0.push(item.ident.to_string());
    }
}

fn problems(file: &Text) -> Vec<String> {
    let mut names = TypeNames::default();
    let parsed = syn::parse_file(&file.text);
    names.visit_file(&parsed.unwrap_or_else(|error| panic!("{}: {error}", file.path)));
    let mut found: Vec<_> = names.0.iter().filter_map(|name| problem(name)).collect();
    let stem = file.path.rsplit('/').next().and_then(|name| name.strip_suffix(".rs"));
    if let Some(stem) = stem.filter(|stem| NO_FILE.contains(stem)) {
        found.push(format!("a file named `{stem}` attracts everything: name it after its concept"));
    }
    found.into_iter().map(|problem| format!("{}: {problem}", file.path)).collect()
}

/// The items that are re-exported by a glob.
fn globs(file: &Text) -> Vec<String> {
    let lines = file.text.lines().map(str::trim);
    lines
        .filter(|line| line.starts_with("pub use ") && line.contains("::*"))
        .map(|line| format!("{}: `{line}` hides where things live: re-export by name", file.path))
        .collect()
}

#[test]
fn types_and_files_have_telling_names() {
    report(&sources().flat_map(problems).collect::<Vec<_>>());
}

#[test]
fn nothing_is_exported_by_a_glob() {
    report(&sources().flat_map(globs).collect::<Vec<_>>());
}

#[test]
fn vague_names_are_seen_as_whole_words_only() {
    for vague in ["StepManager", "JobQueue", "Task", "FileInfo", "UtilBox"] {
        assert!(problem(vague).is_some(), "{vague}");
    }
    for telling in ["StepName", "Database", "Information", "Taskforce", "Data", "BlobStore"] {
        assert!(problem(telling).is_none(), "{telling}");
    }
}
