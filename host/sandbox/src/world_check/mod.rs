//! Whether a component belongs to one of our worlds: every import and its exports, all at once.

use belljar_model::{Blame, Class, Code, Fault};
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

/// The interfaces that every plugin may import.
const SHARED: [&str; 4] = ["types", "log", "control", "inputs"];
/// The interfaces that only steps may import.
const OF_STEPS: [&str; 3] = ["report", "outputs", TOOL];
/// The interfaces that only steps which were granted secrets may import.
const SECRETS: [&str; 2] = ["secrets", "secrets-reveal"];
/// The interface that reaches the tools which a step is granted.
const TOOL: &str = "tool";
/// The interfaces that only plugins which deploy may import: ways out.
const OF_DEPLOYMENTS: [&str; 3] = ["http", "storage", "effect-tool"];
/// Powers of the same package that no plugin gets.
const POWERS: [&str; 1] = ["fetch"];
/// What a plugin that deploys exports beside `step`.
const DEPLOYMENT: &str = "deployment";

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

impl Import {
    /// Whether it reaches secrets.
    pub(crate) fn reaches_secrets(&self) -> bool {
        parts(&self.interface)
            .is_some_and(|(package, name, _)| package == PACKAGE && SECRETS.contains(&name))
    }
}

/// What a component is made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum World {
    /// `step-plugin`, and `pure-step` within it.
    Step,
    /// `deploy-plugin`.
    Deploy,
}

/// What an import is to this host.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Offered,
    Ambient,
    Power,
    OfSteps,
    Unknown(Option<String>),
}

/// A component that belongs to one of our worlds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Checked {
    /// What it imports.
    pub(crate) imports: Vec<Import>,
    /// How much of the world it can touch at most.
    pub(crate) class: Class,
}

/// What the imports of a component are to this host.
#[derive(Default)]
struct Sorted {
    imports: Vec<Import>,
    powers: Vec<String>,
    of_steps: Vec<String>,
    unknown: Vec<String>,
}

impl World {
    /// A component is of the world whose functions it exports.
    fn of(engine: &Engine, component: &Component) -> Self {
        let ty = component.component_type();
        let deploys = ty.exports(engine).any(|(name, _)| {
            parts(name).is_some_and(|(package, name, _)| package == PACKAGE && name == DEPLOYMENT)
        });
        if deploys { Self::Deploy } else { Self::Step }
    }

    /// How much a component of this world with these imports can touch at most.
    fn class(self, imports: &[Import]) -> Class {
        let runs_tools = |import: &Import| {
            parts(&import.interface)
                .is_some_and(|(package, name, _)| package == PACKAGE && name == TOOL)
        };
        match self {
            Self::Deploy => Class::Effect,
            Self::Step if imports.iter().any(runs_tools) => Class::Exec,
            Self::Step => Class::Pure,
        }
    }
}

/// Returns what the component imports, and how much it can touch.
///
/// # Errors
/// When it imports more than a plugin of its world gets, naming all of it, or does not export
/// `step`.
pub(crate) fn check(name: &str, engine: &Engine, component: &Component) -> Result<Checked, Fault> {
    let world = World::of(engine, component);
    let Sorted { imports, mut powers, mut of_steps, mut unknown } = sort(world, engine, component);
    if !unknown.is_empty() {
        unknown.append(&mut powers);
        unknown.append(&mut of_steps);
        let code = (Blame::Plugin, fault::UNKNOWN_IMPORT);
        let refused = refuse(name, code, "what this host does not know", &unknown);
        let help = format!("this host offers `{PACKAGE}` {} and WASI 0.2", shown(VERSION));
        return Err(refused.help(help));
    }
    if !powers.is_empty() {
        let (what, help) = match world {
            World::Step => (
                "a power that steps are not given",
                "a step reads its inputs and writes its outputs; no grant gives it more",
            ),
            World::Deploy => (
                "a power that no plugin is given",
                "a plugin that deploys reaches out through `http`, `storage` and `effect-tool`",
            ),
        };
        return Err(refuse(name, (Blame::Policy, fault::REFUSED_POWER), what, &powers).help(help));
    }
    if !of_steps.is_empty() {
        let code = (Blame::Plugin, fault::FOR_STEPS);
        let refused = refuse(name, code, "what only steps have", &of_steps);
        return Err(refused.help(
            "it exports `deployment`, so it makes no files and reports nothing; a plugin that \
             does both is split in two",
        ));
    }
    check_export(name, "step", engine, component)?;
    if world == World::Deploy {
        check_export(name, DEPLOYMENT, engine, component)?;
    }
    let class = world.class(&imports);
    Ok(Checked { imports, class })
}

fn sort(world: World, engine: &Engine, component: &Component) -> Sorted {
    let mut sorted = Sorted::default();
    let ty = component.component_type();
    for (interface, item) in ty.imports(engine) {
        let functions = functions(engine, &item.ty);
        let shown = harmless(interface);
        let standing = match item.ty {
            ComponentItem::ComponentInstance(_) => standing(world, interface),
            _ => Standing::Unknown(None),
        };
        let ambient = standing == Standing::Ambient;
        match standing {
            // An interface of types only is no request for anything.
            Standing::Offered | Standing::OfSteps if functions.is_empty() => {}
            Standing::Offered | Standing::Ambient => {
                sorted.imports.push(Import { interface: shown, functions, ambient });
            }
            Standing::Power => sorted.powers.push(shown),
            Standing::OfSteps => sorted.of_steps.push(shown),
            Standing::Unknown(hint) => {
                let line = hint.map_or_else(|| shown.clone(), |hint| format!("{shown}: {hint}"));
                sorted.unknown.push(line);
            }
        }
    }
    sorted
}

fn refuse(name: &str, (blame, code): (Blame, Code), what: &str, names: &[String]) -> Fault {
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

fn standing(world: World, import: &str) -> Standing {
    let Some((package, interface, version)) = parts(import) else { return Standing::Unknown(None) };
    if package == PACKAGE {
        return standing_of_ours(world, interface, version);
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

fn standing_of_ours(world: World, interface: &str, version: Option<Version>) -> Standing {
    let is_way_out = OF_DEPLOYMENTS.contains(&interface);
    let is_of_steps = OF_STEPS.contains(&interface);
    let is_secret = SECRETS.contains(&interface);
    let is_of_others = match world {
        World::Step => is_way_out,
        World::Deploy => is_secret,
    };
    if POWERS.contains(&interface) || is_of_others {
        Standing::Power
    } else if !(is_way_out || is_of_steps || is_secret || SHARED.contains(&interface)) {
        Standing::Unknown(None)
    } else if !version.is_some_and(Version::fits) {
        let built = version.map_or_else(|| "no version".to_owned(), shown);
        let hint = format!("built for {built}, this host offers {}", shown(VERSION));
        Standing::Unknown(Some(hint))
    } else if is_of_steps && world == World::Deploy {
        Standing::OfSteps
    } else {
        Standing::Offered
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

fn check_export(
    name: &str,
    interface: &str,
    engine: &Engine,
    component: &Component,
) -> Result<(), Fault> {
    let wanted = format!("{PACKAGE}/{interface}@{}", shown(VERSION));
    if component.get_export_index(None, &wanted).is_some() {
        return Ok(());
    }
    let ty = component.component_type();
    let names: Vec<String> = ty.exports(engine).map(|(name, _)| harmless(name)).collect();
    let other = names.iter().find_map(|name| match parts(name) {
        Some((PACKAGE, name, Some(version))) if name == interface => Some(version),
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
            ComponentItem::ComponentInstance(_) => standing(World::Step, interface),
            _ => Standing::Unknown(None),
        };
        let interface = harmless(interface);
        match standing {
            Standing::Ambient => None,
            Standing::Unknown(Some(hint)) => Some(format!("{interface}: {hint}")),
            Standing::Unknown(None) | Standing::Power => Some(interface),
            Standing::Offered | Standing::OfSteps => {
                Some(format!("{interface}: it is for plugins"))
            }
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
mod tests;
