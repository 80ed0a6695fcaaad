//! This program as a worker: sealed before it reads a byte of a guest.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use belljar_model::ports::{BlobSource, BlobStore, Compiler, Guests};
use belljar_sandbox::{AotOptions, LocalCompiler, LocalGuests, Sandbox};
use belljar_worker::{Bounds, EarlyWorkers, Options, Sentences, Workers};

use crate::error::CommandError;

/// The argument that makes this program a worker that runs guests.
const RUNS: &str = "--belljar-worker";
/// The argument that makes this program a worker that compiles.
const COMPILES: &str = "--belljar-compile";
/// This program. Not by its path: the file may have been replaced since this process began.
const PROGRAM: &str = "/proc/self/exe";
/// How long compiling may take, however little processor time it gets.
const WALL: Duration = Duration::from_secs(180);

/// Acts as a worker if this process was started as one, and returns with what to exit.
#[cfg(target_os = "linux")]
pub(crate) fn entry() -> Option<ExitCode> {
    use belljar_tool::seal::{self, Sealed};
    use belljar_worker::{Role, refuse, serve};

    let what = std::env::args_os().nth(1)?;
    let sealed = match what.to_str()? {
        RUNS => Sealed::Guests,
        COMPILES => Sealed::Compiler,
        _ => return None,
    };
    let seal = seal::worker(sealed);
    let socket = seal::socket();
    let seal = match seal {
        Ok(seal) => seal,
        Err(error) => {
            refuse(socket, &error.to_string());
            return Some(ExitCode::FAILURE);
        }
    };
    serve(socket, (true, seal.landlock), |blobs| match sealed {
        Sealed::Guests => {
            let guests = LocalGuests::new(1, blobs.inputs, blobs.outputs);
            // If this fails, so does the first call, and says why.
            let _ = guests.prepare();
            Role::Guests(Arc::new(guests))
        }
        Sealed::Compiler => Role::Compiler(Arc::new(LocalCompiler::new())),
    });
    Some(ExitCode::SUCCESS)
}

/// There are no workers on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn entry() -> Option<ExitCode> {
    None
}

/// What executes guests, and the workers in which it does so, where there are any.
pub(crate) struct Opened {
    /// What executes guests.
    pub(crate) sandbox: Sandbox,
    /// Its workers; `None` where the system has nothing that could keep them apart.
    pub(crate) workers: Option<Arc<Workers>>,
}

/// Opens a sandbox whose guests run in workers, over these inputs and outputs.
///
/// # Errors
/// When the folder for compiled plugins cannot be made.
pub(crate) fn open(
    aot: AotOptions,
    (inputs, outputs): (Arc<dyn BlobSource>, Arc<dyn BlobStore>),
    parallel: usize,
    early: Option<EarlyWorkers>,
) -> Result<Opened, CommandError> {
    let failed = |error: belljar_sandbox::SandboxError| CommandError::Other(error.into());
    if !cfg!(target_os = "linux") {
        let (blobs_in, blobs_out) = (inputs, outputs);
        let options = belljar_sandbox::Options { aot: Some(aot), blobs_in, blobs_out, parallel };
        let sandbox = Sandbox::new(options).map_err(failed)?;
        return Ok(Opened { sandbox, workers: None });
    }
    let workers = Arc::new(Workers::new(options(inputs, outputs), early));
    let compiler = Arc::clone(&workers) as Arc<dyn Compiler>;
    let guests = Arc::clone(&workers) as Arc<dyn Guests>;
    let sandbox = Sandbox::elsewhere(Some(aot), compiler, guests).map_err(failed)?;
    Ok(Opened { sandbox, workers: Some(workers) })
}

/// Begins to start so many workers, for a run that will need them before it has opened anything.
/// `None` where there are none, or if that fails: the first call says why.
pub(crate) fn start_early(count: usize) -> Option<EarlyWorkers> {
    cfg!(target_os = "linux").then(|| EarlyWorkers::start(PROGRAM.as_ref(), RUNS, count))?
}

fn options(inputs: Arc<dyn BlobSource>, outputs: Arc<dyn BlobStore>) -> Options {
    Options {
        program: PROGRAM.into(),
        runs: RUNS,
        compiles: COMPILES,
        bounds: bounds(),
        inputs,
        outputs,
        sentences: Sentences {
            time_up: belljar_sandbox::time_up,
            cancelled: belljar_sandbox::cancelled,
        },
    }
}

/// What compiling is held to on this machine, as messages say it.
#[cfg(target_os = "linux")]
fn bounds() -> Bounds {
    use belljar_model::text::bytes;
    use belljar_tool::seal::{CPU_SECONDS, CompileBounds, MEMORY_BYTES, compile_bounds};

    let CompileBounds { cpu_seconds, memory_bytes } = compile_bounds();
    let usual = cpu_seconds == CPU_SECONDS && memory_bytes == MEMORY_BYTES;
    let note = (!usual).then(|| {
        let memory = bytes(MEMORY_BYTES);
        format!(
            "usually it may take {CPU_SECONDS} s and {memory}; this process was given less \
             itself (`ulimit -t`, `ulimit -d`, `ulimit -v`)"
        )
    });
    Bounds { cpu: format!("{cpu_seconds} s"), memory: bytes(memory_bytes), wall: WALL, note }
}

/// Nothing is compiled in a process of its own on this system.
#[cfg(not(target_os = "linux"))]
fn bounds() -> Bounds {
    Bounds { cpu: String::new(), memory: String::new(), wall: WALL, note: None }
}
