//! Native tools as a step runs them, seen through the test harness.

use belljar_sdk::prelude::*;
use belljar_sdk::{OutError, RanError, RanProblem, ToolNeed};
use belljar_sdk_testing::{Observation, Run, ToolAnswer, ToolCall};

/// Asks for what it runs.
#[belljar_sdk::step(tools = [("cc", "compiles"), ("ld", "links", ">=2.40")])]
fn asks(_: NoConfig, cx: &mut Cx) -> StepResult {
    Ok(Outcome::new(cx.tools().granted().join(" ")))
}

#[test]
fn the_descriptor_asks_and_the_user_grants() {
    let need = |name: &str, reason: &str, version: &str| ToolNeed {
        name: name.to_owned(),
        version_req: version.to_owned(),
        reason: reason.to_owned(),
    };
    assert_eq!(describe().tools, [need("cc", "compiles", ""), need("ld", "links", ">=2.40")]);
    let ran = Run::new(asks).tool("ld", silent).tool("cc", silent).execute();
    assert_eq!(ran.outcome().summary, "cc ld");
}

fn silent(_: &ToolCall) -> ToolAnswer {
    ToolAnswer::exit(0)
}

/// A tool that prints which files it sees.
fn ls(call: &ToolCall) -> ToolAnswer {
    let names: Vec<&str> = call.files.keys().map(String::as_str).collect();
    ToolAnswer::exit(0).stdout(names.join(" "))
}

fn list(_: NoConfig, cx: &mut Cx) -> StepResult {
    cx.outputs().write("out/made", "")?;
    cx.outputs().write(".scratch/part", "")?;
    let seen =
        |patterns: [&str; 2]| cx.tools().run(&Command::new("ls").read(patterns)).stdout_text();
    Ok(Outcome::new([seen(["src/**", "out/**"]), seen(["**", "!src"])].join("; ")))
}

#[test]
fn a_tool_sees_what_is_read_of_the_inputs_and_over_them_what_the_step_wrote() {
    let run = Run::new(list).declare_inputs(&["src/**"]).declare_outputs(&["out/**"]);
    let run = run.input("src/a", "").link("src/b", "src/a").input("secret", "");
    let ran = run.tool("ls", ls).execute();
    assert_eq!(ran.outcome().summary, "out/made src/a src/b; .scratch/part out/made");
    assert_eq!(ran.outputs().keys().collect::<Vec<_>>(), ["out/made"]);
    assert!(ran.observations().contains(&Observation::Digest("src/a".to_owned())));
}

fn keep(_: NoConfig, cx: &mut Cx) -> StepResult {
    let command = Command::new("cc").write(["out/**", "a.o", ".scratch/**"]);
    let ran = cx.tools().run(&command);
    assert_eq!(ran.keep("a.o", ".scratch/a.o").map_err(|error| error.problem).err(), None);
    let problem = |path: &str, dest: &str| {
        let error = ran.keep(path, dest).expect_err("it must be refused");
        (error.path, error.problem)
    };
    assert_eq!(problem("a.o", "a.o"), ("a.o".to_owned(), OutError::NotDeclared));
    assert_eq!(problem("none", "out/x"), ("none".to_owned(), OutError::NoInput));
    assert_eq!(problem("junk", "out/x"), ("junk".to_owned(), OutError::NoInput));
    let left = ran.keep_all()?;
    assert_eq!(problem("a.o", "out/a"), ("out/a".to_owned(), OutError::Exists));
    let links: Vec<String> =
        ran.links().into_iter().map(|link| format!("{}->{}", link.path, link.target)).collect();
    let left: Vec<String> = left.into_iter().map(|file| file.path).collect();
    Ok(Outcome::new(format!("{} {}", left.join(" "), links.join(" "))))
}

#[test]
fn what_a_tool_made_is_kept_at_declared_outputs_and_the_rest_is_told() {
    let cc = |_: &ToolCall| {
        let answer = ToolAnswer::exit(0).file("a.o", "o").file("junk", "").link("out/l", "a");
        answer.executable("out/a", "x").link("l", "a")
    };
    let ran = Run::new(keep).declare_outputs(&["out/**"]).tool("cc", cc).execute();
    assert_eq!(ran.outcome().summary, "a.o out/l->a");
    assert_eq!(ran.outputs().keys().collect::<Vec<_>>(), ["out/a"]);
    assert!(ran.outputs()["out/a"].executable);
}

fn read(_: NoConfig, cx: &mut Cx) -> StepResult {
    let ran = cx.tools().run(&Command::new("cc").write(["*"]));
    let problem = |path: &str| match ran.read_text(path) {
        Err(RanError { problem, .. }) => Some(problem),
        Ok(_) => None,
    };
    assert_eq!(problem("none"), Some(RanProblem::NotMade));
    assert_eq!(problem("binary"), Some(RanProblem::NotText));
    assert_eq!((ran.success(), ran.stderr_text().as_str()), (false, "\u{fffd}"));
    let sizes = (ran.code(), ran.stdout().len(), ran.read("large")?.len());
    Ok(Outcome::new(format!("{sizes:?}")))
}

#[test]
fn what_a_tool_printed_and_made_is_read_whole_whatever_its_size() {
    for size in [0, 1, 1 << 20, (1 << 20) + 1, 3 << 20] {
        let cc = move |_: &ToolCall| {
            let large = vec![b'x'; size];
            let answer = ToolAnswer::exit(-1).stdout(&large).stderr([0xff]);
            answer.file("large", large).file("binary", [0xff])
        };
        let ran = Run::new(read).tool("cc", cc).execute();
        assert_eq!(ran.outcome().summary, format!("(-1, {size}, {size})"));
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the form of every step")]
fn join(_: NoConfig, cx: &mut Cx) -> StepResult {
    let echo = |at: i32| Command::new("echo").arg(at.to_string()).label(format!("part {at}"));
    let codes = |count: i32| -> Vec<i32> {
        cx.tools().run_all((0..count).map(echo)).iter().map(belljar_sdk::Ran::code).collect()
    };
    Ok(Outcome::new(format!("{:?} {:?}", codes(3), codes(0))))
}

#[test]
fn the_answers_of_a_join_are_in_the_order_of_its_commands() {
    let echo = |call: &ToolCall| ToolAnswer::exit(call.line().parse().unwrap());
    let ran = Run::new(join).tool("echo", echo).execute();
    assert_eq!(ran.outcome().summary, "[0, 1, 2] []");
    let labels: Vec<&str> = ran.commands().iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, ["part 0", "part 1", "part 2"]);
}

#[expect(clippy::unnecessary_wraps, reason = "the form of every step")]
fn not_granted(_: NoConfig, cx: &mut Cx) -> StepResult {
    cx.tools().run(&Command::new("rm"));
    Ok(Outcome::new("ran"))
}

#[test]
#[should_panic(expected = "the step ran `rm`, which was not granted")]
fn a_tool_that_the_test_does_not_grant_ends_the_step() {
    Run::new(not_granted).tool("ls", ls).execute();
}
