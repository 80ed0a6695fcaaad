//! The guide is run as it is written: blocks that name a file are written, commands are run.
//!
//! ```` ```LANG file=PATH ```` writes a file. ```` ```console ```` holds commands after `$ `; they
//! exit with 0, or as `exit=CODE` says; with `hits=1` nothing may be executed. Other blocks are
//! for the reader.
//!
//! A page that begins in an example is run by a shell: `export` holds from there on, and commands
//! of ```` ```console background ```` go on until the end. Its ports are those of the machine.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::examples::example;
use crate::harness::{Run, TestWorkspace};

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

/// A terminal in a copy of an example.
struct Shell {
    workspace: TestWorkspace,
    /// What was exported until now.
    exports: String,
    /// The ports of the page, and those that are free here.
    ports: Vec<(&'static str, String)>,
    background: Vec<Child>,
}

impl Shell {
    fn new(name: &str, ports: &[&'static str]) -> Self {
        let free: Vec<_> =
            ports.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let free = free.iter().map(|port| port.local_addr().unwrap().port().to_string());
        let ports: Vec<_> = ports.iter().copied().zip(free).collect();
        let workspace = example(name);
        let shell = Self { workspace, exports: String::new(), ports, background: Vec::new() };
        for file in ["belljar.toml", "belljar.lock"] {
            let text = shell.here(&shell.workspace.read(file));
            shell.workspace.write(file, text);
        }
        shell
    }

    /// A text of the page with the ports of this machine.
    fn here(&self, text: &str) -> String {
        self.ports.iter().fold(text.to_owned(), |text, (page, here)| text.replace(page, here))
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.workspace.command();
        let belljar = Path::new(command.get_program()).parent().unwrap().to_path_buf();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(belljar).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(path).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{}{line}", self.exports)]).stdin(Stdio::null());
        shell.env_clear().current_dir(self.workspace.path("")).envs(
            command
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .get_envs()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))),
        );
        shell.envs(std::env::var_os("HOME").map(|home| ("HOME", home))).env("PATH", path);
        shell
    }

    fn run(&mut self, line: &str) -> Run {
        let line = self.here(line);
        if line.starts_with("export ") {
            self.exports += &format!("{line}\n");
        }
        Run::of(&self.command(&line).output().expect("the tests need sh"))
    }

    /// Starts a command and waits until it has said something.
    fn start(&mut self, line: &str) {
        // `exec` replaces the shell, so that what is stopped at the end is the program itself.
        let at = line.split(' ').take_while(|word| word.contains('=')).count();
        let words: Vec<_> = line.split(' ').collect();
        let line = format!("{} exec {} 2>&1", words[..at].join(" "), words[at..].join(" "));
        let line = self.here(&line);
        let mut process = self.command(&line).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().expect("it is piped"));
        self.background.push(process);
        let mut first = String::new();
        said.read_line(&mut first).unwrap();
        assert!(!first.is_empty(), "`{line}` has ended without a word");
        // What it says later must go somewhere.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for process in &mut self.background {
            process.kill().ok();
            process.wait().ok();
        }
    }
}

/// Runs a page that begins in a copy of an example.
#[track_caller]
fn check_in(page: &str, mut shell: Shell) {
    let text = std::fs::read_to_string(project().join("docs/guide").join(page)).unwrap();
    let mut commands = 0;
    for Block { line, heading, text } in blocks(&text) {
        if let Some(file) = option(heading, "file") {
            shell.workspace.write(file, &text);
        } else if heading.starts_with("console") {
            let code: i32 = option(heading, "exit").map_or(0, |code| code.parse().unwrap());
            for command in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
                commands += 1;
                if heading.contains("background") {
                    shell.start(command);
                    continue;
                }
                let run = shell.run(command);
                let said = format!("{}{}", run.stdout, run.stderr);
                assert_eq!(run.code, code, "{page}:{line}: {command}:\n{said}");
            }
        }
    }
    assert!(commands > 0, "{page} has no commands");
}

#[test]
fn delivery() {
    check_in("delivery.md", Shell::new("delivery", &["7401", "7402", "7403"]));
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
fn secrets() {
    check("secrets.md");
}

#[test]
fn reviewing_plugins() {
    check("reviewing-plugins.md");
}

#[test]
fn every_page_of_the_guide_is_run() {
    let this = include_str!("guides.rs");
    for entry in std::fs::read_dir(project().join("docs/guide")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_run = [format!("check(\"{name}\")"), format!("check_in(\"{name}\"")];
        assert!(is_run.iter().any(|call| this.contains(call)), "{name} is not run by a test");
    }
}
