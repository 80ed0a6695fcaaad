//! What a plugin says of itself: asked without any power, then checked.

use std::sync::Arc;
use std::time::Duration;

use belljar_model::descriptor::ToolNeed;
use belljar_model::limits::Limit;
use belljar_model::ports::{
    Cancel, LogSink, NoSecrets, NoTools, Request, Secrets, Tools, Unheard, Variation,
};
use belljar_model::{
    Action, Blame, Class, Descriptor, Digest, Fault, Limits, Patterns, StepName, View,
};
use wasmtime::component::{Component, Linker};

use crate::bindings::plugin::StepPluginPre;
use crate::bindings::plugin::exports::belljar::step::step as wit;
use crate::fault;
use crate::guest::{self, Ended};
use crate::state::State;
use crate::step_imports::attrs;
use crate::trap;
use crate::vfs::Blobs;
use belljar_model::text::{harmless, harmless_lines};

/// How long a plugin may take to describe itself.
const TIME: Duration = Duration::from_secs(10);
/// How much memory it may use for that, in bytes.
const MEMORY: u64 = 256 << 20;

/// Asks the component to describe itself while every import is a trap.
///
/// # Errors
/// When it does not return, or when what it returns breaks a rule.
pub(crate) fn describe(
    name: &str,
    component: &Component,
    linker: &Linker<State>,
    blobs: &Blobs,
) -> Result<Descriptor, Fault> {
    let mut trapping = Linker::new(component.engine());
    let ended = match trapping.define_unknown_imports_as_traps(component) {
        Ok(()) => call(name, component, &trapping, blobs),
        Err(error) => Err(fault::sandbox(format!("traps cannot be linked: {error}"))),
    };
    let described = match ended {
        Ok(descriptor) => descriptor,
        Err(fault) if fault.blame != Blame::Plugin => return Err(fault),
        Err(fault) if fault.code == fault::TIME => return Err(too_slow(name)),
        Err(fault) => {
            // The last words of a panic go through imports, so they need a second, real try.
            let real = call(name, component, linker, blobs).err().unwrap_or(fault);
            let reason = real.message.strip_prefix(&format!("plugin {name} "));
            let reason = reason.map_or(real.message.clone(), |reason| format!("it {reason}"));
            let reason = reason.replace("trapped: unknown import:", "called");
            let reason = reason.replace(" has not been defined", "");
            let message = format!("plugin `{name}` could not describe itself: {reason}");
            let mut failed = fault::plugin(fault::DESCRIBE_FAILED, message);
            failed.notes = real.notes;
            return Err(failed.help("`describe` may not use anything that it imports"));
        }
    };
    let descriptor = into_model(described);
    check(&descriptor).map_err(|rule| {
        let message = format!("the descriptor of plugin `{name}` breaks a rule: {rule}");
        fault::plugin(fault::BAD_DESCRIPTOR, message)
    })?;
    Ok(descriptor)
}

fn too_slow(name: &str) -> Fault {
    let most = TIME.as_secs();
    let message = format!("plugin `{name}` could not describe itself: it took more than {most} s");
    fault::plugin(fault::DESCRIBE_FAILED, message)
        .note("making an instance counts: what its start function does belongs to it")
        .help("`describe` returns what is known when the plugin is built")
}

fn call(
    name: &str,
    component: &Component,
    linker: &Linker<State>,
    blobs: &Blobs,
) -> Result<wit::Descriptor, Fault> {
    let pre = linker.instantiate_pre(component).and_then(StepPluginPre::new);
    let pre = pre.map_err(|error| unlinkable(name, &error))?;
    let action = Action {
        plugin: Digest::of(b""),
        class: Class::Pure,
        config: "{}".to_owned(),
        grants: Vec::new(),
        outputs: Patterns::none(),
        view: View::empty(),
    };
    let limits = Limits {
        time: Limit::default_of(TIME),
        memory: Limit::default_of(MEMORY),
        ..Limits::default()
    };
    let log: Arc<dyn LogSink> = Arc::new(Unheard);
    let tools: Arc<dyn Tools> = Arc::new(NoTools);
    let secrets: Arc<dyn Secrets> = Arc::new(NoSecrets);
    let (step, cancel) = (StepName::new("describe"), Cancel::new());
    let request = Request {
        step: &step,
        action: &action,
        limits: &limits,
        cancel: &cancel,
        log: &log,
        tools: &tools,
        secrets: &secrets,
        variation: Variation::default(),
    };
    let state = State::new(&request, name, blobs.clone());
    let Ended { returned, state } = guest::call(pre.engine(), state, |store| {
        pre.instantiate(&mut *store)?.belljar_step_step().call_describe(store)
    });
    let label = state.label;
    returned.map_err(|fault| trap::with_last_words(fault, &label, &state.log.finish().1))
}

/// The fault of a component whose imports or exports have other types than ours.
pub(crate) fn unlinkable(name: &str, error: &wasmtime::Error) -> Fault {
    let reason = harmless_lines(&format!("{error:#}"));
    let message = format!("plugin `{name}` does not fit the interface of this host");
    fault::plugin(fault::WRONG_WORLD, message)
        .note(reason)
        .help("build it with the SDK of this version")
}

fn into_model(described: wit::Descriptor) -> Descriptor {
    let tool = |tool: wit::ToolNeed| ToolNeed {
        name: harmless(&tool.name),
        version_req: harmless(&tool.version_req),
        reason: harmless(&tool.reason),
    };
    Descriptor {
        name: described.name,
        version: described.version,
        summary: harmless(&described.summary),
        docs: harmless_lines(&described.docs_md),
        config_schema: described.config_schema,
        tools: described.tools.into_iter().map(tool).collect(),
        secrets: described.secrets.iter().map(|secret| harmless(secret)).collect(),
        hosts: described.hosts.iter().map(|host| harmless(host)).collect(),
        attrs: attrs(described.attrs),
    }
}

/// Returns the first rule that a descriptor breaks.
fn check(descriptor: &Descriptor) -> Result<(), String> {
    let Descriptor { name, version, config_schema, .. } = descriptor;
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let is_name = name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.ends_with(is_letter)
        && name.chars().all(|letter| is_letter(letter) || letter == '-');
    if !is_name {
        return Err(format!("the name `{}` is not made of a-z, 0-9 and `-`", harmless(name)));
    }
    if !is_version(version) {
        return Err(format!("the version `{}` is not like `1.2.3`", harmless(version)));
    }
    match serde_json::from_str(config_schema) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => Err("`config-schema` is not a JSON object".to_owned()),
        Err(error) => Err(format!("`config-schema` is not JSON: {error}")),
    }
}

fn is_version(version: &str) -> bool {
    let (core, build) = version.split_once('+').unwrap_or((version, "0"));
    let (core, pre) = core.split_once('-').unwrap_or((core, "0"));
    let is_number = |part: &str| {
        let has_digits = !part.is_empty() && part.chars().all(|digit| digit.is_ascii_digit());
        has_digits && part.len() < 20 && (part == "0" || !part.starts_with('0'))
    };
    let is_label = |part: &str| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        !part.is_empty() && part.chars().all(is_letter)
    };
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && pre.split('.').chain(build.split('.')).all(is_label)
        && version.len() <= 64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(name: &str, version: &str, schema: &str) -> Option<String> {
        let descriptor = Descriptor {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: String::new(),
            docs: String::new(),
            config_schema: schema.to_owned(),
            tools: Vec::new(),
            secrets: Vec::new(),
            hosts: Vec::new(),
            attrs: std::collections::BTreeMap::new(),
        };
        check(&descriptor).err()
    }

    #[test]
    fn a_descriptor_has_a_plain_name_a_version_and_a_schema() {
        assert_eq!(broken("lint-2", "1.2.3", "{}"), None);
        for name in ["", "Lint", "lint_2", "-lint", "lint-", "2lint", "\u{1b}[2J", "li nt"] {
            assert!(broken(name, "1.0.0", "{}").is_some(), "{name:?}");
        }
        for schema in ["", "[]", "true", "{"] {
            assert!(broken("lint", "1.0.0", schema).is_some(), "{schema:?}");
        }
    }

    #[test]
    fn versions_are_semver() {
        for version in ["0.1.0", "1.0.0-rc.1", "1.2.3+build.5", "10.20.30-a-b"] {
            assert!(is_version(version), "{version}");
        }
        for version in ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-", "v1.2.3", "1.2.x", "1..2"] {
            assert!(!is_version(version), "{version}");
        }
    }
}
