//! Reveals its secret, and gives it away in the way that its configuration names.

#![expect(clippy::print_stdout, reason = "a plugin may do it, so the host must bear it")]
#![expect(clippy::print_stderr, reason = "a plugin may do it, so the host must bear it")]

use std::fmt::Write as _;

use belljar_sdk::prelude::*;
use belljar_sdk::{TestCase, TestStatus};

/// How to give the secret away.
#[belljar_sdk::config]
pub struct Config {
    /// The way.
    way: Way,
    /// The secret to open.
    #[serde(default = "token")]
    secret: String,
}

fn token() -> String {
    "token".to_owned()
}

/// A way out of the sandbox.
#[belljar_sdk::config]
pub enum Way {
    /// Says it in every encoding: in the log, on both streams, in findings and test cases.
    Say,
    /// Fails with it.
    Fail,
    /// Gives up with it.
    GiveUp,
    /// Panics with it.
    Panic,
    /// Writes it into a file, in hexadecimal digits.
    File,
    /// Writes a file of which it is the name.
    Name,
    /// Hands it over as coverage.
    Coverage,
    /// Asks for files that match it.
    Ask,
    /// Does nothing with it.
    Nothing,
}

/// The secret in eight encodings.
fn encodings(value: &str) -> Vec<String> {
    let mut hex = String::new();
    let mut percent = String::new();
    for byte in value.bytes() {
        write!(hex, "{byte:02x}").expect("a text can be written");
        write!(percent, "%{byte:02X}").expect("a text can be written");
    }
    let json = belljar_sdk::serde_json::Value::from(value).to_string();
    let mut all = vec![
        value.to_owned(),
        hex.to_uppercase(),
        hex,
        percent,
        json,
        value.chars().rev().collect(),
        value.to_uppercase(),
        value.to_lowercase(),
    ];
    for before in ["", "u", "us"] {
        let text = base64(format!("{before}{value}").as_bytes());
        all.push(text.replace('+', "-").replace('/', "_"));
        all.push(text);
    }
    all
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let all = chunk.iter().chain(&[0; 2]).take(3);
        let number = all.fold(0, |number: usize, byte| number << 8 | usize::from(*byte));
        text.extend((0..4).map(|at| char::from(LETTERS[number >> (18 - 6 * at) & 63])));
    }
    text
}

/// Reveals its secret, and gives it away.
#[belljar_sdk::step(name = "gives-its-secret-away", secrets = ["*"])]
pub fn run(config: Config, cx: &mut Cx) -> StepResult {
    let value = cx.secrets().open(&config.secret).reveal();
    let value = String::from_utf8_lossy(&value).into_owned();
    match config.way {
        Way::Say => {
            for said in encodings(&value) {
                cx.log().info(format!("log {said}"));
                println!("stdout {said}");
                eprintln!("stderr {said}");
                cx.finding(Finding::warning("leak", format!("finding {said}")));
                cx.test_case(TestCase {
                    suite: format!("suite {said}"),
                    name: format!("test {said}"),
                    status: TestStatus::Passed,
                    duration_us: 1,
                    message: said.clone(),
                    at: None,
                    attrs: Vec::new(),
                });
            }
            return Ok(Outcome::new(format!("summary {value}")));
        }
        Way::Fail => return Err(StepError::failed(value.clone(), format!("failed {value}"))),
        Way::GiveUp => return Err(StepError::internal(format!("gave up {value}"))),
        Way::Panic => panic!("panicked {value}"),
        Way::File => {
            cx.outputs().write("out/x", encodings(&value).join("\n").as_bytes())?;
        }
        Way::Name => {
            cx.outputs().write(&format!("out/{value}"), b"x")?;
        }
        Way::Coverage => cx.coverage("lcov", value.as_bytes()),
        Way::Ask => drop(cx.inputs().glob(&[format!("{value}/*")])),
        Way::Nothing => {}
    }
    Ok(Outcome::new("done"))
}
