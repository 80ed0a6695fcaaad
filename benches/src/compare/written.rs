//! Written: a graph in the words of each contestant.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::shape::{Shape, made, name};

/// The line of the shell that does what a step does.
pub(super) fn command(shape: Shape, step: u32) -> String {
    format!("cat {} | head -c 4096 > {}", shape.files(step).join(" "), made(step))
}

/// A list of quoted words, separated by commas.
fn quoted(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

fn names(steps: Vec<u32>) -> impl Iterator<Item = String> {
    steps.into_iter().map(name)
}

/// Belljar's pipeline file: each step is a call of the guest `copy_all`.
pub(crate) fn pipeline(shape: Shape) -> String {
    let mut text = "schema = 1\n\n[plugins]\ncopy = { path = \"copy_all.wasm\" }\n".to_owned();
    for step in shape.each() {
        let (files, made) = (quoted(shape.files(step)), made(step));
        let (name, needs) = (name(step), quoted(names(shape.needs(step))));
        let _ = writeln!(
            text,
            "\n[step.{name}]\nuses = \"copy\"\nneeds = [{needs}]\n\
             inputs = [{files}]\noutputs = [\"{made}\"]\n\
             with = {{ from = [{files}], to = \"{made}\" }}"
        );
    }
    text
}

/// Belljar's pipeline file: each step runs the line of the shell.
pub(super) fn pipeline_of_commands(shape: Shape) -> String {
    let mut text = "schema = 1\n\n[plugins]\ncommand = \"builtin:command\"\n\n\
                    [tools]\ncat = \"cat\"\nhead = \"head\"\n\n\
                    [tools.sh]\npath = \"sh\"\nuses = [\"cat\", \"head\"]\n"
        .to_owned();
    for step in shape.each() {
        let (files, made) = (quoted(shape.files(step)), made(step));
        let (name, needs) = (name(step), quoted(names(shape.needs(step))));
        let _ = writeln!(
            text,
            "\n[step.{name}]\nuses = \"command\"\nneeds = [{needs}]\n\
             inputs = [{files}]\noutputs = [\"{made}\"]\n\
             grants.tools = [\"sh\"]\nmin-isolation = \"t2\"\n\
             with = {{ run = \"{}\", writes = [\"{made}\"] }}",
            command(shape, step)
        );
    }
    text
}

/// Ninja's file.
pub(super) fn ninja(shape: Shape) -> String {
    let mut text = "rule copy\n  command = cat $in | head -c 4096 > $out\n".to_owned();
    for step in shape.each() {
        let _ = writeln!(text, "build {}: copy {}", made(step), shape.files(step).join(" "));
    }
    text
}

/// Ninja's file for the least work that makes the same files: one `cat` of one file. It has the
/// same graph, but does not read what it needs.
pub(super) fn ninja_least(shape: Shape) -> String {
    let mut text = "rule copy\n  command = cat $in > $out\n".to_owned();
    for step in shape.each() {
        let files = shape.files(step);
        let _ =
            writeln!(text, "build {}: copy {} | {}", made(step), files[0], files[1..].join(" "));
    }
    text
}

/// The file of make.
pub(super) fn makefile(shape: Shape) -> String {
    let all: Vec<_> = shape.last().into_iter().map(made).collect();
    let mut text = format!(".PHONY: all\nall: {}\n", all.join(" "));
    for step in shape.each() {
        let files = shape.files(step).join(" ");
        let _ = writeln!(text, "{}: {files}\n\tcat $^ | head -c 4096 > $@", made(step));
    }
    text
}

/// The files `turbo.json` and `package.json`: one package, whose scripts are the steps.
pub(super) fn turbo(shape: Shape) -> [(&'static str, String); 3] {
    let (mut parts, mut scripts) = (Map::new(), Map::new());
    for step in shape.each() {
        let needs: Vec<_> = names(shape.needs(step)).collect();
        let own = super::shape::own(step);
        let part = json!({ "dependsOn": needs, "inputs": [own], "outputs": [made(step)] });
        parts.insert(name(step), part);
        scripts.insert(name(step), Value::String(command(shape, step)));
    }
    let last: Vec<_> = names(shape.last()).collect();
    parts.insert("all".to_owned(), json!({ "dependsOn": last }));
    let package = json!({
        "name": "bench", "version": "0.0.0", "private": true,
        "packageManager": "npm@10.0.0", "scripts": scripts,
    });
    let lock = json!({ "name": "bench", "lockfileVersion": 3, "packages": {} });
    [
        ("turbo.json", json!({ "tasks": parts }).to_string()),
        ("package.json", package.to_string()),
        ("package-lock.json", lock.to_string()),
    ]
}

/// The files of moon: one project, with a line of the shell for each step.
pub(super) fn moon(shape: Shape) -> [(&'static str, String); 2] {
    let mut text = "tasks:\n".to_owned();
    for step in shape.each() {
        let own = super::shape::own(step);
        let (name, command, made) = (name(step), command(shape, step), made(step));
        let _ = writeln!(
            text,
            "  {name}:\n    script: '{command}'\n    inputs: ['{own}']\n    outputs: ['{made}']"
        );
        let needs = needed_of_moon(shape.needs(step));
        if !needs.is_empty() {
            let _ = writeln!(text, "    deps: [{needs}]");
        }
    }
    let last = needed_of_moon(shape.last());
    let _ = writeln!(text, "  all:\n    command: 'noop'\n    deps: [{last}]");
    let workspace = "projects:\n  bench: '.'\ntelemetry: false\n".to_owned();
    [("moon.yml", text), (".moon/workspace.yml", workspace)]
}

fn needed_of_moon(steps: Vec<u32>) -> String {
    names(steps).map(|name| format!("'~:{name}'")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::shape::Form;
    use super::*;

    #[test]
    fn every_file_has_every_step() {
        let shape = Shape::new(Form::Layered, 20);
        assert_eq!(pipeline(shape).matches("[step.").count(), 20);
        assert_eq!(pipeline_of_commands(shape).matches("[step.").count(), 20);
        assert_eq!(ninja(shape).matches("\nbuild ").count(), 20);
        assert_eq!(ninja_least(shape).matches("\nbuild ").count(), 20);
        assert_eq!(makefile(shape).matches("\n\tcat ").count(), 20);
        assert_eq!(moon(shape)[0].1.matches("script:").count(), 20);
        assert_eq!(turbo(shape)[0].1.matches("outputs").count(), 20);
    }

    #[test]
    fn a_step_reads_its_file_before_what_it_needs() {
        let shape = Shape::new(Form::Chain, 3);
        let line = "cat files/0/1.in files/0/0.out | head -c 4096 > files/0/1.out";
        assert_eq!(command(shape, 1), line);
        assert!(ninja(shape).contains("build files/0/1.out: copy files/0/1.in files/0/0.out\n"));
        assert!(pipeline(shape).contains("needs = [\"s0\"]"));
    }
}
