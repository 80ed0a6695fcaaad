//! Stores in temporary folders, and values to put into them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use belljar_model::action_result::OutputFile;
use belljar_model::ports::{Clock, Past};
use belljar_model::{
    ActionDigest, ActionResult, Answer, Class, Cost, Digest, FamilyDigest, Observation, Question,
    Sharing, Trace, TrustLevel, Verdict, WorkspacePath,
};

use crate::store::Store;
use crate::trust::{MachineKey, Trust};

/// A clock that a test moves.
pub(crate) struct FakeClock(AtomicU64);

impl FakeClock {
    /// Where it starts: later than the real time, so that files look old.
    pub(crate) const START: u64 = 4_000_000_000_000;
}

impl Clock for FakeClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.now_ms())
    }
}

/// A folder for a store.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
    clock: Arc<FakeClock>,
    /// As whom the next store is opened.
    pub(crate) trust: Trust,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FakeClock(AtomicU64::new(FakeClock::START)));
        Self { folder: tempfile::tempdir().unwrap(), clock, trust: trust(1, TrustLevel::Developer) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn clock(&self) -> Arc<FakeClock> {
        Arc::clone(&self.clock)
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.clock.0.fetch_add(millis, Ordering::Relaxed);
    }

    /// Opens the store, as another process would.
    pub(crate) fn open(&self) -> Store {
        Store::open(self.path(), self.clock(), self.trust.clone()).unwrap()
    }
}

/// A machine that writes at a level, accepts that level, and knows no other.
pub(crate) fn trust(machine: u8, level: TrustLevel) -> Trust {
    let key = MachineKey::from_secret(&[machine; 32]);
    Trust { key, level, least: level, known: BTreeMap::new(), host: "0.1.0".to_owned() }
}

pub(crate) fn action(number: u8) -> ActionDigest {
    ActionDigest::from_bytes([number; 32])
}

pub(crate) fn family(number: u8) -> FamilyDigest {
    FamilyDigest::from_bytes([number; 32])
}

/// A result whose outputs are the given blobs.
pub(crate) fn result(summary: &str, outputs: &[Digest]) -> ActionResult {
    let output = |(number, digest): (usize, &Digest)| OutputFile {
        path: WorkspacePath::parse(&format!("out/{number}")).unwrap(),
        digest: *digest,
        executable: false,
    };
    ActionResult {
        verdict: Verdict::Passed,
        summary: summary.to_owned(),
        class: Class::Pure,
        outputs: outputs.iter().enumerate().map(output).collect(),
        findings: Vec::new(),
        tests: Vec::new(),
        coverage: Vec::new(),
        log: None,
        isolation: None,
        tool: None,
        sharing: Sharing::Free,
        cost: Cost::default(),
    }
}

pub(crate) fn trace(number: u8) -> Trace {
    let path = WorkspacePath::parse(&format!("in/{number}")).unwrap();
    let answer = Answer::Content(Digest::of(&[number]));
    Trace(vec![Observation { question: Question::Content(path), answer }])
}

pub(crate) fn past(number: u8) -> Past {
    Past {
        action: action(number),
        family: family(0),
        run: "run".to_owned(),
        at: u64::from(number),
        plugin: "plugin@1".to_owned(),
        fields: Vec::new(),
        unrecorded: None,
        wall_us: u64::from(number),
    }
}
