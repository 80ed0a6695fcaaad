//! From a core module of WASI 0.1 to a component: the functions of the old interface are put
//! together from those of the new one, inside of the component.

use belljar_model::Fault;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wit_component::ComponentEncoder;

use super::fault;
use belljar_model::text::harmless_lines;

/// Whether the bytes begin like a core module.
pub(crate) fn is_module(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm\x01\0\0\0")
}

/// Makes a component of a core module.
///
/// # Errors
/// When it imports what neither WASI 0.1 nor a description inside of it explains, or is broken.
pub(crate) fn component(tool: &str, module: &[u8]) -> Result<Vec<u8>, Fault> {
    let encoder = ComponentEncoder::default().validate(false);
    encoder
        .module(module)
        .and_then(|encoder| {
            let adapter = WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
            encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter)
        })
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| fault::not_adapted(tool, &harmless_lines(&format!("{error:#}"))))
}
