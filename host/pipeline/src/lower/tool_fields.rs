//! What one entry of `[tools]` says, each part of the right type.

use belljar_model::Diagnostic;

use crate::codes;
use crate::mistakes::Mistakes;
use crate::place::Place;
use crate::suggest;
use crate::text::expect;
use crate::text::{Entry, Kind, Located, Table, Text, Value};

/// The keys of a tool, in the order in which documentation shows them.
pub(crate) const KEYS: &[&str] = &["path", "wasm", "closure", "uses", "env", "version", "identity"];
/// The keys that mean nothing for a tool that is WebAssembly.
const NATIVE_KEYS: &[&str] = &["closure", "uses", "version"];

/// A tool as written. Variables are not filled in.
#[derive(Debug)]
pub(crate) struct DeclaredTool {
    pub(crate) name: Text,
    /// `None` if it was not understood. The name is known nevertheless.
    pub(crate) program: Option<DeclaredProgram>,
    pub(crate) closure: Vec<Text>,
    pub(crate) uses: Vec<Text>,
    /// Names and values.
    pub(crate) env: Vec<(Text, Text)>,
    pub(crate) version: Vec<Text>,
    pub(crate) identity: Vec<Text>,
}

/// What a tool is, as written.
#[derive(Debug)]
pub(crate) enum DeclaredProgram {
    /// The text of `path`, or the only text.
    Native(Text),
    /// The text of `wasm`.
    Wasm(Text),
}

/// What a table says of where the tool is.
#[derive(Default)]
struct Source {
    path: Option<Text>,
    wasm: Option<Text>,
    /// Whether a key may be one of these, so that what is missing may be there.
    broken: bool,
}

impl DeclaredTool {
    /// Reads an entry. Mistakes are reported and left out.
    pub(crate) fn read(mistakes: &mut Mistakes, name: Text, value: Value) -> Self {
        let mut tool = Self {
            name,
            program: None,
            closure: Vec::new(),
            uses: Vec::new(),
            env: Vec::new(),
            version: Vec::new(),
            identity: Vec::new(),
        };
        match value.value {
            Kind::Text(text) => {
                let path = Located { value: text, at: value.at };
                tool.program = Some(DeclaredProgram::Native(path));
            }
            Kind::Table(table) => tool.read_table(mistakes, table),
            _ => {
                let wanted = "`\"NAME\"`, `{ path = \"…\" }` or `{ wasm = \"…\" }`";
                let field = format!("tools.{}", tool.name.value);
                expect::wrong_type(mistakes, &field, wanted, &value);
            }
        }
        tool
    }

    /// Whether it is WebAssembly, as far as is known.
    pub(crate) const fn is_wasm(&self) -> bool {
        matches!(self.program, Some(DeclaredProgram::Wasm(_)))
    }

    fn read_table(&mut self, mistakes: &mut Mistakes, table: Table) {
        let mut source = Source::default();
        let mut native: Vec<Text> = Vec::new();
        for Entry { key, value } in table.0 {
            let field = format!("tools.{}.{}", self.name.value, key.value);
            let mut list = |value| {
                expect::texts(mistakes, &field, value).map(|texts| texts.value).unwrap_or_default()
            };
            match key.value.as_str() {
                "closure" => self.closure = list(value),
                "uses" => self.uses = list(value),
                "version" => self.version = list(value),
                "identity" => self.identity = list(value),
                "env" => self.env = environment(mistakes, &field, value),
                "path" => {
                    let wanted = "a name in `PATH`, an absolute path or one that begins with `~/`";
                    source.path = expect::text(mistakes, &field, wanted, value);
                    source.broken |= source.path.is_none();
                }
                "wasm" => {
                    let wanted = "a path in this workspace";
                    source.wasm = expect::text(mistakes, &field, wanted, value);
                    source.broken |= source.wasm.is_none();
                }
                _ => {
                    expect::unknown_key(mistakes, "a tool", &key, KEYS);
                    source.broken |= suggest::closest(&key.value, ["path", "wasm"]).is_some();
                }
            }
            if NATIVE_KEYS.contains(&key.value.as_str()) {
                native.push(key);
            }
        }
        self.program = program(mistakes, &self.name, source);
        if self.is_wasm() {
            for key in &native {
                mistakes.add(meaningless(key));
            }
        }
    }
}

fn program(mistakes: &mut Mistakes, name: &Text, source: Source) -> Option<DeclaredProgram> {
    let error = |message: String, at: &Place, label: &str| {
        Diagnostic::error(codes::BAD_TOOL_SOURCE, message, at.label(label)).help(
            "write `path` for a native executable, or `wasm` for a WASI command of this workspace",
        )
    };
    match (source.path, source.wasm) {
        (Some(path), None) if !source.broken => Some(DeclaredProgram::Native(path)),
        (None, Some(wasm)) if !source.broken => Some(DeclaredProgram::Wasm(wasm)),
        (Some(path), Some(wasm)) => {
            let message = format!("the tool `{}` has both `path` and `wasm`", name.value);
            let (first, second) =
                if (&path.at.file, path.at.span.start) <= (&wasm.at.file, wasm.at.span.start) {
                    (path, wasm)
                } else {
                    (wasm, path)
                };
            mistakes.add(error(message, &second.at, "and this").label(first.at.label("this")));
            None
        }
        (None, None) if !source.broken => {
            let message = format!("the tool `{}` has neither `path` nor `wasm`", name.value);
            mistakes.add(error(message, &name.at, "where is it?"));
            None
        }
        _ => None,
    }
}

fn meaningless(key: &Text) -> Diagnostic {
    let (what, help) = match key.value.as_str() {
        "closure" => ("it reads only the files that a step shows it", "give them as inputs"),
        "uses" => ("it can start no other program", "take `uses` away"),
        _ => ("its bytes are its whole identity", "take `version` away"),
    };
    let message = format!("`{}` means nothing for a tool that is WebAssembly: {what}", key.value);
    Diagnostic::error(codes::MEANINGLESS_FOR_WASM, message, key.at.label("")).help(help)
}

fn environment(mistakes: &mut Mistakes, field: &str, value: Value) -> Vec<(Text, Text)> {
    let mut variables = Vec::new();
    for Entry { key, value } in expect::table(mistakes, field, value).unwrap_or_default().0 {
        let field = format!("{field}.{}", key.value);
        if let Some(value) = expect::text(mistakes, &field, "a text", value) {
            variables.push((key, value));
        }
    }
    variables
}
