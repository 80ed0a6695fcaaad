//! The strategy `http`: uploads, then one request that makes them live, and a health check.

use std::collections::BTreeMap;
use std::time::Duration;

use belljar_sdk::deploy::{Artifact, HttpResponse};
use belljar_sdk::prelude::*;
use belljar_sdk::serde_json::Value;

use crate::config::{Activate, Health, Http, SecretHeader, Upload};
use crate::release::{digits, is_same};
use crate::template::{escape, fill};
use crate::verdict;

/// The header that tells the other side which requests are one attempt.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Sends every file, and then the request that makes them live.
pub(crate) fn apply(config: &Http, at: usize, cx: &DeployCx) -> DeployResult {
    let mut changes = Vec::new();
    if let Some(upload) = &config.upload {
        let mut seen = BTreeMap::new();
        for file in select(upload, at, cx)? {
            cx.check_cancelled()?;
            let path = file.path.clone();
            let url = upload_url(upload, &file, at, cx)?;
            if let Some(first) = seen.insert(url.clone(), path.clone()) {
                let problem = format!("gives `{first}` and `{path}` one address: add `{{path}}`");
                let pointer = format!("/strategies/{at}/http/upload/url");
                return Err(StepError::invalid_config(pointer, problem));
            }
            cx.http().send(&upload_request(upload, &url, &file, cx))?;
            let detail = format!("{} bytes to {url}", file.size);
            changes.push(Change::new("upload", path).detail(detail));
        }
    }
    if let Some(activate) = &config.activate {
        let request = activate_request(activate, cx);
        cx.http().send(&request)?;
        let wire = request.as_wire();
        changes.push(Change::new("activate", format!("{} {}", wire.method, wire.url)));
    }
    Ok(changes)
}

/// Asks whether the release is well.
pub(crate) fn observe(health: &Health, cx: &DeployCx) -> Observation {
    let url = address(&health.url, cx, None);
    let request = HttpRequest::get(&url).expect(health.expect.iter().copied());
    let request = dressed(request, &health.headers, &health.secret_headers);
    match cx.http().send_raw(&limited(request, health.time_limit_ms)) {
        Err(error) => Observation::unknown(error.to_string()),
        Ok(answer) => judge(health, &url, &answer, cx.release()),
    }
}

fn judge(health: &Health, url: &str, answer: &HttpResponse, release: &str) -> Observation {
    if !health.expect.contains(&answer.status()) {
        return Observation::unhealthy(format!("{url} answered {}", answer.status()));
    }
    if health.json.is_empty() && health.release.is_none() {
        return Observation::healthy(format!("{url} answered {}", answer.status()));
    }
    let Ok(body) = answer.json() else {
        return Observation::unhealthy(format!("{url} answered without JSON"));
    };
    let live = health.release.as_ref().map(|pointer| (pointer, body.pointer(pointer)));
    match live {
        Some((_, Some(Value::String(live)))) if is_same(live, release) => {
            values(health, url, &body).release(release)
        }
        Some((_, Some(Value::String(live)))) => verdict::other(url, live),
        Some((pointer, _)) => {
            Observation::unhealthy(format!("{url} names no release at `{pointer}`"))
        }
        None => values(health, url, &body),
    }
}

/// Compares the values of an answer with those that a healthy release gives.
fn values(health: &Health, url: &str, body: &Value) -> Observation {
    let nothing = Value::Null;
    for (pointer, expected) in &health.json {
        let found = body.pointer(pointer).unwrap_or(&nothing);
        if found != expected {
            let seen = format!("{url} has {found} at `{pointer}`, expected {expected}");
            return Observation::unhealthy(seen);
        }
    }
    Observation::healthy(format!("{url} answers as it should"))
}

fn select(upload: &Upload, at: usize, cx: &DeployCx) -> Result<Vec<Artifact>, StepError> {
    let files = cx.select(&upload.files, &upload.except);
    if files.is_empty() {
        let pointer = format!("/strategies/{at}/http/upload/files");
        return Err(StepError::invalid_config(pointer, "matches none of the shipped files"));
    }
    Ok(files)
}

fn upload_url(
    upload: &Upload,
    file: &Artifact,
    at: usize,
    cx: &DeployCx,
) -> Result<String, StepError> {
    let strip = upload.strip.trim_end_matches('/');
    let below = if strip.is_empty() {
        Some(file.path.as_str())
    } else {
        file.path.strip_prefix(strip).and_then(|path| path.strip_prefix('/'))
    };
    let path = below.ok_or_else(|| {
        let pointer = format!("/strategies/{at}/http/upload/strip");
        StepError::invalid_config(pointer, format!("`{}` is not below `{strip}`", file.path))
    })?;
    Ok(address(&upload.url, cx, Some(path)))
}

fn upload_request(upload: &Upload, url: &str, file: &Artifact, cx: &DeployCx) -> HttpRequest {
    let request = HttpRequest::new(upload.method.as_str(), url)
        .header(IDEMPOTENCY_KEY, cx.idempotency_key())
        .artifact(&file.path)
        .expect(upload.expect.iter().copied());
    limited(dressed(request, &upload.headers, &upload.secret_headers), upload.time_limit_ms)
}

fn activate_request(activate: &Activate, cx: &DeployCx) -> HttpRequest {
    let url = address(&activate.url, cx, None);
    let mut request = HttpRequest::new(activate.method.as_str(), url)
        .header(IDEMPOTENCY_KEY, cx.idempotency_key())
        .expect(activate.expect.iter().copied());
    if let Some(body) = &activate.json {
        request = request.json(&filled(body, &names(cx)));
    }
    limited(dressed(request, &activate.headers, &activate.secret_headers), activate.time_limit_ms)
}

/// What texts of the configuration may name.
fn names(cx: &DeployCx) -> [(&'static str, &str); 2] {
    [("release", digits(cx.release())), ("environment", cx.environment())]
}

/// Fills in every text of a JSON value.
fn filled(value: &Value, names: &[(&str, &str)]) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, names)),
        Value::Array(items) => items.iter().map(|item| filled(item, names)).collect(),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| (key.clone(), filled(value, names));
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

fn address(template: &str, cx: &DeployCx, path: Option<&str>) -> String {
    let [(release, digits), (environment, name)] = names(cx);
    let (digits, name) = (escape(digits), escape(name));
    let path = path.map(escape);
    let mut values = vec![(release, digits.as_str()), (environment, name.as_str())];
    values.extend(path.as_deref().map(|path| ("path", path)));
    fill(template, &values)
}

fn dressed(
    mut request: HttpRequest,
    headers: &BTreeMap<String, String>,
    secrets: &[SecretHeader],
) -> HttpRequest {
    for (name, value) in headers {
        request = request.header(name.to_ascii_lowercase(), value);
    }
    for SecretHeader { name, prefix, secret } in secrets {
        request = request.secret_header(name.to_ascii_lowercase(), prefix, secret);
    }
    request
}

fn limited(request: HttpRequest, limit_ms: Option<u64>) -> HttpRequest {
    match limit_ms {
        Some(limit) => request.time_limit(Duration::from_millis(limit)),
        None => request,
    }
}
