//! Tools: from what `[tools]` says to tools without mistakes, and who may use them.

use std::collections::BTreeMap;

use belljar_model::tool::{Program, ToolSpec};
use belljar_model::{Diagnostic, StepName, WorkspacePath};

use crate::codes;
use crate::graph::{Order, order};
use crate::lower::document::Entries;
use crate::lower::grants::{GrantFields, is_variable};
use crate::lower::interpolate::{Scope, fill};
use crate::lower::pattern_code;
use crate::lower::tool_fields::{DeclaredProgram, DeclaredTool};
use crate::mistakes::Mistakes;
use crate::pipeline::Tool;
use crate::place::{Place, Sources};
use crate::suggest;
use crate::text::{Located, Text};

/// The declared tools, by name.
type Declared = BTreeMap<String, DeclaredTool>;

struct Resolving<'a> {
    mistakes: &'a mut Mistakes,
    sources: &'a Sources,
    scope: Scope<'a>,
}

/// Checks all tools. Those that were not understood are reported, and left out.
pub(crate) fn resolve(
    mistakes: &mut Mistakes,
    sources: &Sources,
    entries: &Entries,
) -> BTreeMap<String, Tool> {
    let scope = Scope { vars: &entries.vars, member: None, matrix: &[] };
    let mut resolving = Resolving { mistakes, sources, scope };
    let mut tools = BTreeMap::new();
    for (name, declared) in &entries.tools {
        if let Some(tool) = resolving.tool(declared) {
            tools.insert(name.clone(), tool);
        }
    }
    check_uses(mistakes, &entries.tools);
    check_cycles(mistakes, &entries.tools);
    tools
}

impl Resolving<'_> {
    fn tool(&mut self, declared: &DeclaredTool) -> Option<Tool> {
        let program = declared.program.as_ref().and_then(|program| self.program(program));
        let closure = declared.closure.iter().filter_map(|path| self.closure(path)).collect();
        let env = declared.env.iter().filter_map(|(name, value)| self.variable(name, value));
        let env = env.collect();
        let version = declared.version.iter().filter_map(|text| self.argument(text)).collect();
        let identity = declared.identity.iter().filter_map(|path| self.identity(path)).collect();
        let mut uses: Vec<String> = declared.uses.iter().map(|name| name.value.clone()).collect();
        uses.sort();
        uses.dedup();
        let name = declared.name.value.clone();
        let spec = ToolSpec { name, program: program?, closure, uses, env, version, identity };
        Some(Tool { spec, at: declared.name.at.clone() })
    }

    fn fill(&mut self, text: &Text) -> Text {
        let value = fill(self.mistakes, self.sources, &self.scope, text);
        Located { value, at: text.at.clone() }
    }

    fn program(&mut self, program: &DeclaredProgram) -> Option<Program> {
        match program {
            DeclaredProgram::Wasm(path) => {
                let path = self.fill(path);
                self.workspace_path(&path).map(Program::Wasm)
            }
            DeclaredProgram::Native(path) => {
                let path = self.fill(path);
                if let Some(diagnostic) = bad_program(&path) {
                    self.mistakes.add(diagnostic);
                    return None;
                }
                Some(Program::Native(path.value))
            }
        }
    }

    fn workspace_path(&mut self, path: &Text) -> Option<WorkspacePath> {
        let parsed = WorkspacePath::parse(&path.value);
        if let Err(error) = &parsed {
            let code = pattern_code(&path.value);
            self.mistakes.add(Diagnostic::error(code, error.to_string(), path.at.label("")));
        }
        parsed.ok()
    }

    fn closure(&mut self, path: &Text) -> Option<String> {
        let path = self.fill(path);
        let below = path.value.strip_prefix("~/").or_else(|| path.value.strip_prefix('/'));
        let (message, help) = match below {
            _ if path.value.contains(char::is_control) => {
                ("a path holds no control characters", None)
            }
            None => {
                let help = "files of the workspace are shown to a tool as inputs of the step";
                ("a path of `closure` is absolute or begins with `~/`", Some(help))
            }
            Some(below) if below.split('/').all(|segment| matches!(segment, "" | ".")) => {
                let help = "name the folders that the tool needs, so that it sees no more";
                ("this would show the tool everything", Some(help))
            }
            Some(below) if has_upwards(below) => ("a path of `closure` has no `..`", None),
            Some(_) => return Some(path.value.trim_end_matches('/').to_owned()),
        };
        self.bad_part(format!("`{}`: {message}", path.value), &path.at, help);
        None
    }

    fn variable(&mut self, name: &Text, value: &Text) -> Option<(String, String)> {
        if !is_variable(&name.value) {
            let message = format!("`{}` cannot be the name of an environment variable", name.value);
            self.bad_part(message, &name.at, None);
            return None;
        }
        Some((name.value.clone(), self.argument(value)?))
    }

    /// A text that is given to a program.
    fn argument(&mut self, text: &Text) -> Option<String> {
        let text = self.fill(text);
        if text.value.contains('\0') {
            let message = "no program can be given a text with a NUL".to_owned();
            self.bad_part(message, &text.at, None);
            return None;
        }
        Some(text.value)
    }

    fn identity(&mut self, path: &Text) -> Option<WorkspacePath> {
        let path = self.fill(path);
        if path.value.starts_with('!') || path.value.contains(['*', '?']) {
            let message = format!("`{}` is a pattern: `identity` names each file", path.value);
            self.bad_part(message, &path.at, None);
            return None;
        }
        self.workspace_path(&path)
    }

    fn bad_part(&mut self, message: String, at: &Place, help: Option<&str>) {
        let mut diagnostic = Diagnostic::error(codes::BAD_TOOL_PART, message, at.label(""));
        diagnostic.help = help.map(str::to_owned);
        self.mistakes.add(diagnostic);
    }
}

fn has_upwards(path: &str) -> bool {
    path.split('/').any(|segment| segment == "..")
}

/// Why there can be no native tool at this place, if there cannot.
fn bad_program(path: &Text) -> Option<Diagnostic> {
    let text = path.value.as_str();
    let error = |message: String| {
        Diagnostic::error(codes::BAD_TOOL_PATH, message, path.at.label(""))
            .help("write a name that is found in `PATH`, an absolute path, or one with `~/`")
    };
    if text.is_empty() || text.contains(char::is_control) {
        return Some(error(format!("`{}` cannot be the path of a tool", text.escape_debug())));
    }
    if has_upwards(text) {
        return Some(error(format!("`{text}` has `..`, which the path of a tool cannot have")));
    }
    let absolute = text.starts_with('/') || text.starts_with("~/");
    if text.ends_with(['/', '~']) || text == "." || (text.starts_with('~') && !absolute) {
        return Some(error(format!("`{text}` cannot be an executable file")));
    }
    if absolute || !text.contains('/') {
        return None;
    }
    let message = format!("`{text}` is a file of the workspace, which cannot be a native tool");
    let diagnostic = Diagnostic::error(codes::BAD_TOOL_PATH, message, path.at.label(""));
    let inner = text.strip_prefix("./").unwrap_or(text).escape_default();
    if text.rsplit_once('.').is_some_and(|(_, extension)| extension == "wasm") {
        return Some(diagnostic.help(format!("write `{{ wasm = \"{inner}\" }}`")));
    }
    let why = "what lies in the workspace is an input that can change, not a part of the machine";
    let help = format!(
        "use the plugin `command` with a tool such as `sh` that runs it, and write \
         `inputs = [\"{inner}\"]`"
    );
    Some(diagnostic.note(why).help(help))
}

/// Reports what tools use, and nobody declares or nothing can start.
fn check_uses(mistakes: &mut Mistakes, tools: &Declared) {
    for tool in tools.values().filter(|tool| !tool.is_wasm()) {
        for name in &tool.uses {
            match tools.get(&name.value) {
                None => mistakes.add(unknown(tools, name)),
                Some(used) if used.is_wasm() => {
                    let message = format!(
                        "`{}` cannot start `{}`, which is WebAssembly",
                        tool.name.value, name.value
                    );
                    let label = name.at.label("only the host runs it");
                    let code = codes::MEANINGLESS_FOR_WASM;
                    mistakes.add(Diagnostic::error(code, message, label));
                }
                Some(_) => {}
            }
        }
    }
}

/// The mistake of naming a tool that nobody declares.
pub(crate) fn unknown(tools: &Declared, name: &Text) -> Diagnostic {
    let known: Vec<&str> = tools.keys().map(String::as_str).collect();
    let message = format!("there is no tool `{}`", name.value);
    let label = name.at.label("not in `[tools]`");
    let diagnostic = Diagnostic::error(codes::UNKNOWN_TOOL, message, label);
    match suggest::closest(&name.value, known.iter().copied()) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None if StepName::is_plain(&name.value) => {
            diagnostic.help(format!("add `{0} = \"{0}\"` to `[tools]`", name.value))
        }
        None => diagnostic.help("name each tool as `[tools]` does"),
    }
}

fn check_cycles(mistakes: &mut Mistakes, tools: &Declared) {
    let tools: Vec<&DeclaredTool> = tools.values().collect();
    let find = |name: &Text| {
        let found = tools.binary_search_by(|tool| tool.name.value.as_str().cmp(&name.value));
        found.ok()
    };
    let ends = |tool: &&DeclaredTool| match tool.program {
        Some(DeclaredProgram::Wasm(_)) => Vec::new(),
        _ => tool.uses.iter().filter_map(find).collect(),
    };
    let edges: Vec<Vec<usize>> = tools.iter().map(ends).collect();
    if let Order::Cycles(cycles) = order(&edges) {
        for cycle in &cycles {
            mistakes.add(describe(&tools, cycle));
        }
    }
}

fn describe(tools: &[&DeclaredTool], cycle: &[usize]) -> Diagnostic {
    let name = |at: usize| tools[at].name.value.as_str();
    let mut path = name(cycle[0]).to_owned();
    let mut labels = Vec::new();
    for (from, to) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
        path = format!("{path} -> {}", name(*to));
        let at = tools[*from].uses.iter().find(|text| text.value == name(*to));
        let at = at.map_or(&tools[*from].name.at, |text| &text.at);
        labels.push(at.label(format!("`{}` uses `{}`", name(*from), name(*to))));
    }
    let first = labels.remove(0);
    let message = format!("tools use each other: {path}");
    let diagnostic = Diagnostic::error(codes::TOOL_CYCLE, message, first)
        .help("take one of these out of its `uses`");
    labels.into_iter().fold(diagnostic, Diagnostic::label)
}

/// Checks the tools that one entry is granted, and what it is granted for them.
pub(crate) fn check_granted(mistakes: &mut Mistakes, tools: &Declared, grants: &GrantFields) {
    let names = || grants.tools.iter().flat_map(|names| &names.value);
    for name in names().filter(|name| !tools.contains_key(&name.value)) {
        mistakes.add(unknown(tools, name));
    }
    // A tool that is not known may be native.
    let is_native = |name: &Text| !tools.get(&name.value).is_some_and(DeclaredTool::is_wasm);
    let hosts = grants.network.iter().filter(|hosts| !hosts.value.is_empty());
    if !names().any(is_native) {
        for hosts in hosts {
            mistakes.add(idle("hosts", "native tool that could connect to them", &hosts.at));
        }
    }
    if let (Some(folder), None) = (grants.state.first(), names().next()) {
        mistakes.add(idle("state folders", "tool that could see them", &folder.name.at));
    }
}

fn idle(what: &str, tool: &str, at: &Place) -> Diagnostic {
    let message = format!("the step is granted {what}, but no {tool}");
    Diagnostic::warning(codes::IDLE_GRANT, message, at.label("for nothing"))
        .help("add the tool to `grants.tools`, or take this away")
}
