//! From a component's bytes to machine code: checked, linked for a try, never run.

use std::sync::Arc;

use belljar_model::ports::{Compiled, Compiler, GuestKind, Source};
use belljar_model::text::harmless_lines;
use belljar_model::{Class, Fault};
use bytes::Bytes;
use wasmtime::component::Component;

use crate::bindings::command::CommandPre;
use crate::bindings::deploy::DeployPluginPre;
use crate::bindings::plugin::StepPluginPre;
use crate::engine::Purpose;
use crate::runtime::Runtime;
use crate::world_check::{self, Checked};
use crate::{caps, command, describe, fault};

/// Compiles in this process.
///
/// Compiling can take much memory and time, whatever the component looks like. Where that
/// matters, this runs in a process of its own, with bounds.
pub struct LocalCompiler {
    runtime: Arc<Runtime>,
}

impl LocalCompiler {
    /// A compiler, and nothing that could run what it makes.
    pub fn new() -> Self {
        Self::of(Arc::new(Runtime::new(Purpose::Compile)))
    }

    pub(crate) const fn of(runtime: Arc<Runtime>) -> Self {
        Self { runtime }
    }

    fn plugin(&self, name: &str, bytes: &[u8]) -> Result<Compiled, Fault> {
        if let Some(what) = not_a_component(bytes) {
            let message = format!("plugin `{name}` is not a component: it is {what}");
            let fault = fault::plugin(fault::NOT_A_COMPONENT, message);
            return Err(fault.help("build a plugin with `cargo build --target wasm32-wasip2`"));
        }
        caps::check(&format!("plugin `{name}`"), bytes)?;
        let made = self.runtime.get()?;
        let component = Component::from_binary(&made.engine, bytes).map_err(|error| {
            let reason = harmless_lines(&format!("{:#}", error.root_cause()));
            let is_cut =
                reason.contains("unexpected end") || reason.contains("out of bounds (bound");
            let what = if is_cut { "is cut off" } else { "is not valid" };
            let message = format!("plugin `{name}` {what}: {reason}");
            fault::plugin(fault::NOT_A_COMPONENT, message).help("build the plugin anew")
        })?;
        let checked = world_check::check(name, &made.engine, &component)?;
        let linked = made.linker.instantiate_pre(&component).and_then(|pre| match checked.class {
            Class::Pure | Class::Exec => StepPluginPre::new(pre).map(drop),
            Class::Effect => DeployPluginPre::new(pre).map(drop),
        });
        linked.map_err(|error| describe::unlinkable(name, &error))?;
        compiled(&component, &checked)
    }

    fn command(&self, name: &str, bytes: &[u8]) -> Result<Compiled, Fault> {
        let adapted = if command::is_module(bytes) {
            caps::check(&format!("tool `{name}`"), bytes)?;
            Some(command::adapted(name, bytes)?)
        } else if let Some(what) = not_a_component(bytes) {
            return Err(command::fault::no_program(name, what));
        } else {
            None
        };
        let bytes = adapted.as_deref().unwrap_or(bytes);
        caps::check(&format!("tool `{name}`"), bytes)?;
        let made = self.runtime.get()?;
        let component = Component::from_binary(&made.engine, bytes).map_err(|error| {
            let reason = harmless_lines(&format!("{:#}", error.root_cause()));
            command::fault::not_valid(name, &reason)
        })?;
        world_check::check_command(name, &made.engine, &component)?;
        made.linker.instantiate_pre(&component).and_then(CommandPre::new).map_err(|error| {
            let reason = harmless_lines(&format!("{:#}", error.root_cause()));
            command::fault::unlinkable(name, &reason)
        })?;
        compiled(&component, &Checked { imports: Vec::new(), class: Class::Pure })
    }
}

impl Default for LocalCompiler {
    fn default() -> Self {
        Self::new()
    }
}

impl Compiler for LocalCompiler {
    fn compile(&self, source: &Source<'_>) -> Result<Compiled, Fault> {
        match source.kind {
            GuestKind::Plugin => self.plugin(source.name, source.bytes),
            GuestKind::Command => self.command(source.name, source.bytes),
        }
    }
}

fn compiled(component: &Component, checked: &Checked) -> Result<Compiled, Fault> {
    let failed = |reason: String| fault::sandbox("compiled code cannot be written").note(reason);
    let code = component.serialize().map_err(|error| failed(format!("{error:#}")))?;
    let facts = serde_json::to_vec(checked).map_err(|error| failed(error.to_string()))?;
    Ok(Compiled { code: Bytes::from(code), facts: Bytes::from(facts) })
}

/// What the bytes are, if they do not even begin like a component.
pub(crate) fn not_a_component(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [] => Some("an empty file"),
        [b'\0', b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => None,
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => Some("a core module"),
        [b'\0', b'a', b's', b'm', _, _, _, _, ..] => Some("a component of another format version"),
        [b'\0', b'a', b's', b'm', ..] => Some("a file that is cut off after its first bytes"),
        [0x7f, b'E', b'L', b'F', ..] => Some("machine code (ELF), which is never loaded"),
        bytes
            if bytes
                .iter()
                .take(512)
                .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) =>
        {
            Some("text")
        }
        bytes if bytes.iter().all(|byte| *byte == 0) => Some("a file of zeros"),
        _ => Some("something else"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_component_is_called_by_its_name() {
        let check = |bytes: &[u8], what| assert_eq!(not_a_component(bytes), what);
        check(b"", Some("an empty file"));
        check(b"\0asm\x0d\0\x01\0", None);
        check(b"\0asm\x01\0\0\0", Some("a core module"));
        check(b"\0asm\x0d\0", Some("a file that is cut off after its first bytes"));
        check(b"\x7fELF\x02", Some("machine code (ELF), which is never loaded"));
        check(b"(component)", Some("text"));
        check(&[0; 64], Some("a file of zeros"));
        check(b"\x89PNG\r\n", Some("something else"));
    }
}
