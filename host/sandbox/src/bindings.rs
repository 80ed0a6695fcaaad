//! The host's side of every interface that a guest may import, made from the WIT files.

/// What ordinary toolchains import.
pub(crate) mod ambient {
    wasmtime::component::bindgen!({
        path: "wit-wasi",
        world: "belljar:sandbox/ambient",
        imports: { default: trappable },
        with: {
            "wasi:io/error.error": crate::io::StreamFailure,
            "wasi:io/poll.pollable": crate::io::Pollable,
            "wasi:io/streams.input-stream": crate::io::InputStream,
            "wasi:io/streams.output-stream": crate::io::OutputStream,
            "wasi:cli/terminal-input.terminal-input": crate::cli::Terminal,
            "wasi:cli/terminal-output.terminal-output": crate::cli::Terminal,
            "wasi:filesystem/types.descriptor": crate::vfs::Descriptor,
            "wasi:filesystem/types.directory-entry-stream": crate::vfs::EntryStream,
        },
    });
}

/// What a plugin imports and exports.
pub(crate) mod plugin {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "belljar:step/step-plugin",
        imports: { default: trappable },
        with: {
            "belljar:step/outputs.writer": crate::step_imports::OutputWriter,
            "belljar:step/tool.ran": crate::step_imports::RanTool,
            "belljar:step/secrets.secret": crate::step_imports::OpenSecret,
        },
    });
}

/// What a plugin that deploys imports beside, and what it exports. What it shares with other
/// plugins is mapped to their bindings, so that the same implementations answer both.
pub(crate) mod deploy {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "belljar:step/deploy-plugin",
        imports: { default: trappable },
        with: {
            "belljar:step/types": crate::bindings::plugin::belljar::step::types,
            "belljar:step/log": crate::bindings::plugin::belljar::step::log,
            "belljar:step/control": crate::bindings::plugin::belljar::step::control,
            "belljar:step/inputs": crate::bindings::plugin::belljar::step::inputs,
        },
    });
}

/// What a WASI command exports. It imports what is ambient, and nothing else.
pub(crate) mod command {
    wasmtime::component::bindgen!({
        path: "wit-wasi",
        world: "belljar:sandbox/command",
    });
}
