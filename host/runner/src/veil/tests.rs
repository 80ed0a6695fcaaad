//! What a run lets out of a step that holds a secret and does its worst.

use std::sync::{Arc, Mutex};

use belljar_cases::case;
use belljar_model::event::Status;
use belljar_model::ports::{BlobSource, BlobStore, BlobWriter, WholeBlob};
use belljar_model::{Capability, Digest, Grant, SecretValue, Sharing, Veil};
use belljar_pipeline::{GrantAt, Place, Plan, Step};
use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::testing::{VALUE, World, plan, scripted};

fn granted(resource: &str, script: &Value) -> Step {
    let mut step = scripted("s", &[], script);
    let grant = Grant { capability: Capability::Secret, resource: resource.to_owned() };
    step.grants.push(GrantAt { grant, at: Place::default() });
    step
}

/// A store that shows what gets into it.
#[derive(Clone, Default)]
struct Pieces(Arc<Mutex<Vec<u8>>>);

impl BlobSource for Pieces {
    fn get(&self, _: &Digest) -> Result<Option<Bytes>, Fault> {
        Ok(None)
    }
}

impl BlobStore for Pieces {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(Digest::of(bytes))
    }

    fn contains(&self, _: &Digest) -> bool {
        false
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        Ok(WholeBlob::new(self.clone()))
    }
}

fn world() -> World {
    World::new(&[("src/a", "1")])
}

/// All that the cache holds.
fn cached(world: &World) -> String {
    let cache = &world.cache;
    let (results, traces) = (cache.results.lock().unwrap(), cache.traces.lock().unwrap());
    format!("{results:?}{traces:?}{:?}", cache.history.lock().unwrap())
}

/// Runs one step, and returns its report and all that a run has told and recorded.
fn run(world: &World, plan: &Plan) -> (belljar_model::event::StepReport, String) {
    let summary = world.run(plan);
    let events = serde_json::to_string(&world.events()).unwrap();
    let kept = format!("{events}{:?}{}{:?}", summary.reports, cached(world), world.made());
    let blobs = world.blobs.all();
    let blobs: Vec<_> = blobs.values().map(|blob| String::from_utf8_lossy(blob)).collect();
    let report = summary.reports.into_iter().next().unwrap();
    (report, format!("{kept}{}", blobs.concat()))
}

#[test]
fn what_a_step_says_of_its_secret_is_masked_wherever_it_goes() {
    case!("F01");
    for (verb, status) in
        [("say", Status::Passed), ("fail", Status::Failed), ("err", Status::Errored)]
    {
        let plan = plan([granted("token", &json!([["tell", "token", verb]]))]);
        let (report, told) = run(&world(), &plan);
        assert_eq!(report.status, status, "{verb}");
        assert!(told.contains("***") && !told.contains(VALUE), "{verb}: {told}");
    }
}

#[test]
fn a_name_or_a_question_with_a_secret_in_it_ends_the_step_and_leaves_no_record() {
    case!("F02");
    for verb in ["name", "ask"] {
        let plan = plan([granted("token", &json!([["tell", "token", verb]]))]);
        let world = world();
        let (report, told) = run(&world, &plan);
        assert_eq!(report.fault.unwrap().code.as_str(), "E0432", "{verb}");
        assert!(world.made().is_empty() && !told.contains(VALUE), "{verb}: {told}");
        assert_eq!(run(&world, &plan).0.source, None, "{verb}: nothing was recorded");
    }
}

#[test]
fn a_step_has_the_secrets_of_its_grants_and_no_other() {
    case!("F03");
    let step = scripted("s", &[], &json!([["tell", "token", "say"]]));
    let (report, _) = run(&world(), &plan([step]));
    let fault = report.fault.unwrap();
    assert_eq!(fault.code.as_str(), "E0431");
    assert!(fault.help.unwrap().contains("add `grants.secrets = [\"token\"]` to `[step.s]`"));
}

#[test]
fn a_result_is_found_by_the_name_and_version_of_a_secret_and_stays_here() {
    case!("F04");
    let world = world();
    let step = |resource: &str| plan([granted(resource, &json!([["write", "gen/x"]]))]);
    let executed = |resource: &str| world.executed(&step(resource)).len();
    assert_eq!([executed("token"), executed("token"), executed("token@2")], [1, 0, 1]);
    let results = cached(&world);
    assert!(results.contains("Local") && !results.contains("Free"), "{results}");
    assert_eq!(Sharing::Free.max(Sharing::Local), Sharing::Local);
}

#[test]
fn a_sealed_store_takes_no_value_and_a_masked_one_takes_it_out() {
    case!("F02");
    let value = SecretValue::new(VALUE.as_bytes().to_vec()).unwrap();
    let (veil, inner) = (Veil::over([&value]), Pieces::default());
    let sealed = SealedBlobs::new(Arc::new(inner.clone()), veil.clone());
    let text = format!("a {VALUE} b");
    let (left, right) = text.as_bytes().split_at(9);
    assert_eq!(sealed.put(text.as_bytes()).unwrap_err().code.as_str(), "E0432");
    let mut writer = sealed.writer().unwrap();
    writer.append(left).unwrap();
    assert_eq!(writer.append(right).unwrap_err().code.as_str(), "E0432");
    drop(writer);
    assert_eq!(*inner.0.lock().unwrap(), b"", "what was there before the value is dropped");
    let masked = MaskedBlobs::new(Arc::new(inner.clone()), veil);
    let mut writer = masked.writer().unwrap();
    writer.append(left).unwrap();
    writer.append(right).unwrap();
    writer.finish().unwrap();
    assert_eq!(*inner.0.lock().unwrap(), b"a *** b");
}
