//! Which configurations are refused although they have the right form.

use std::collections::BTreeMap;

use belljar_sdk::{ConfigProblem, StepError};

use super::{Activate, Command, Config, Directory, Health, Http, Kind, SecretHeader, Tool, Upload};
use crate::template::placeholders;

/// Headers that the host or this plugin sets.
const OWN_HEADERS: &[&str] =
    &["connection", "content-length", "host", "idempotency-key", "te", "transfer-encoding"];

impl Config {
    /// Checks what the schema cannot say, and reports all mistakes at once.
    ///
    /// # Errors
    /// `invalid-config` with a pointer to each mistake.
    pub fn check(&self) -> Result<(), StepError> {
        let mut problems = Problems::default();
        if self.strategies.is_empty() {
            problems.add("/strategies", "names no strategy");
        }
        for (at, strategy) in self.strategies.iter().enumerate() {
            let problem = match strategy.kinds().count() {
                0 => "names no strategy: give `directory`, `http` or `tool`",
                1 => continue,
                _ => "names several strategies: give each its own table, so that their order shows",
            };
            problems.add(&format!("/strategies/{at}"), problem);
        }
        if problems.0.is_empty() && !self.kinds().any(|(_, kind)| kind.observes()) {
            problems.add(
                "/strategies",
                "none of them tells whether the release is healthy: add a `health` to `http` or an \
                 `observe` to `tool`",
            );
        }
        for (at, kind) in self.kinds() {
            let at = format!("/strategies/{at}");
            match kind {
                Kind::Directory(directory) => {
                    problems.directory(&format!("{at}/directory"), directory);
                }
                Kind::Http(http) => problems.http(&format!("{at}/http"), http),
                Kind::Tool(tool) => problems.tool(&format!("{at}/tool"), tool),
            }
        }
        problems.apart(self);
        if problems.0.is_empty() { Ok(()) } else { Err(StepError::InvalidConfig(problems.0)) }
    }
}

impl Kind<'_> {
    fn observes(self) -> bool {
        match self {
            Self::Directory(_) => true,
            Self::Http(http) => http.health.is_some(),
            Self::Tool(tool) => tool.observe.is_some(),
        }
    }
}

/// The mistakes that were found so far.
#[derive(Default)]
struct Problems(Vec<ConfigProblem>);

impl Problems {
    fn add(&mut self, pointer: &str, message: impl Into<String>) {
        self.0.push(ConfigProblem::new(pointer, message));
    }

    fn add_if(&mut self, pointer: &str, problem: Option<&str>) {
        if let Some(problem) = problem {
            self.add(pointer, problem);
        }
    }

    fn directory(&mut self, at: &str, directory: &Directory) {
        self.globs(at, &directory.files, &directory.except);
        self.add_if(&format!("{at}/to"), folder_problem(&directory.to));
        let keeps_none = "must be at least 1: the live release stays";
        self.add_if(&format!("{at}/keep"), (directory.keep == 0).then_some(keeps_none));
    }

    /// Two strategies must not switch one pointer, nor may one remove what is another's.
    fn apart(&mut self, config: &Config) {
        let mut seen: Vec<&str> = Vec::new();
        for (at, kind) in config.kinds() {
            let Kind::Directory(directory) = kind else { continue };
            let to = directory.to.trim_end_matches('/');
            if seen.iter().any(|other| is_within(to, other) || is_within(other, to)) {
                let problem = "overlaps the folder of another `directory`";
                self.add(&format!("/strategies/{at}/directory/to"), problem);
            }
            seen.push(to);
        }
    }

    fn http(&mut self, at: &str, http: &Http) {
        if http.upload.is_none() && http.activate.is_none() && http.health.is_none() {
            self.add(at, "does nothing: give `upload`, `activate` or `health`");
        }
        if let Some(upload) = &http.upload {
            self.upload(&format!("{at}/upload"), upload);
        }
        if let Some(activate) = &http.activate {
            let at = &format!("{at}/activate");
            let Activate { url, headers, secret_headers, expect, time_limit_ms, .. } = activate;
            self.url(at, url, &["release", "environment"]);
            self.headers(at, headers, secret_headers);
            self.answers(at, expect, *time_limit_ms);
        }
        if let Some(health) = &http.health {
            self.health(&format!("{at}/health"), health);
        }
    }

    fn upload(&mut self, at: &str, upload: &Upload) {
        self.url(at, &upload.url, &["release", "path", "environment"]);
        self.globs(at, &upload.files, &upload.except);
        self.add_if(&format!("{at}/strip"), folder_problem(&upload.strip));
        self.headers(at, &upload.headers, &upload.secret_headers);
        self.answers(at, &upload.expect, upload.time_limit_ms);
    }

    fn health(&mut self, at: &str, health: &Health) {
        self.url(at, &health.url, &["release", "environment"]);
        self.headers(at, &health.headers, &health.secret_headers);
        self.answers(at, &health.expect, health.time_limit_ms);
        let no_pointer = "is not a JSON pointer: it begins with `/`";
        let is_pointer = |text: &str| text.is_empty() || text.starts_with('/');
        for pointer in health.json.keys().filter(|pointer| !is_pointer(pointer)) {
            self.add(&format!("{at}/json/{}", escape(pointer)), no_pointer);
        }
        if health.release.as_ref().is_some_and(|pointer| !is_pointer(pointer)) {
            self.add(&format!("{at}/release"), no_pointer);
        }
    }

    fn tool(&mut self, at: &str, tool: &Tool) {
        if tool.apply.is_empty() && tool.observe.is_none() {
            self.add(at, "does nothing: give `apply` or `observe`");
        }
        for (index, command) in tool.apply.iter().enumerate() {
            self.command(&format!("{at}/apply/{index}"), command);
        }
        if let Some(command) = &tool.observe {
            self.command(&format!("{at}/observe"), command);
        }
    }

    fn command(&mut self, at: &str, command: &Command) {
        let tool = command.command.first().is_some_and(|tool| !tool.is_empty());
        let no_tool = "must begin with the name of a tool";
        self.add_if(&format!("{at}/command"), (!tool).then_some(no_tool));
        self.add_if(&format!("{at}/cwd"), folder_problem(&command.cwd));
        let no_code = "must name at least one exit code";
        self.add_if(&format!("{at}/expect"), command.expect.is_empty().then_some(no_code));
        let bad = |name: &str| name.is_empty() || name.contains(['=', '\0']);
        let no_name = "is not the name of an environment variable";
        for name in command.env.keys().filter(|name| bad(name)) {
            self.add(&format!("{at}/env/{}", escape(name)), no_name);
        }
        for (index, secret) in command.secret_env.iter().enumerate() {
            let at = format!("{at}/secret-env/{index}");
            self.add_if(&format!("{at}/name"), bad(&secret.name).then_some(no_name));
            let twice = command.env.contains_key(&secret.name)
                || command.secret_env[..index].iter().any(|other| other.name == secret.name);
            self.add_if(&format!("{at}/name"), twice.then_some("is set twice"));
            self.add_if(&format!("{at}/secret"), secret_problem(&secret.secret));
        }
    }

    fn globs(&mut self, at: &str, files: &[String], except: &[String]) {
        let none = "names no files";
        self.add_if(&format!("{at}/files"), files.is_empty().then_some(none));
        for (key, patterns) in [("files", files), ("except", except)] {
            for (index, pattern) in patterns.iter().enumerate() {
                self.add_if(&format!("{at}/{key}/{index}"), path_problem(pattern));
            }
        }
    }

    fn url(&mut self, at: &str, url: &str, known: &[&str]) {
        let at = format!("{at}/url");
        for name in placeholders(url).into_iter().filter(|name| !known.contains(name)) {
            let known: Vec<String> = known.iter().map(|name| format!("`{{{name}}}`")).collect();
            let known = known.join(", ");
            self.add(&at, format!("`{{{name}}}` is not known here; there are {known}"));
        }
        self.add_if(&at, url_problem(url));
    }

    fn headers(&mut self, at: &str, headers: &BTreeMap<String, String>, secrets: &[SecretHeader]) {
        let mut seen: Vec<String> = Vec::new();
        let mut check = |problems: &mut Self, place: &str, name: &str| {
            let lower = name.to_ascii_lowercase();
            let problem = if !is_token(name) {
                Some("is not the name of a header")
            } else if OWN_HEADERS.contains(&lower.as_str()) {
                Some("is set by Belljar")
            } else if seen.contains(&lower) {
                Some("is set twice")
            } else {
                None
            };
            seen.push(lower);
            problems.add_if(place, problem);
        };
        let no_value = "holds a control character";
        for (name, value) in headers {
            let place = format!("{at}/headers/{}", escape(name));
            check(self, &place, name);
            self.add_if(&place, value.contains(char::is_control).then_some(no_value));
        }
        for (index, secret) in secrets.iter().enumerate() {
            let place = format!("{at}/secret-headers/{index}");
            check(self, &format!("{place}/name"), &secret.name);
            let bad = secret.prefix.contains(char::is_control).then_some(no_value);
            self.add_if(&format!("{place}/prefix"), bad);
            self.add_if(&format!("{place}/secret"), secret_problem(&secret.secret));
        }
    }

    fn answers(&mut self, at: &str, expect: &[u16], limit_ms: Option<u64>) {
        let none = "must name at least one status code";
        self.add_if(&format!("{at}/expect"), expect.is_empty().then_some(none));
        for (index, status) in expect.iter().enumerate() {
            let bad = !(200..600).contains(status);
            let problem = "is not a status code between 200 and 599";
            self.add_if(&format!("{at}/expect/{index}"), bad.then_some(problem));
        }
        let no_time = "must be at least 1";
        self.add_if(&format!("{at}/time-limit-ms"), (limit_ms == Some(0)).then_some(no_time));
    }
}

fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path == folder
        || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Escapes a key for a JSON pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn secret_problem(name: &str) -> Option<&'static str> {
    name.is_empty().then_some("must be the name of a secret")
}

fn is_token(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_letter)
}

fn url_problem(url: &str) -> Option<&'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest else {
        return Some("must begin with `https://` or `http://`");
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.starts_with(':') {
        return Some("names no host");
    }
    if host.contains('@') {
        return Some("must not hold a user or password: use `secret-headers`");
    }
    if rest.contains('#') {
        return Some("must not have a fragment");
    }
    let odd = |letter: char| !letter.is_ascii_graphic() || matches!(letter, '"' | '<' | '>' | '\\');
    url.contains(odd).then_some("holds a letter that must be percent-encoded")
}

fn folder_problem(path: &str) -> Option<&'static str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() { None } else { path_problem(path) }
}

fn path_problem(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("must not be empty");
    }
    if path.starts_with('/') {
        return Some("must be relative, without a leading `/`");
    }
    if path.contains('\\') {
        return Some("must be separated by `/`, not by `\\`");
    }
    let bad = |segment: &str| matches!(segment, "" | "." | "..");
    path.split('/').any(bad).then_some("must not have empty, `.` or `..` segments")
}
