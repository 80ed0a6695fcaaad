//! The guide is run as it is written: blocks that name a file are written, commands are run.
//!
//! ```` ```LANG file=PATH ```` writes a file. ```` ```console ```` holds commands after `$ `; they
//! exit with 0, or as `exit=CODE` says; with `hits=1` nothing may be executed. Other blocks are
//! for the reader.

use std::path::Path;

use crate::harness::TestWorkspace;

/// One block of a page.
struct Block<'a> {
    line: usize,
    heading: &'a str,
    text: String,
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the project")
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut inside = false;
    for (number, line) in page.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(heading) => {
                inside = true;
                blocks.push(Block { line: number + 1, heading, text: String::new() });
            }
            None if inside => {
                let block = blocks.last_mut().expect("a line inside of a block");
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!inside, "the last block of the page is not closed");
    blocks
}

/// The value of `name=value` in the heading of a block.
fn option<'a>(heading: &'a str, name: &str) -> Option<&'a str> {
    heading.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// The variables that building a plugin takes: cargo's, and where it may compile.
fn cargo_environment() -> Vec<(String, String)> {
    let names = ["HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    let kept =
        names.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let guests = std::env::var("BELLJAR_GUESTS").expect("the harness looked at it before");
    let compile = Path::new(&guests).join("guides").display().to_string();
    kept.chain([("CARGO_TARGET_DIR".to_owned(), compile)]).collect()
}

#[track_caller]
fn check(page: &str) {
    let text = std::fs::read_to_string(project().join("docs/guide").join(page)).unwrap();
    let workspace = TestWorkspace::new();
    let environment = cargo_environment();
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut commands = 0;
    for Block { line, heading, text } in blocks(&text) {
        if let Some(file) = option(heading, "file") {
            workspace.write(file, text.replace("BELLJAR/", &format!("{}/", project().display())));
            if file.ends_with("Cargo.toml") {
                let lock = std::fs::read(project().join("Cargo.lock")).unwrap();
                workspace.write(&file.replace("Cargo.toml", "Cargo.lock"), lock);
            }
        } else if heading.starts_with("console") {
            let code: i32 = option(heading, "exit").map_or(0, |code| code.parse().unwrap());
            for command in text.lines().filter_map(|line| line.strip_prefix("$ belljar ")) {
                let run = workspace.run_with(command.split_whitespace(), &environment);
                assert_eq!(run.code, code, "{page}:{line}: belljar {command}: {run:?}");
                if option(heading, "hits").is_some() {
                    let nothing = run.stderr.contains("nothing to do");
                    assert!(nothing, "{page}:{line}: something was executed: {}", run.stderr);
                }
                commands += 1;
            }
        }
    }
    assert!(commands > 0, "{page} has no commands");
}

#[test]
fn first_pipeline() {
    check("first-pipeline.md");
}

#[test]
fn first_plugin() {
    check("first-plugin.md");
}

#[test]
fn native_tools() {
    check("native-tools.md");
}

#[test]
fn every_page_of_the_guide_is_run() {
    let this = include_str!("guides.rs");
    for entry in std::fs::read_dir(project().join("docs/guide")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(this.contains(&format!("check(\"{name}\")")), "{name} is not run by a test");
    }
}
