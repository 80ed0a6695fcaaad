//! Metrics: the state of watched environments as text that Prometheus reads
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use belljar_delivery::watch::Look;
use belljar_model::delivery::Condition;

/// What is known of one environment.
#[derive(Clone, Default)]
struct Known {
    looks: BTreeMap<&'static str, u64>,
    last: Option<(Look, u64)>,
}

/// The state of watched environments.
#[derive(Clone, Default)]
pub(crate) struct Metrics(Arc<Mutex<BTreeMap<String, Known>>>);

impl Metrics {
    /// Takes one look at an environment.
    pub(crate) fn take(&self, environment: &str, look: &Look, at_ms: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(environment.to_owned()).or_default();
        *known.looks.entry(look.condition.as_str()).or_default() += 1;
        known.last = Some((look.clone(), at_ms));
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = Text::default();
        text.family(
            "belljar_observations_total",
            "counter",
            "How often an environment was seen so.",
        );
        for (name, known) in &all {
            for (condition, count) in &known.looks {
                text.sample(&[("environment", name), ("condition", condition)], *count);
            }
        }
        let last = |of: &dyn Fn(&Look, u64) -> u64, text: &mut Text| {
            for (name, known) in &all {
                if let Some((look, at_ms)) = &known.last {
                    text.sample(&[("environment", name)], of(look, *at_ms));
                }
            }
        };
        text.family("belljar_healthy", "gauge", "1 if the last observation was healthy.");
        last(&|look, _| u64::from(look.condition == Condition::Healthy), &mut text);
        text.family("belljar_drift", "gauge", "1 if what is live is not what the ledger says.");
        last(&|look, _| u64::from(look.drift.is_some()), &mut text);
        text.family("belljar_deployment", "gauge", "The number of the live deployment.");
        last(&|look, _| look.deployment, &mut text);
        text.family(
            "belljar_last_observation_timestamp_seconds",
            "gauge",
            "When it was last observed, in seconds since 1970-01-01 UTC.",
        );
        last(&|_, at_ms| at_ms / 1_000, &mut text);
        text.0
    }

    /// Answers requests for `/metrics` on a thread of its own, for as long as the program lives.
    ///
    /// # Errors
    /// When the address cannot be listened at.
    pub(crate) fn serve(&self, address: SocketAddr) -> anyhow::Result<SocketAddr> {
        let server = tiny_http::Server::http(address)
            .map_err(|error| anyhow::anyhow!("metrics cannot be offered at {address}: {error}"))?;
        let bound = server.server_addr().to_ip().unwrap_or(address);
        let metrics = self.clone();
        let answer = move || {
            for request in server.incoming_requests() {
                let is_known = request.url() == "/metrics";
                let text = if is_known { metrics.text() } else { "see /metrics\n".to_owned() };
                let kind = "Content-Type: text/plain; version=0.0.4; charset=utf-8";
                let kind: tiny_http::Header = kind.parse().expect("a header that is well-formed");
                let response = tiny_http::Response::from_string(text)
                    .with_status_code(if is_known { 200 } else { 404 })
                    .with_header(kind);
                // Whoever went away meanwhile gets nothing.
                drop(request.respond(response));
            }
        };
        std::thread::Builder::new().name("metrics".to_owned()).spawn(answer)?;
        Ok(bound)
    }
}

/// Text in the exposition format.
#[derive(Default)]
struct Text(String, String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.0.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        name.clone_into(&mut self.1);
    }

    fn sample(&mut self, labels: &[(&str, &str)], value: u64) {
        let escaped =
            |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        self.0.push_str(&format!("{}{{{}}} {value}\n", self.1, labels.join(",")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_counted_by_environment_and_condition() {
        let metrics = Metrics::default();
        let look = |condition, drift: Option<&str>| Look {
            deployment: 7,
            condition,
            drift: drift.map(str::to_owned),
            detail: String::new(),
            go_back: false,
        };
        metrics.take("a\"b", &look(Condition::Healthy, None), 5_000);
        metrics.take("a\"b", &look(Condition::Unhealthy, Some("x")), 6_999);
        let text = metrics.text();
        let has = |line: &str| assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        has(r#"belljar_observations_total{environment="a\"b",condition="healthy"} 1"#);
        has(r#"belljar_healthy{environment="a\"b"} 0"#);
        has(r#"belljar_drift{environment="a\"b"} 1"#);
        has(r#"belljar_deployment{environment="a\"b"} 7"#);
        has(r#"belljar_last_observation_timestamp_seconds{environment="a\"b"} 6"#);
    }
}
