//! Does the attack that its configuration names, and writes down what came of it.
//!
//! An attack that ought to be denied prints `got` if it was not.

#![expect(clippy::print_stdout, reason = "what a plugin prints is under attack, too")]

use std::fs;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::sync::atomic::{AtomicU32, Ordering};

use belljar_sdk::prelude::*;

/// Which attack, and on what.
#[belljar_sdk::config]
pub struct Config {
    /// The attack.
    attack: String,
    /// The paths, names, texts or numbers that it needs.
    #[serde(default)]
    on: Vec<String>,
}

/// How often this instance was called before.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// Attacks.
#[belljar_sdk::step(name = "evil")]
pub fn run(config: Config, cx: &mut Cx) -> StepResult {
    CALLS.fetch_add(1, Ordering::Relaxed);
    let on: Vec<&str> = config.on.iter().map(String::as_str).collect();
    match config.attack.as_str() {
        "nothing" => {}
        "read" => each(&on, |path| fs::read(path).map(drop)),
        "list" => each(&on, |path| fs::read_dir(path).map(drop)),
        "truncate" => {
            each(&on, |path| {
                fs::OpenOptions::new().write(true).truncate(true).open(path).map(drop)
            });
        }
        "write" => each(&on, |path| fs::write(path, "written")),
        "remove" => each(&on, |path| fs::remove_file(path)),
        "link" => each(&on, |path| fs::hard_link(path, "out/link")),
        "rename" => each(&on, |path| fs::rename(path, "out/renamed")),
        "output" => {
            for path in on {
                cx.outputs().write(path, path)?;
            }
        }
        "environment" => {
            for name in on {
                println!("{name}={}", std::env::var(name).unwrap_or_else(|_| "unset".to_owned()));
            }
            println!("all: {:?}", std::env::vars().collect::<Vec<_>>());
        }
        "say" => on.iter().for_each(|text| println!("{text}")),
        "report" => {
            for text in on {
                cx.finding(Finding::error("rule", text));
            }
            return Err(StepError::failed("found", on_one_line(&config.on)));
        }
        "remember" => println!("called before: {}", CALLS.load(Ordering::Relaxed) - 1),
        "panic" => panic!("{}", on_one_line(&config.on)),
        without_end => endless(without_end)?,
    }
    Ok(Outcome::new("attacked"))
}

/// Tries each, and says which ones it got.
fn each(on: &[&str], attack: impl Fn(&str) -> io::Result<()>) {
    for &one in on {
        match attack(one) {
            Ok(()) => println!("got {one:?}"),
            Err(error) => println!("denied {one:?}: {error}"),
        }
    }
}

fn on_one_line(texts: &[String]) -> String {
    texts.join(" ")
}

/// Attacks that a limit ends.
fn endless(attack: &str) -> Result<(), StepError> {
    match attack {
        "spin-calling" => loop {
            std::hint::black_box(fs::metadata("in.txt").is_ok());
        },
        "one-line" => {
            let piece = vec![b'x'; 1 << 20];
            let mut out = io::stdout().lock();
            for _ in 0..1_024 {
                out.write_all(&piece)?;
            }
        }
        "sparse" => {
            let mut file = fs::File::create("out/sparse")?;
            file.seek(SeekFrom::Start(1 << 40))?;
            file.write_all(b"x")?;
        }
        "sparse-by-length" => fs::File::create("out/sparse")?.set_len(1 << 40)?,
        "deep" => {
            let mut path = "out".to_owned();
            for _ in 0..3_000 {
                path.push_str("/d");
            }
            fs::create_dir_all(&path)?;
            fs::write(format!("{path}/f"), "deep")?;
        }
        "many-elements" => {
            let held: Vec<Vec<u8>> =
                (0..4_000_000).map(|number: u32| number.to_le_bytes().to_vec()).collect();
            std::hint::black_box(held).len();
        }
        other => return Err(StepError::failed("unknown", format!("no attack is called {other}"))),
    }
    Ok(())
}
