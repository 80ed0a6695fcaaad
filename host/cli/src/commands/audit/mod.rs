//! `belljar audit`: what each plugin is, may do, and did.

mod findings;
mod shown;
pub(in crate::commands) mod used;

use std::collections::BTreeMap;

use belljar_model::{Blame, Code, Fault, Finding, Tier};
use belljar_pipeline::lock::{Comparison, LockEntry, judge};
use clap::ValueEnum as _;

use crate::args::{AuditArgs, Global};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::lock::{self, Known};
use crate::project::Project;
use crate::reports::Reports;
use crate::session::Session;
use crate::terminal::Terminal;
use used::Used;

pub(crate) use crate::args::Rule;

/// An audit that found what it was told to fail on.
const E0345: Code = Code::new("E0345");

/// What is known of one plugin.
struct Audited {
    /// What it is now; why not, if it could not be loaded.
    entry: Result<LockEntry, Fault>,
    /// How it stands to the lock file.
    comparison: Option<Comparison>,
    /// The functions that it imports like every plugin does.
    ambient: usize,
    /// The strongest isolation that any step asks for its tools.
    floor: Option<Tier>,
    /// What its steps used, together.
    used: Used,
    /// The files that its steps read, by the pattern that lets them.
    files: BTreeMap<String, usize>,
    /// Grants of the file that no step of it used; none if that is not known.
    unused: Vec<String>,
}

pub(super) fn audit(
    global: &Global,
    args: &AuditArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let reports = Reports::parse(&args.report)?;
    let session = Session::with(global, Project::read(global)?, terminal)?;
    if let Some(unknown) =
        args.plugins.iter().find(|name| !session.project.pipeline.plugins.contains_key(*name))
    {
        return Err(CommandError::usage_help(
            format!("the pipeline file names no plugin `{unknown}`"),
            "belljar ls plugins",
        ));
    }
    let (by_step, runs) = used::in_runs(&session, args.runs)?;
    let mut audited = plugins(&session, &by_step)?;
    audited.retain(|name, _| args.plugins.is_empty() || args.plugins.contains(name));
    let found = findings::findings(&session, &audited, &by_step);
    let list: Vec<Finding> = found.iter().map(|(_, finding)| finding.clone()).collect();
    reports.write_findings(&session.root, "audit", &list)?;
    if terminal.json {
        terminal.answer_json(&shown::as_json(&audited, &list, runs));
    } else {
        terminal.answer(&shown::as_text(&audited, &list, (runs, terminal)));
    }
    failing(&args.fail_on, &found)
}

/// Refuses if there are findings of these rules.
fn failing(rules: &[Rule], found: &[(Rule, Finding)]) -> Result<Exit, CommandError> {
    let bad: Vec<_> = found.iter().filter(|(rule, _)| rules.contains(rule)).collect();
    if bad.is_empty() {
        return Ok(Exit::Success);
    }
    let message = format!(
        "the audit found {} of the rules given with `--fail-on`",
        belljar_report::text::count(bad.len(), "finding")
    );
    let fault = Fault::new(Blame::Policy, E0345, message);
    let line = |finding: &Finding| match &finding.at {
        Some(at) => format!("{}:{}: {}", at.file, at.start_line, finding.message),
        None => finding.message.clone(),
    };
    let fault = bad
        .iter()
        .fold(fault, |fault, (rule, one)| fault.note(format!("{}: {}", rule.as_str(), line(one))));
    Err(fault
        .help("take out what is not needed, or accept what is new: `belljar plugin update`")
        .into())
}

impl Rule {
    /// Its name, as it is typed.
    pub(crate) fn as_str(self) -> String {
        let value = self.to_possible_value().expect("no rule is hidden");
        value.get_name().to_owned()
    }
}

/// All plugins of the file.
fn plugins(
    session: &Session,
    by_step: &BTreeMap<belljar_model::StepName, Used>,
) -> Result<BTreeMap<String, Audited>, CommandError> {
    let locked = lock::read(&session.project)?;
    let mut entries = lock::entries(session, locked.as_ref(), Known::Nothing);
    let mut all = BTreeMap::new();
    for (name, loaded) in &session.plugins {
        let entry = match (entries.remove(name), loaded) {
            (Some(entry), _) => entry,
            (None, Err(fault)) => Err(fault.clone()),
            (None, Ok(_)) => unreachable!("what was loaded has an entry"),
        };
        let old = locked.as_ref().and_then(|lock| lock.plugins.get(name));
        let comparison = entry.as_ref().ok().map(|entry| judge(old, entry));
        let imports = loaded.iter().flat_map(|loaded| &loaded.imports);
        let ambient =
            imports.filter(|import| import.ambient).map(|import| import.functions.len()).sum();
        let mut audited = Audited {
            entry,
            comparison,
            ambient,
            floor: None,
            used: Used::default(),
            files: BTreeMap::new(),
            unused: Vec::new(),
        };
        audited.add_steps(session, name, by_step);
        all.insert(name.clone(), audited);
    }
    Ok(all)
}

impl Audited {
    /// Adds what the steps of the plugin used.
    fn add_steps(
        &mut self,
        session: &Session,
        plugin: &str,
        by_step: &BTreeMap<belljar_model::StepName, Used>,
    ) {
        let steps = session.project.pipeline.steps.iter();
        let mut all_known = true;
        for step in steps.filter(|step| step.uses == plugin) {
            self.floor = self.floor.max(Some(step.min_isolation));
            let Some(used) = by_step.get(&step.name) else {
                all_known = false;
                continue;
            };
            all_known &= used.known;
            self.used.add_all(used);
            for path in &used.files {
                let patterns = step.inputs.texts().iter();
                let mut including = patterns.filter(|text| !text.starts_with('!'));
                let by = including.find(|text| {
                    belljar_model::Patterns::parse(&[text]).is_ok_and(|one| one.matches(path))
                });
                let by = by.map_or("outputs of steps before", String::as_str);
                *self.files.entry(by.to_owned()).or_default() += 1;
            }
        }
        if let (true, Ok(entry)) = (all_known, &self.entry) {
            for (kind, names) in &entry.grants {
                let unused = names.iter().filter(|name| !self.used.has(kind, name));
                self.unused.extend(unused.map(|name| format!("{kind} {name}")));
            }
        }
        // What a deployment uses is in the ledger, not in the recordings of runs.
        if self.entry.as_ref().is_ok_and(|entry| entry.class == belljar_model::Class::Effect) {
            self.unused.clear();
        }
    }
}
