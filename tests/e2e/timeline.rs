//! `run --trace`: the file says what was done when, and readers of trace events understand it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::examples::example;
use crate::harness::TestWorkspace;

/// Runs everything, and returns the events of the timeline.
#[track_caller]
fn traced(workspace: &TestWorkspace) -> Vec<Value> {
    workspace.run(["run", "--progress", "none", "--trace", "run.trace.json"]).exits(0);
    let mut file: Value = serde_json::from_str(&workspace.read("run.trace.json")).unwrap();
    let Value::Array(events) = file["traceEvents"].take() else { panic!("no events: {file}") };
    events
}

fn stretches<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["ph"] == "X" && event["cat"] == kind)
}

/// When a stretch began and ended, in nanoseconds.
fn times(event: &Value) -> (u64, u64) {
    let nanoseconds = |value: &Value| {
        let micros = value.as_f64().expect("a time is a number");
        format!("{:.0}", micros * 1_000.0).parse::<u64>().expect("no time is below zero")
    };
    let start = nanoseconds(&event["ts"]);
    (start, start + nanoseconds(&event["dur"]))
}

/// Of two stretches on one lane, either the one lies within the other or they do not meet.
#[track_caller]
fn check_nesting(events: &[Value]) {
    let mut lanes: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["ph"] == "X") {
        lanes.entry(event["tid"].as_u64().unwrap()).or_default().push(event);
    }
    for stretches in lanes.values() {
        let mut around: Vec<(u64, u64)> = Vec::new();
        for event in stretches {
            let (start, end) = times(event);
            while around.pop_if(|(_, until)| *until <= start).is_some() {}
            if let Some((from, until)) = around.last() {
                assert!(*from <= start && end <= *until, "{event} is not within {from}..{until}");
            }
            around.push((start, end));
        }
    }
    let named = events.iter().filter(|event| event["name"] == "thread_name");
    let named: Vec<_> = named.map(|event| event["tid"].as_u64().unwrap()).collect();
    assert!(lanes.keys().all(|lane| named.contains(lane)), "each lane has a name");
}

#[test]
fn a_traced_run_shows_every_step_with_its_key_and_what_was_done_for_it() {
    let workspace = example("docs-site");
    let reports = workspace.reports(&[]);
    let names: Vec<_> = reports.iter().map(|report| report["step"].as_str().unwrap()).collect();
    assert!(names.len() > 3, "{names:?}");
    let again = example("docs-site");
    let events = traced(&again);
    check_nesting(&events);
    for name in &names {
        let mut steps = stretches(&events, "step").filter(|event| event["name"] == *name);
        let step = steps.next().unwrap_or_else(|| panic!("no step `{name}`"));
        assert_eq!((&step["args"]["source"], steps.next()), (&Value::from("executed"), None));
        assert_eq!(step["args"]["miss"], "never run before");
        assert!(step["args"]["key"].is_string() && step["args"]["observations"].is_u64(), "{step}");
        let (from, until) = times(step);
        let mut parts = ["key", "look up", "execute", "record"].into_iter();
        let has = |part| {
            stretches(&events, part).any(|event| {
                let (start, end) = times(event);
                event["tid"] == step["tid"] && from <= start && end <= until
            })
        };
        assert!(parts.all(has), "{name}: {step}");
    }
    for phase in ["read the pipeline", "load a plugin", "run", "flush"] {
        assert!(stretches(&events, phase).next().is_some(), "{phase}");
    }
    let events = traced(&again);
    check_nesting(&events);
    assert!(stretches(&events, "step").all(|step| step["args"]["source"] == "exact-hit"));
    assert_eq!(stretches(&events, "execute").count(), 0);
}

#[test]
fn the_set_up_of_a_tool_is_apart_from_its_work() {
    let workspace = TestWorkspace::with(
        "[plugins]\ncommand = \"builtin:command\"\n[tools]\ncat = \"cat\"\n[step.s]\n\
         uses = \"command\"\ngrants.tools = [\"cat\"]\ninputs = [\"a\"]\n\
         with.run = [\"cat\", \"a\"]\n",
    );
    workspace.write("a", "text\n");
    let events = traced(&workspace);
    check_nesting(&events);
    let tool = stretches(&events, "tool").next().expect("it ran a tool");
    assert_eq!((&tool["name"], &tool["args"]["args"]), (&"cat".into(), &"a".into()));
    assert_eq!(tool["args"]["source"], "executed");
    let order = ["put inputs in place", "set up the sandbox", "work of a tool", "collect outputs"];
    let mut behind = times(tool).0;
    for part in order {
        let found = stretches(&events, part).find(|event| times(event).0 >= behind);
        behind = times(found.unwrap_or_else(|| panic!("no `{part}` behind the one before"))).1;
    }
    assert!(behind <= times(tool).1, "all of it is within the run of the tool");
}

#[test]
fn a_file_that_cannot_be_made_is_said_before_anything_runs() {
    let workspace = TestWorkspace::with("[plugins]\n");
    let run = workspace.run(["run", "--trace", "no/folder/x.json"]).exits(3);
    assert!(run.stderr.contains("the file for --trace cannot be written"), "{run:#?}");
    assert!(!workspace.path(".belljar").exists());
}
