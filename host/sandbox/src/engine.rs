//! How wasmtime is set up: which proposals are on, how instances are placed, what ticks.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Result,
    Strategy, WasmBacktraceDetails,
};

/// How often a running guest is looked after.
const TICK: Duration = Duration::from_millis(10);

/// The largest linear memory, in bytes: all that 32-bit addresses reach.
const MAX_MEMORY: usize = 4 << 30;

/// What an engine is for. Code that one has compiled is run by another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// To compile; it makes no instances.
    Compile,
    /// To run what was compiled elsewhere, up to so many executions at once.
    Run {
        /// How many.
        parallel: usize,
    },
    /// Both, in one process.
    Both {
        /// How many executions at once.
        parallel: usize,
    },
}

/// Makes an engine.
///
/// Instances are placed into slots that are reserved once, which makes a fresh instance cheap.
/// Where so much address space is not to be had, each instance gets memory of its own.
///
/// # Errors
/// When this machine cannot run guests at all.
pub(crate) fn make(purpose: Purpose) -> Result<Engine> {
    let mut config = config();
    let parallel = match purpose {
        Purpose::Compile => return Engine::new(&config),
        Purpose::Run { parallel } => {
            config.enable_compiler(false);
            parallel
        }
        Purpose::Both { parallel } => parallel,
    };
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(parallel)));
    let engine = Engine::new(&config).or_else(|_| {
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })?;
    tick(&engine);
    Ok(engine)
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .epoch_interruption(true)
        .consume_fuel(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false)
        .relaxed_simd_deterministic(true)
        .max_wasm_stack(1 << 20)
        // Named, because the default asks an environment variable and changes compiled code.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(64))
        .memory_init_cow(true)
        .native_unwind_info(false);
    config
}

fn pool(parallel: usize) -> PoolingAllocationConfig {
    // One slot for each execution, one for a tool that it waits for, and some for plugins that
    // are described meanwhile.
    let slots = u32::try_from(parallel).unwrap_or(u32::MAX).clamp(1, 256) * 2 + 4;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(8 * slots)
        .total_memories(2 * slots)
        .total_tables(4 * slots)
        .max_memory_size(MAX_MEMORY)
        .max_memories_per_component(8)
        .max_tables_per_component(16)
        .max_core_instances_per_component(64)
        .table_elements(200_000)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .linear_memory_keep_resident(64 << 10)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(slots);
    pool
}

/// Starts the thread that makes guests look up from their work. It ends with the engine.
fn tick(engine: &Engine) {
    let engine = engine.weak();
    let run = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    };
    let started = thread::Builder::new().name("belljar-tick".to_owned()).spawn(run);
    started.expect("a thread can be started");
}
