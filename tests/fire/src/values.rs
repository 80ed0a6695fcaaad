//! What is put into a store under fire. A number decides a record and every byte that it names,
//! so that each reader knows what it must find, whoever wrote it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use belljar_model::action_result::OutputFile;
use belljar_model::ports::{Clock, Past};
use belljar_model::{
    ActionDigest, ActionResult, Answer, Class, Cost, Digest, FamilyDigest, Observation, Question,
    Sharing, StepName, Trace, TrustLevel, Verdict, WorkspacePath,
};
use belljar_store::{MachineKey, Trust};

use crate::dice::Dice;

/// A machine that trusts itself.
pub(crate) fn trust() -> Trust {
    let level = TrustLevel::Developer;
    let key = MachineKey::from_secret(&[7; 32]);
    Trust { key, level, least: level, known: BTreeMap::new(), host: "fire".to_owned() }
}

/// A clock that no one sets: it goes on by a millisecond each time it is asked. It starts later
/// than the real time, so that every file looks old to garbage collection.
#[derive(Debug)]
pub(crate) struct StepClock(AtomicU64);

impl Default for StepClock {
    fn default() -> Self {
        Self(AtomicU64::new(4_000_000_000_000))
    }
}

impl Clock for StepClock {
    fn now_ms(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.now_ms())
    }
}

/// Small blobs wait in memory, larger ones in files.
const SIZES: [u64; 6] = [1, 40, 900, 5_000, 60_000, 90_000];

/// The blobs of a record.
pub(crate) fn blobs(record: u64) -> Vec<Vec<u8>> {
    let mut dice = Dice::new(record.wrapping_mul(0x1000_0001));
    let blob = |number: u64, dice: &mut Dice| {
        let size = usize::try_from(*dice.of(&SIZES) + dice.below(64)).unwrap_or(0);
        let line = format!("record {record} blob {number} {:016x}\n", dice.roll());
        let mut bytes = line.repeat(size / line.len() + 1).into_bytes();
        bytes.truncate(size);
        bytes
    };
    (0..=record % 3).map(|number| blob(number, &mut dice)).collect()
}

/// What a record says.
pub(crate) fn result(record: u64) -> ActionResult {
    let output = |(number, bytes): (usize, Vec<u8>)| OutputFile {
        path: path(&format!("out/{number}")),
        digest: Digest::of(&bytes),
        executable: record.is_multiple_of(2),
    };
    ActionResult {
        verdict: Verdict::Passed,
        summary: format!("record {record}"),
        class: Class::Pure,
        sharing: Sharing::Free,
        outputs: blobs(record).into_iter().enumerate().map(output).collect(),
        findings: Vec::new(),
        tests: Vec::new(),
        coverage: Vec::new(),
        log: None,
        isolation: None,
        tool: None,
        cost: Cost::default(),
    }
}

fn path(text: &str) -> WorkspacePath {
    WorkspacePath::parse(text).expect("ours are well formed")
}

/// The key of a record.
pub(crate) fn action(record: u64) -> ActionDigest {
    ActionDigest::from_bytes(*Digest::of(&record.to_le_bytes()).hash())
}

/// The family of a record; four records share one.
pub(crate) fn family(record: u64) -> FamilyDigest {
    FamilyDigest::from_bytes(*Digest::of(&(record / 4).to_be_bytes()).hash())
}

/// What the execution behind a record saw.
pub(crate) fn trace(record: u64) -> Trace {
    let question = Question::Content(path(&format!("in/{record}")));
    let answer = Answer::Content(Digest::of(&record.to_be_bytes()));
    Trace(vec![Observation { question, answer }])
}

/// The step that made a record.
pub(crate) fn step(record: u64) -> StepName {
    StepName::new(&format!("step-{}", record % 8))
}

/// How that went.
pub(crate) fn past(record: u64) -> Past {
    Past {
        action: action(record),
        family: family(record),
        run: "run".to_owned(),
        at: record,
        plugin: "plugin@1".to_owned(),
        fields: Vec::new(),
        unrecorded: None,
        wall_us: record,
    }
}
