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
