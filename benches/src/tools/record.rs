//! Record: what a run says that it did, checked before its time counts.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::place::Tier;

/// The events of a run.
pub(crate) struct Record {
    /// The reports of the steps.
    reports: Vec<Value>,
    /// What steps printed, each line with its end.
    logs: BTreeMap<String, String>,
}

impl Record {
    /// Reads events, one a line.
    ///
    /// # Errors
    /// When a line is none.
    pub(crate) fn parse(events: &str) -> Result<Self> {
        let (mut reports, mut logs) = (Vec::new(), BTreeMap::<String, String>::new());
        for line in events.lines() {
            let mut event: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
            if event["event"] == "step-finished" {
                reports.push(event["report"].take());
            } else if event["event"] == "step-log" {
                let log = logs.entry(text(&event["step"])).or_default();
                log.push_str(&text(&event["line"]["text"]));
                log.push('\n');
            }
        }
        ensure!(!reports.is_empty(), "no step has ended:\n{events}");
        Ok(Self { reports, logs })
    }

    /// Why a policy did not let a step run, if one did not.
    pub(crate) fn refused(&self) -> Option<String> {
        let fault = self.reports.iter().map(|report| &report["fault"]);
        let fault = fault.into_iter().find(|fault| fault["blame"] == "policy")?;
        let notes = fault["notes"].as_array().into_iter().flatten().map(text);
        Some(std::iter::once(text(&fault["message"])).chain(notes).collect::<Vec<_>>().join("; "))
    }

    /// Checks that so many steps were executed and passed.
    ///
    /// # Errors
    /// When it was otherwise.
    pub(crate) fn check_steps(&self, count: u32) -> Result<()> {
        let ended = u32::try_from(self.reports.len())?;
        ensure!(ended == count, "{ended} steps have ended instead of {count}");
        for report in &self.reports {
            ensure!(report["status"] == "passed", "a step has not passed: {report}");
            ensure!(report["source"] == "executed", "a step was not executed: {report}");
        }
        Ok(())
    }

    /// How many steps have ended.
    pub(crate) fn steps(&self) -> u32 {
        u32::try_from(self.reports.len()).unwrap_or(u32::MAX)
    }

    /// How many steps were executed. All must have passed.
    ///
    /// # Errors
    /// When one has not.
    pub(crate) fn executed(&self) -> Result<u32> {
        let failed = self.reports.iter().find(|report| report["status"] != "passed");
        ensure!(failed.is_none(), "a step has not passed: {failed:?}");
        let executed = self.reports.iter().filter(|report| report["source"] == "executed");
        Ok(u32::try_from(executed.count())?)
    }

    /// Checks that each step has run `each` tools, and returns all these runs. `source` says
    /// where their results must come from.
    ///
    /// # Errors
    /// When it was otherwise.
    pub(crate) fn check_tools(&self, each: usize, source: &str, tier: Tier) -> Result<()> {
        for report in &self.reports {
            let runs = runs(report).count();
            ensure!(runs == each, "{runs} tools were run instead of {each}: {report}");
        }
        self.check_runs(source, tier)
    }

    /// Checks where the results of all runs of tools come from, and their tier.
    ///
    /// # Errors
    /// When it was otherwise.
    pub(crate) fn check_runs(&self, source: &str, tier: Tier) -> Result<()> {
        for run in self.reports.iter().flat_map(runs) {
            ensure!(run["source"] == source, "expected {source}: {run}");
            ensure!(run["isolation"]["tier"] == tier.as_str(), "expected {tier}: {run}");
            ensure!(run["code"] == 0, "a tool has failed: {run}");
        }
        Ok(())
    }

    /// How long the runs of tools were prepared, in seconds, the shortest first.
    ///
    /// # Errors
    /// When a run does not say it.
    pub(crate) fn setups(&self) -> Result<Vec<f64>> {
        let setup = |run: &Value| {
            let micros = run["cost"]["setup_us"].as_u64().context("a run has a setup")?;
            Ok(f64::from(u32::try_from(micros)?) / 1e6)
        };
        let mut setups =
            self.reports.iter().flat_map(runs).map(setup).collect::<Result<Vec<_>>>()?;
        setups.sort_by(f64::total_cmp);
        Ok(setups)
    }

    /// What a step printed.
    pub(crate) fn log(&self, step: &str) -> &str {
        self.logs.get(step).map_or("", String::as_str)
    }

    /// The line of the report for a step.
    pub(crate) fn summary(&self, step: &str) -> Option<&str> {
        self.reports.iter().find(|report| report["step"] == step)?["summary"].as_str()
    }
}

/// The value below which, or at which, so many percent of sorted values lie.
pub(crate) fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
}

fn runs(report: &Value) -> impl Iterator<Item = &Value> {
    report["tools"].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &str = r#"{"event":"run-started"}
{"event":"step-log","step":"s","line":{"level":"info","text":"one"}}
{"event":"step-log","step":"s","line":{"level":"info","text":"two"}}
{"event":"step-finished","report":{"step":"s","status":"passed","source":"executed","summary":"ok","fault":null,"tools":[{"source":"executed","code":0,"isolation":{"tier":"t1"},"cost":{"setup_us":1500}}]}}
"#;

    #[test]
    fn what_a_run_did_is_compared_with_what_it_had_to() {
        let record = Record::parse(EVENTS).unwrap();
        record.check_steps(1).unwrap();
        record.check_tools(1, "executed", Tier::T1).unwrap();
        assert_eq!((record.log("s"), record.summary("s")), ("one\ntwo\n", Some("ok")));
        assert_eq!(record.setups().unwrap(), [0.0015]);
        assert!(record.check_steps(2).is_err());
        assert!(record.check_tools(0, "executed", Tier::T1).is_err());
        assert!(record.check_tools(1, "exact-hit", Tier::T1).is_err());
        assert!(record.check_tools(1, "executed", Tier::T2).is_err());
        assert!(Record::parse("").is_err());
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        let of = |percent| format!("{:.0}", percentile(&values, percent));
        assert_eq!([of(0), of(50), of(95), of(100)], ["1", "10", "19", "20"]);
    }
}
