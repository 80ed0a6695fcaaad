//! The guest of the sandbox's own tests that deploys: does what it is told by its configuration,
//! `{"ops": [["send", "GET", "https://a.example/"], …]}`, and logs what came of it.

#![expect(clippy::print_stdout, clippy::exit, reason = "that a guest can do so is under test")]

mod bindings {
    #![expect(unsafe_code, clippy::pedantic, reason = "generated")]

    wit_bindgen::generate!({ path: "../../../../wit", world: "deploy-plugin" });
    use super::Guest;
    export!(Guest);
}

use serde_json::Value;

use self::bindings::belljar::step::types::{ConfigProblem, Problem, StepError};
use self::bindings::belljar::step::{control, effect_tool, http, inputs, log, storage, types};
use self::bindings::exports::belljar::step::deployment::{
    self, Change, Condition, Observation, Request,
};
use self::bindings::exports::belljar::step::step::{self, Descriptor, Invocation, Outcome};

struct Guest;

impl step::Guest for Guest {
    fn describe() -> Descriptor {
        Descriptor {
            name: "deploy-guest".to_owned(),
            version: "0.1.0".to_owned(),
            summary: "does what it is told".to_owned(),
            docs_md: String::new(),
            config_schema: "{}".to_owned(),
            tools: Vec::new(),
            secrets: vec!["TOKEN".to_owned()],
            hosts: vec!["a.example:443".to_owned()],
            attrs: Vec::new(),
        }
    }

    fn run(_: Invocation) -> Result<Outcome, StepError> {
        Err(StepError::Internal(problem("run", "it is never called")))
    }
}

impl deployment::Guest for Guest {
    fn preview(request: Request) -> Result<Vec<Change>, StepError> {
        changes(&request)
    }

    fn apply(request: Request) -> Result<Vec<Change>, StepError> {
        changes(&request)
    }

    fn observe(request: Request) -> Result<Observation, StepError> {
        all(&request)?;
        Ok(Observation {
            condition: Condition::Unhealthy,
            release: Some(format!("{}\n", request.release)),
            detail: format!("seen in {}\u{1b}[2J", request.environment),
            attrs: Vec::new(),
        })
    }
}

/// Does all operations; each is a change, and `["change", count]` is many.
fn changes(request: &Request) -> Result<Vec<Change>, StepError> {
    let ops = all(request)?;
    let mut changes = Vec::new();
    for op in ops {
        let count = match &op[..] {
            [verb, count] if verb == "change" => count.parse().unwrap_or(0),
            _ => 1,
        };
        let change = Change {
            action: op.first().cloned().unwrap_or_default(),
            subject: op.get(1).cloned().unwrap_or_default(),
            detail: "\u{7}done".to_owned(),
        };
        changes.extend(std::iter::repeat_n(change, count));
    }
    Ok(changes)
}

fn all(request: &Request) -> Result<Vec<Vec<String>>, StepError> {
    let config: Value = serde_json::from_str(&request.config).unwrap_or_default();
    let Some(ops) = config["ops"].as_array() else {
        let (pointer, message) = ("/ops".to_owned(), "is no list".to_owned());
        return Err(StepError::InvalidConfig(vec![ConfigProblem { pointer, message }]));
    };
    let word = |word: &Value| word.as_str().unwrap_or_default().to_owned();
    let words = |op: &Value| op.as_array().into_iter().flatten().map(word).collect();
    let ops: Vec<Vec<String>> = ops.iter().map(words).collect();
    for op in &ops {
        let words: Vec<&str> = op.iter().map(String::as_str).collect();
        match words[..] {
            ["failed", code, message] => return Err(StepError::Failed(problem(code, message))),
            ["internal", code, message] => return Err(StepError::Internal(problem(code, message))),
            ["cancelled"] => return Err(StepError::Cancelled),
            _ => {}
        }
        let told = ways_out(&words).or_else(|| storing(&words)).or_else(|| within(&words, request));
        let told = told.unwrap_or_else(|| format!("unknown: {words:?}"));
        log::emit(types::Level::Info, &told, &[]);
    }
    Ok(ops)
}

fn problem(code: &str, message: &str) -> Problem {
    Problem { code: code.to_owned(), message: message.to_owned(), attrs: Vec::new() }
}

fn ways_out(words: &[&str]) -> Option<String> {
    let mut request = http::Request {
        method: "post".to_owned(),
        url: "https://a.example/v1".to_owned(),
        headers: Vec::new(),
        secrets: Vec::new(),
        body: http::Body::None,
        expect: vec![200, 204],
        time_limit_ms: 0,
    };
    match *words {
        ["send", method, url] => {
            (request.method, request.url) = (method.to_owned(), url.to_owned());
        }
        ["send-bytes", body] => request.body = http::Body::Bytes(body.as_bytes().to_vec()),
        ["send-file", path] => request.body = http::Body::Artifact(path.to_owned()),
        ["send-header", name, value] => request.headers.push((name.to_owned(), value.to_owned())),
        ["send-secret", name, prefix, secret] => request.secrets.push(http::SecretHeader {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            secret: secret.to_owned(),
        }),
        ["send-expecting", ref statuses @ ..] => {
            request.expect = statuses.iter().filter_map(|status| status.parse().ok()).collect();
        }
        ["send-within", ms] => request.time_limit_ms = ms.parse().unwrap_or(0),
        ["tool", name, ref args @ ..] => return Some(run_tool(name, args)),
        _ => return None,
    }
    Some(match http::send(&request) {
        Ok(http::Response { status, headers, body }) => {
            format!("{status} {headers:?} {}", String::from_utf8_lossy(&body))
        }
        Err(error) => format!("error: {}", error.name()),
    })
}

/// Runs a tool; arguments like `@cwd=x` set the other fields.
fn run_tool(name: &str, args: &[&str]) -> String {
    let mut command = effect_tool::Command {
        tool: name.to_owned(),
        args: Vec::new(),
        env: Vec::new(),
        secrets: Vec::new(),
        cwd: String::new(),
        stdin: b"in".to_vec(),
        expect: vec![0],
    };
    for arg in args {
        match arg.split_once('=') {
            Some(("@cwd", cwd)) => cwd.clone_into(&mut command.cwd),
            Some(("@env", name)) => command.env.push((name.to_owned(), "v".to_owned())),
            Some(("@secret", secret)) => command.secrets.push(effect_tool::SecretEnv {
                name: "TOKEN".to_owned(),
                prefix: String::new(),
                secret: secret.to_owned(),
            }),
            Some(("@expect", _)) => command.expect.clear(),
            _ => command.args.push((*arg).to_owned()),
        }
    }
    let ended = effect_tool::run(&command);
    format!("{} {}", ended.code, String::from_utf8_lossy(&ended.stdout))
}

fn storing(words: &[&str]) -> Option<String> {
    let done = match *words {
        ["list", prefix] => storage::list(prefix).map(|objects| {
            let object = |object: &storage::Stored| format!("{}:{}", object.path, object.size);
            objects.iter().map(object).collect::<Vec<_>>().join(" ")
        }),
        ["get", path] => storage::read(path).map(|data| String::from_utf8_lossy(&data).into()),
        ["put", path, artifact] => storage::put(path, artifact).map(|()| "put".to_owned()),
        ["write", path, data] => {
            storage::write(path, data.as_bytes()).map(|()| "written".to_owned())
        }
        ["write-large", path] => {
            storage::write(path, &vec![0; (8 << 20) + 1]).map(|()| "written".to_owned())
        }
        ["swap", path, expected, data] => {
            let expected = (!expected.is_empty()).then_some(expected.as_bytes());
            storage::swap(path, expected, data.as_bytes()).map(|()| "swapped".to_owned())
        }
        ["remove", path] => storage::remove(path).map(|()| "removed".to_owned()),
        _ => return None,
    };
    Some(done.unwrap_or_else(|error| format!("error: {}", error.name())))
}

/// What it does without a way out.
fn within(words: &[&str], request: &Request) -> Option<String> {
    Some(match *words {
        ["change", _] => "changed".to_owned(),
        ["input", path] => match inputs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("error: {}", error.name()),
        },
        ["file", path] => std::fs::read_to_string(path).unwrap_or_else(|_| "error".to_owned()),
        ["make", path] => match std::fs::write(path, "x") {
            Ok(()) => "made".to_owned(),
            Err(_) => "error".to_owned(),
        },
        ["request"] => format!("{request:?}"),
        ["random"] => {
            use std::hash::{BuildHasher as _, RandomState};
            RandomState::new().hash_one(0).to_string()
        }
        ["limit"] => control::time_limit_ms().to_string(),
        ["asked-to-stop"] => control::cancelled().to_string(),
        ["print", text] => {
            println!("{text}");
            "printed".to_owned()
        }
        ["spin"] => loop {
            std::hint::black_box(());
        },
        ["allocate", mib] => {
            let size = mib.parse().unwrap_or(0_usize) << 20;
            std::hint::black_box(vec![1_u8; size]).len().to_string()
        }
        ["panic", message] => panic!("{message}"),
        ["exit"] => std::process::exit(0),
        _ => return None,
    })
}
