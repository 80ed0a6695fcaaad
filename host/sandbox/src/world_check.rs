//! Whether a component belongs to our world: every import and the one export, all at once.

use belljar_model::{Blame, Class, Fault};
use serde::{Deserialize, Serialize};
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::command;
use crate::fault;
use belljar_model::text::harmless;

/// The interface package, and the version that this host offers.
const PACKAGE: &str = "belljar:step";
/// The version that this host offers.
const VERSION: Version = Version(0, 1, 0);

/// The interfaces that reach nothing but what the host implements.
const PURE: [&str; 6] = ["types", "log", "control", "report", "inputs", "outputs"];
/// The interface that reaches the tools which a step is granted.
const TOOL: &str = "tool";
/// Powers of the same package that a step does not get.
const POWERS: [&str; 5] = ["secrets", "secrets-reveal", "fetch", "http", "storage"];

/// What every toolchain imports. All of it is answered by the host itself.
const AMBIENT: [(&str, &[&str]); 5] = [
    ("wasi:io", &["error", "poll", "streams"]),
    ("wasi:clocks", &["monotonic-clock", "wall-clock"]),
    ("wasi:random", &["random", "insecure", "insecure-seed"]),
    ("wasi:filesystem", &["types", "preopens"]),
    (
        "wasi:cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
    ),
];

/// One interface that a plugin imports.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Import {
    /// The interface with its version, such as `belljar:step/inputs@0.1.0`.
    pub interface: String,
    /// The functions that are imported of it, sorted.
    pub functions: Vec<String>,
    /// Whether every toolchain imports it; it reaches nothing of the machine.
    pub ambient: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Version(u64, u64, u64);

/// What an import is to this host.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Offered,
    Ambient,
    Power,
    Unknown(Option<String>),
}

/// How much of the world a component with these imports can touch at most.
pub(crate) fn class(imports: &[Import]) -> Class {
    let runs_tools = |import: &Import| {
        parts(&import.interface)
            .is_some_and(|(package, name, _)| package == PACKAGE && name == TOOL)
    };
    if imports.iter().any(runs_tools) { Class::Exec } else { Class::Pure }
}

/// Returns what the component imports.
///
/// # Errors
/// When it imports more than a step gets, naming all of it, or does not export `step`.
pub(crate) fn check(
    name: &str,
    engine: &Engine,
    component: &Component,
) -> Result<Vec<Import>, Fault> {
    let (mut imports, mut powers, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    let ty = component.component_type();
    for (interface, item) in ty.imports(engine) {
        let functions = functions(engine, &item.ty);
        let shown = harmless(interface);
        let standing = match item.ty {
            ComponentItem::ComponentInstance(_) => standing(interface),
            _ => Standing::Unknown(None),
        };
        let ambient = standing == Standing::Ambient;
        match standing {
            // An interface of types only is no request for anything.
            Standing::Offered if functions.is_empty() => {}
            Standing::Offered | Standing::Ambient => {
                imports.push(Import { interface: shown, functions, ambient });
            }
            Standing::Power => powers.push(shown),
            Standing::Unknown(hint) => {
                unknown.push(hint.map_or_else(|| shown.clone(), |hint| format!("{shown}: {hint}")));
            }
        }
    }
    if !unknown.is_empty() {
        unknown.append(&mut powers);
        return Err(refuse(name, fault::UNKNOWN_IMPORT, Blame::Plugin, &unknown)
            .help(format!("this host offers `{PACKAGE}` {} and WASI 0.2", shown(VERSION))));
    }
    if !powers.is_empty() {
        return Err(refuse(name, fault::REFUSED_POWER, Blame::Policy, &powers)
            .help("a step reads its inputs and writes its outputs; no grant gives it more"));
    }
    check_export(name, engine, component)?;
    Ok(imports)
}

fn refuse(name: &str, code: belljar_model::Code, blame: Blame, names: &[String]) -> Fault {
    let what = match blame {
        Blame::Policy => "a power that steps are not given",
        _ => "what this host does not know",
    };
    let count = names.len();
    let subject = if count == 1 { names[0].clone() } else { format!("{count} interfaces") };
    let fault = Fault::new(blame, code, format!("plugin `{name}` imports {what}: {subject}"));
    if count == 1 { fault } else { names.iter().fold(fault, Fault::note) }
}

fn functions(engine: &Engine, item: &ComponentItem) -> Vec<String> {
    let ComponentItem::ComponentInstance(instance) = item else { return Vec::new() };
    let is_function = |(name, item): (&str, wasmtime::component::types::ComponentExtern<'_>)| {
        matches!(item.ty, ComponentItem::ComponentFunc(_)).then(|| harmless(name))
    };
    let mut functions: Vec<String> = instance.exports(engine).filter_map(is_function).collect();
    functions.sort();
    functions
}

fn standing(import: &str) -> Standing {
    let Some((package, interface, version)) = parts(import) else { return Standing::Unknown(None) };
    if package == PACKAGE {
        return if POWERS.contains(&interface) {
            Standing::Power
        } else if interface != TOOL && !PURE.contains(&interface) {
            Standing::Unknown(None)
        } else if version.is_some_and(Version::fits) {
            Standing::Offered
        } else {
            let built = version.map_or_else(|| "no version".to_owned(), shown);
            let hint = format!("built for {built}, this host offers {}", shown(VERSION));
            Standing::Unknown(Some(hint))
        };
    }
    if matches!(package, "wasi:sockets" | "wasi:http") {
        return Standing::Power;
    }
    let known = AMBIENT
        .iter()
        .any(|(name, interfaces)| *name == package && interfaces.contains(&interface));
    match version {
        Some(Version(0, 2, _)) if known => Standing::Ambient,
        Some(version) if known => {
            let hint = format!("WASI {}, this host offers WASI 0.2", shown(version));
            Standing::Unknown(Some(hint))
        }
        _ => Standing::Unknown(None),
    }
}

/// `belljar:step/log@0.1.0` in three parts.
fn parts(name: &str) -> Option<(&str, &str, Option<Version>)> {
    let (package, rest) = name.split_once('/')?;
    match rest.split_once('@') {
        Some((interface, version)) => Some((package, interface, Version::parse(version))),
        None => Some((package, rest, None)),
    }
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let version = Self(numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(version)
    }

    /// Whether the versions are compatible by the rules of semver.
    fn fits(self) -> bool {
        let (Self(major, minor, _), Self(our_major, our_minor, _)) = (self, VERSION);
        major == our_major && (major > 0 || minor == our_minor)
    }
}

fn shown(Version(major, minor, patch): Version) -> String {
    format!("{major}.{minor}.{patch}")
}

fn check_export(name: &str, engine: &Engine, component: &Component) -> Result<(), Fault> {
    let wanted = format!("{PACKAGE}/step@{}", shown(VERSION));
    if component.get_export_index(None, &wanted).is_some() {
        return Ok(());
    }
    let ty = component.component_type();
    let names: Vec<String> = ty.exports(engine).map(|(name, _)| harmless(name)).collect();
    let other = names.iter().find_map(|name| match parts(name) {
        Some((PACKAGE, "step", Some(version))) => Some(version),
        _ => None,
    });
    let message = match other {
        Some(version) => format!(
            "plugin `{name}` was built for `{PACKAGE}` {}; this host offers {}",
            shown(version),
            shown(VERSION)
        ),
        None => format!("plugin `{name}` does not export `{wanted}`"),
    };
    let exports = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let fault = fault::plugin(fault::WRONG_WORLD, message).note(format!("it exports {exports}"));
    Err(if names.iter().any(|name| name.starts_with("wasi:cli/run@")) {
        fault.help("this is a program; a plugin is a library with `crate-type = [\"cdylib\"]`")
    } else {
        fault.help("a plugin has one function with `#[belljar_sdk::step]`")
    })
}

/// Checks that a component is a program which needs nothing but what every toolchain imports.
///
/// # Errors
/// When it imports more, naming all of it, or does not export `wasi:cli/run` of WASI 0.2.
pub(crate) fn check_command(
    tool: &str,
    engine: &Engine,
    component: &Component,
) -> Result<(), Fault> {
    let ty = component.component_type();
    let reason = |interface: &str, item: &ComponentItem| {
        let standing = match item {
            ComponentItem::ComponentInstance(_) => standing(interface),
            _ => Standing::Unknown(None),
        };
        let interface = harmless(interface);
        match standing {
            Standing::Ambient => None,
            Standing::Unknown(Some(hint)) => Some(format!("{interface}: {hint}")),
            Standing::Unknown(None) | Standing::Power => Some(interface),
            Standing::Offered => Some(format!("{interface}: it is for plugins")),
        }
    };
    let refused: Vec<String> =
        ty.imports(engine).filter_map(|(name, item)| reason(name, &item.ty)).collect();
    if !refused.is_empty() {
        return Err(command::fault::imports(tool, &refused));
    }
    let exports: Vec<String> = ty.exports(engine).map(|(name, _)| harmless(name)).collect();
    let is_run =
        |name: &String| matches!(parts(name), Some(("wasi:cli", "run", Some(Version(0, 2, _)))));
    if exports.iter().any(is_run) { Ok(()) } else { Err(command::fault::no_run(tool, &exports)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_pure_ambient_a_power_or_unknown() {
        let check = |name: &str, expected: Standing| assert_eq!(standing(name), expected, "{name}");
        check("belljar:step/inputs@0.1.0", Standing::Offered);
        check("belljar:step/inputs@0.1.7", Standing::Offered);
        check("belljar:step/tool@0.1.0", Standing::Offered);
        check("belljar:step/http@0.1.0", Standing::Power);
        check("belljar:step/other@0.1.0", Standing::Unknown(None));
        let hint = "built for 0.2.0, this host offers 0.1.0".to_owned();
        check("belljar:step/inputs@0.2.0", Standing::Unknown(Some(hint)));
        check("wasi:io/streams@0.2.6", Standing::Ambient);
        check("wasi:clocks/timezone@0.2.6", Standing::Unknown(None));
        let hint = "WASI 0.3.0, this host offers WASI 0.2".to_owned();
        check("wasi:cli/stdout@0.3.0", Standing::Unknown(Some(hint)));
        check("wasi:sockets/tcp@0.2.6", Standing::Power);
        check("wasi:http/outgoing-handler@0.2.0", Standing::Power);
        check("env", Standing::Unknown(None));
        check("a:b/c", Standing::Unknown(None));
    }
}
