//! The guest of the sandbox's own tests: does what it is told, and prints what came of it.

#![expect(clippy::print_stdout, clippy::exit, reason = "that a guest can do so is under test")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::time::{Duration, Instant};

use belljar_sdk::prelude::*;

/// What to do: a verb and its words for each line of the log.
#[belljar_sdk::config]
pub struct Config {
    /// `["write", "out/a", "text"]` and the like.
    #[serde(default)]
    ops: Vec<Vec<String>>,
}

/// Does what it is told.
#[belljar_sdk::step(name = "sandbox-guest")]
pub fn run(config: Config, cx: &mut Cx) -> StepResult {
    for op in &config.ops {
        let words: Vec<&str> = op.iter().map(String::as_str).collect();
        match words[..] {
            ["fail", code, message] => return Err(StepError::failed(code, message)),
            ["cancelled"] => return Err(StepError::Cancelled),
            _ => {}
        }
        let told = files(&words).or_else(|| interface(&words, cx)).or_else(|| misdeeds(&words));
        let told = told.unwrap_or_else(|| format!("unknown: {words:?}"));
        println!("{told}");
    }
    Ok(Outcome::new(format!("{} operations", config.ops.len())))
}

/// What the standard library does with files.
fn files(words: &[&str]) -> Option<String> {
    Some(match *words {
        ["read", path] => told(fs::read_to_string(path)),
        ["stat", path] => told(fs::metadata(path).map(|meta| kind(&meta))),
        ["lstat", path] => told(fs::symlink_metadata(path).map(|meta| kind(&meta))),
        ["exists", path] => fs::exists(path).is_ok_and(|there| there).to_string(),
        ["list", path] => told(list(path)),
        ["link", path] => told(fs::read_link(path).map(|to| to.display().to_string())),
        ["open", path] => told(File::open(path).map(|_| "opened")),
        ["write", path, text] => told(fs::write(path, text).map(|()| "written")),
        ["new", path] => told(File::create_new(path).map(|_| "made")),
        ["append", path, text] => told(append(path, text)),
        ["patch", path, at, text] => told(patch(path, at, text)),
        ["cut", path, len] => told(cut(path, len)),
        ["grow", path, mib] => told(grow(path, mib)),
        ["rename", from, to] => told(fs::rename(from, to).map(|()| "renamed")),
        ["remove", path] => told(fs::remove_file(path).map(|()| "removed")),
        ["mkdir", path] => told(fs::create_dir(path).map(|()| "made")),
        ["mkdirs", path] => told(fs::create_dir_all(path).map(|()| "made")),
        ["rmdir", path] => told(fs::remove_dir(path).map(|()| "removed")),
        ["hard-link", from, to] => told(fs::hard_link(from, to).map(|()| "linked")),
        _ => return None,
    })
}

/// What the interfaces of our own do.
fn interface(words: &[&str], cx: &mut Cx) -> Option<String> {
    Some(match *words {
        ["input", path] => told(cx.inputs().read_text(path)),
        ["input-stat", path] => told(cx.inputs().stat(path).map(|entry| entry.size)),
        ["input-range", path, from, len] => told(range(cx, path, from, len)),
        ["digest", path] => told(cx.inputs().digest_of(path)),
        ["glob", pattern] => {
            let found = cx.inputs().glob(&[pattern]);
            found.into_iter().map(|found| found.path).collect::<Vec<_>>().join(" ")
        }
        ["output", path, text] => told(cx.outputs().write(path, text)),
        ["copy", from, to] => told(cx.outputs().copy_input(from, to)),
        ["finding", path, message] => {
            cx.finding(Finding::error("rule", message).at(Span::point(path, 1, 1)));
            "reported".to_owned()
        }
        ["coverage", format] => {
            cx.coverage(format, b"data");
            "covered".to_owned()
        }
        ["limit"] => cx.time_limit().as_millis().to_string(),
        ["asked-to-stop"] => cx.cancelled().to_string(),
        ["env", name] => std::env::var(name).unwrap_or_else(|_| "unset".to_owned()),
        _ => return None,
    })
}

/// What a guest should not do.
fn misdeeds(words: &[&str]) -> Option<String> {
    Some(match *words {
        ["panic", message] => panic!("{message}"),
        ["exit", code] => std::process::exit(code.parse().unwrap_or(0)),
        ["spin"] => loop {
            std::hint::black_box(());
        },
        ["sleep", seconds] => {
            let start = Instant::now();
            std::thread::sleep(Duration::from_secs(seconds.parse().unwrap_or(0)));
            (start.elapsed() >= Duration::from_secs(1)).to_string()
        }
        ["recurse"] => deeper(0).to_string(),
        ["allocate", mib] => {
            let size = mib.parse().unwrap_or(0_usize) << 20;
            std::hint::black_box(vec![1_u8; size]).len().to_string()
        }
        ["random"] => {
            use std::hash::{BuildHasher as _, RandomState};
            RandomState::new().hash_one(0).to_string()
        }
        _ => return None,
    })
}

#[expect(unconditional_recursion, reason = "that is what it is for")]
fn deeper(depth: u64) -> u64 {
    std::hint::black_box([depth; 64])[0] + deeper(depth + 1)
}

fn range(cx: &Cx, path: &str, from: &str, len: &str) -> Result<String, String> {
    let (from, len) = (from.parse().unwrap_or(0), len.parse().unwrap_or(0));
    let bytes = cx.inputs().read_range(path, from, len).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn append(path: &str, text: &str) -> io::Result<&'static str> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())?;
    Ok("appended")
}

fn patch(path: &str, at: &str, text: &str) -> io::Result<String> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.seek(SeekFrom::Start(at.parse().unwrap_or(0)))?;
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    let mut all = String::new();
    file.read_to_string(&mut all)?;
    Ok(all)
}

fn cut(path: &str, len: &str) -> io::Result<&'static str> {
    OpenOptions::new().write(true).open(path)?.set_len(len.parse().unwrap_or(0))?;
    Ok("cut")
}

fn grow(path: &str, mib: &str) -> io::Result<String> {
    let mut file = File::create(path)?;
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..mib.parse().unwrap_or(0) {
        file.write_all(&piece)?;
    }
    Ok(file.metadata()?.len().to_string())
}

fn list(path: &str) -> io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names.join(" "))
}

fn kind(meta: &fs::Metadata) -> String {
    let kind = if meta.is_dir() {
        "folder"
    } else if meta.is_symlink() {
        "link"
    } else {
        "file"
    };
    format!("{kind} {}", meta.len())
}

fn told<T: ToString, E: std::fmt::Display>(result: Result<T, E>) -> String {
    result.map_or_else(|error| format!("error: {error}"), |told| told.to_string())
}
