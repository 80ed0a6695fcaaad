//! Meter: what one execution uses of the machine, and where that ends.

use belljar_model::Fault;
use belljar_model::limits::Limit;
use wasmtime::{ResourceLimiter, Result, format_err};

use crate::fault;

/// Elements of one table: enough for every function that a linker ever put into one.
const TABLE_ELEMENTS: usize = 200_000;
/// Core instances of one component.
const INSTANCES: usize = 64;
/// Tables of one component.
const TABLES: usize = 16;
/// Linear memories of one component.
const MEMORIES: usize = 8;
/// Handles of host resources that a guest may hold at once.
pub(crate) const HANDLES: usize = 10_000;
/// Bytes that a guest may pass to the host in one call.
pub(crate) const CALL_BYTES: usize = 16 << 20;

/// Sums up the linear memories of a guest, and refuses what is over the limit.
///
/// Wasmtime's own limits count each memory for itself.
pub(crate) struct Meter {
    memory: Limit<u64>,
    used: u64,
    /// The most linear memory at any time, in bytes.
    pub(crate) peak: u64,
    /// Why growth was refused.
    pub(crate) refusal: Option<Fault>,
}

impl Meter {
    /// Starts at nothing.
    pub(crate) const fn new(memory: Limit<u64>) -> Self {
        Self { memory, used: 0, peak: 0, refusal: None }
    }

    fn refuse(&mut self, fault: Fault) -> Result<bool> {
        let error = format_err!("{}", fault.message);
        self.refusal.get_or_insert(fault);
        Err(error)
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let used = self.used + (desired - current) as u64;
        if used > self.memory.value {
            let fault = fault::memory(&self.memory);
            return self.refuse(fault);
        }
        self.used = used;
        self.peak = self.peak.max(used);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        if desired > TABLE_ELEMENTS {
            let message = format!("a table of {desired} elements; at most {TABLE_ELEMENTS}");
            return self.refuse(fault::fixed_limit(&message));
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_summed_up() {
        let mut meter = Meter::new(Limit::default_of(100));
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(meter.memory_growing(0, 40, None).unwrap());
        assert!(meter.memory_growing(40, 41, None).is_err());
        assert_eq!(meter.peak, 100);
        let fault = meter.refusal.unwrap();
        assert_eq!(fault.code.as_str(), "E0402");
    }
}
