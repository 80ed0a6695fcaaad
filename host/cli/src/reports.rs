//! `--report`: SARIF and JUnit files, made from the event stream.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use belljar_disk::{Mode, Root};
use belljar_model::{Event, Finding};
use belljar_report::sarif::Reported;

use crate::error::CommandError;
use crate::stream::Reader;

/// A format of reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Sarif,
    Junit,
}

/// The reports that were asked for.
#[derive(Debug)]
pub(crate) struct Reports(Vec<(Kind, String)>);

/// Keeps the events that reports are made of.
#[derive(Clone)]
pub(crate) struct Collector(Option<Arc<Mutex<Vec<Event>>>>);

impl Reports {
    /// Parses `sarif=FILE` and `junit=FILE`.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, CommandError> {
        let parse = |text: &String| match text.split_once('=') {
            Some(("sarif", file)) if !file.is_empty() => Ok((Kind::Sarif, file.to_owned())),
            Some(("junit", file)) if !file.is_empty() => Ok((Kind::Junit, file.to_owned())),
            _ => Err(CommandError::usage_help(
                format!("`{text}` is not a report"),
                "--report sarif=FILE or --report junit=FILE",
            )),
        };
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// A reader that keeps what the reports need; nothing if there are none.
    pub(crate) fn collector(&self) -> Collector {
        Collector((!self.0.is_empty()).then(Arc::default))
    }

    /// Writes findings that come from no run. `who` found them.
    pub(crate) fn write_findings(
        &self,
        root: &Path,
        who: &str,
        findings: &[Finding],
    ) -> Result<(), CommandError> {
        for (kind, file) in &self.0 {
            if *kind == Kind::Junit {
                let message = "an audit has no test cases, so there is no JUnit report of it";
                return Err(CommandError::usage_help(message, "--report sarif=FILE"));
            }
            let reported =
                findings.iter().map(|finding| Reported { step: "", plugin: who, finding });
            let sarif = belljar_report::sarif::of_findings(reported, env!("CARGO_PKG_VERSION"));
            let text = serde_json::to_string_pretty(&sarif).expect("a JSON value can be written");
            write(&root.join(file), &text)?;
        }
        Ok(())
    }

    /// Writes the reports. Their files are the user's, so they are relative to `root`.
    pub(crate) fn write(&self, root: &Path, collected: &Collector) -> Result<(), CommandError> {
        let Some(events) = &collected.0 else { return Ok(()) };
        let events = events.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, file) in &self.0 {
            let text = match kind {
                Kind::Sarif => {
                    let version = env!("CARGO_PKG_VERSION");
                    let sarif = belljar_report::sarif::sarif(&events, version);
                    serde_json::to_string_pretty(&sarif).expect("a JSON value can be written")
                }
                Kind::Junit => belljar_report::junit::junit(&events),
            };
            write(&root.join(file), &text)?;
        }
        Ok(())
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let folder = file.parent().context("a report needs a file name")?;
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.context("a report needs a file name")?;
    let folder = Root::create(folder).context("the report cannot be written")?;
    folder.write_atomic(name, text.as_bytes(), Mode::Plain).context("the report cannot be written")
}

impl Reader for Collector {
    fn read(&mut self, event: &Event) {
        let wanted = matches!(
            event,
            Event::StepFinding { .. } | Event::StepTest { .. } | Event::StepFinished { .. }
        );
        if let Some(events) = &self.0
            && wanted
        {
            events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_kind_and_a_file() {
        let reports = Reports::parse(&["sarif=a.sarif".to_owned(), "junit=b.xml".to_owned()]);
        let Ok(Reports(reports)) = reports else { panic!("both are reports") };
        let expected = [(Kind::Sarif, "a.sarif".to_owned()), (Kind::Junit, "b.xml".to_owned())];
        assert_eq!(reports, expected);
        for text in ["sarif", "sarif=", "html=x"] {
            assert!(Reports::parse(&[text.to_owned()]).is_err(), "{text}");
        }
    }
}
