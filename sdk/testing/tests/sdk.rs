//! The SDK's own behavior, seen through its test harness.

use std::io::{Read as _, Write as _};

use belljar_sdk::prelude::*;
use belljar_sdk::{ConfigProblem, InputProblem, Level};
use belljar_sdk_testing::{Observation, Run, json};

#[belljar_sdk::config]
struct Config {
    /// How many.
    how_many: u32,
    #[serde(default)]
    mode: Mode,
}

#[belljar_sdk::config]
#[derive(Default)]
enum Mode {
    #[default]
    VeryQuick,
    Slow,
}

/// Reports as many findings as it is told.
///
/// And logs.
#[belljar_sdk::step(name = "counter")]
fn run(config: Config, cx: &mut Cx) -> StepResult {
    cx.log().info(format_args!("mode {:?}", config.mode));
    for number in 0..config.how_many {
        cx.finding(Finding::note("rule", number.to_string()));
    }
    fail!("counted", "{} findings", config.how_many);
}

#[test]
fn findings_arrive_in_order_and_in_batches_even_when_the_step_fails() {
    let ran = Run::new(run).config(json!({ "how-many": 600, "mode": "slow" })).execute();
    assert_eq!(ran.failure_code(), Some("counted"));
    assert_eq!((ran.findings().len(), ran.finding_batches()), (600, 3));
    assert_eq!(ran.findings()[599].message, "599");
    assert_eq!((ran.log()[0].level, ran.log()[0].message.as_str()), (Level::Info, "mode Slow"));
}

#[test]
fn a_config_that_serde_refuses_is_an_invalid_config() {
    let ran = Run::new(run).config(json!({ "how-many": 1, "extra": 1 })).execute();
    let [ConfigProblem { message, .. }] = ran.config_problems() else {
        panic!("{:?}", ran.result());
    };
    assert!(message.contains("unknown field `extra`"), "{message}");
}

#[test]
fn the_descriptor_has_the_docs_and_the_schema_of_the_config() {
    let descriptor = describe();
    assert_eq!(descriptor.name, "counter");
    assert_eq!(descriptor.docs_md, "Reports as many findings as it is told.\n\nAnd logs.");
    let schema: belljar_sdk::serde_json::Value =
        belljar_sdk::serde_json::from_str(&descriptor.config_schema).unwrap();
    assert_eq!(schema["properties"]["how-many"]["description"], "How many.");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], json!(["how-many"]));
}

fn read_all(_: NoConfig, cx: &mut Cx) -> StepResult {
    let paths = cx.inputs().glob(&["**"]).into_iter().map(|found| found.path);
    let mut sizes = Vec::new();
    for (path, bytes) in cx.inputs().read_many(paths) {
        sizes.push(format!("{path}:{}", bytes?.len()));
    }
    Ok(Outcome::new(sizes.join(" ")))
}

#[test]
fn read_many_keeps_the_order_and_asks_again_for_what_does_not_fit() {
    let check = |limit: usize| {
        let run = Run::new(read_all).crossing_limit(limit);
        let run = run.input("a", "12").input("b", "12345").input("c", "").input("d", "123");
        assert_eq!(run.execute().outcome().summary, "a:2 b:5 c:0 d:3", "limit {limit}");
    };
    [1, 2, 4, 5, 7, 100].into_iter().for_each(check);
}

fn copy_large(_: NoConfig, cx: &mut Cx) -> StepResult {
    let mut reader = cx.inputs().open("large");
    let mut writer = cx.outputs().create("copy")?;
    let copied = std::io::copy(&mut reader, &mut writer)?;
    let written = writer.written();
    writer.write_all(b"!")?;
    writer.finish()?;
    let whole = cx.inputs().read("large")?.len();
    Ok(Outcome::new(format!("{copied} {written} {whole}")))
}

#[test]
fn a_large_file_is_streamed_from_input_to_output() {
    let large: Vec<u8> = (0..3_000_001_u32).map(|at| at.to_le_bytes()[0]).collect();
    let ran = Run::new(copy_large).crossing_limit(100).input("large", &large).execute();
    assert_eq!(ran.outcome().summary, "3000001 3000001 3000001");
    let expected: Vec<u8> = large.into_iter().chain(*b"!").collect();
    assert_eq!(ran.output("copy"), expected);
}

fn ask(_: NoConfig, cx: &mut Cx) -> StepResult {
    let inputs = cx.inputs();
    let problem = |path: &str| inputs.read_text(path).map_err(|error| error.problem);
    let mut text = String::new();
    inputs.open("src/link").read_to_string(&mut text)?;
    let answers = [problem("secret"), problem("src/none"), problem("src"), problem("../x")];
    let expected = [
        Err(InputProblem::NotDeclared),
        Err(InputProblem::NotFound),
        Err(InputProblem::NotAFile),
        Err(InputProblem::InvalidPath),
    ];
    if answers != expected {
        fail!("unexpected", "{answers:?}");
    }
    inputs.read("secret")?;
    Ok(Outcome::new(text))
}

#[test]
fn what_is_not_declared_is_refused_and_still_observed() {
    let run = Run::new(ask).declare_inputs(&["src/**"]);
    let run = run.input("src/a", "text").link("src/link", "src/a").input("secret", "x");
    let ran = run.execute();
    let message = "`secret` is not among the step's inputs";
    assert_eq!(ran.result(), &Err(StepError::internal(message)));
    assert!(ran.observations().contains(&Observation::Read("secret".to_owned())));
}

fn write_twice(_: NoConfig, cx: &mut Cx) -> StepResult {
    cx.outputs().write("dist/a", "1")?;
    let refused = ["dist/a/b", "other"].map(|path| match cx.outputs().write(path, "2") {
        Ok(digest) => digest,
        Err(error) => error.to_string(),
    });
    drop(cx.outputs().create("dist/unfinished")?);
    Ok(Outcome::new(refused.join("; ")))
}

#[test]
fn an_output_is_written_once_declared_and_finished() {
    let ran = Run::new(write_twice).declare_outputs(&["dist/**"]).execute();
    assert_eq!(
        ran.outcome().summary,
        "`dist/a/b` was written before, or is a directory; \
         `other` is not among the step's outputs"
    );
    assert_eq!(ran.outputs().keys().collect::<Vec<_>>(), ["dist/a"]);
}

fn endless(_: NoConfig, cx: &mut Cx) -> StepResult {
    loop {
        cx.log().debug("turn");
        cx.check_cancelled()?;
    }
}

#[test]
fn a_step_that_asks_is_cancelled() {
    let ran = Run::new(endless).cancel_after(2).execute();
    assert_eq!(ran.result(), &Err(StepError::Cancelled));
    assert_eq!(ran.log().len(), 3);
}
