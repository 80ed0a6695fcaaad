//! What a reviewer should look at: each with its rule and its place in the pipeline file.

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::{
    Capability, Code, Diagnostic, Finding, Severity, Span, StepName, WorkspacePath,
};
use belljar_pipeline::lock::Comparison;
use belljar_pipeline::{Place, codes};

use super::used::Used;
use super::{Audited, Rule};
use crate::session::Session;

/// Diagnostics that say: a plugin asks for what it is not granted.
const ASKS: &[Code] =
    &[codes::MISSING_SECRET, codes::STEP_MISSING_SECRET, codes::MISSING_HOST, codes::MISSING_TOOL];

/// Collects all findings about the plugins that are looked at.
pub(super) fn findings(
    session: &Session,
    audited: &BTreeMap<String, Audited>,
    used: &BTreeMap<StepName, Used>,
) -> Vec<(Rule, Finding)> {
    let mut found = Finder { session, found: Vec::new(), seen: BTreeSet::new() };
    for (name, plugin) in audited {
        found.lock(name, plugin);
    }
    for step in &session.project.pipeline.steps {
        if audited.contains_key(&step.uses) {
            found.step(step, used.get(&step.name));
        }
    }
    for environment in session.project.pipeline.environments.values() {
        let spec = &environment.spec;
        for host in spec.hosts.iter().filter(|host| host.starts_with('*')) {
            if audited.contains_key(&spec.uses) {
                let message = format!("environment `{}` may reach any host: `{host}`", spec.name);
                found.add(Rule::BroadGrant, message, &environment.at);
            }
        }
    }
    let pipeline = &session.project.pipeline;
    for diagnostic in belljar_pipeline::check_config(pipeline, &session.descriptors()) {
        found.diagnostic(Rule::AskWithoutGrant, ASKS, &diagnostic);
    }
    for diagnostic in &session.project.warnings {
        found.diagnostic(Rule::LookAlike, &[codes::LOOK_ALIKE], diagnostic);
    }
    found.found
}

struct Finder<'a> {
    session: &'a Session,
    found: Vec<(Rule, Finding)>,
    /// Steps that come from one entry say the same of the same place.
    seen: BTreeSet<(Rule, String, usize, String)>,
}

impl Finder<'_> {
    fn lock(&mut self, name: &str, plugin: &Audited) {
        let at = self.session.project.pipeline.plugins[name].at.clone();
        match &plugin.comparison {
            None | Some(Comparison::Unchanged) => {}
            Some(Comparison::New) => {
                self.add(Rule::Unlocked, format!("plugin `{name}` is not locked"), &at);
            }
            Some(Comparison::Moved(_)) => {
                self.add(Rule::Unlocked, format!("plugin `{name}` is not as it is locked"), &at);
            }
            Some(Comparison::Gained(changes)) => {
                for change in changes {
                    let message = format!("plugin `{name}` is not accepted so: {change}");
                    self.add(Rule::NotAccepted, message, &at);
                }
            }
            Some(Comparison::Swapped(_)) => {
                let message = format!("plugin `{name}` has other bytes than were locked");
                self.add(Rule::NotAccepted, message, &at);
            }
        }
    }

    fn step(&mut self, step: &belljar_pipeline::Step, used: Option<&Used>) {
        for at in &step.grants {
            let (kind, resource) = (at.grant.capability.as_str(), &at.grant.resource);
            if used.is_some_and(|used| used.known && !used.has(kind, resource)) {
                let message = format!("step `{}` never used its grant {}", step.name, at.grant);
                self.add(Rule::UnusedGrant, message, &at.at);
            }
            if at.grant.capability == Capability::Network && resource.starts_with('*') {
                let message = format!("tools of step `{}` may reach any host", step.name);
                self.add(Rule::BroadGrant, message, &at.at);
            }
        }
        let all = step.inputs.texts().iter().find(|text| matches!(text.as_str(), "**" | "**/*"));
        if let (Some(all), Some(at)) = (all, &step.places.inputs) {
            let message = format!("step `{}` may read every file: `{all}`", step.name);
            self.add(Rule::BroadGrant, message, at);
        }
    }

    fn diagnostic(&mut self, rule: Rule, codes: &[Code], diagnostic: &Diagnostic) {
        if let (true, Some(label)) = (codes.contains(&diagnostic.code), diagnostic.labels.first()) {
            let at = Place { file: label.file.as_str().into(), span: label.span.clone() };
            self.add(rule, diagnostic.message.clone(), &at);
        }
    }

    fn add(&mut self, rule: Rule, message: String, at: &Place) {
        if !self.seen.insert((rule, at.file.to_string(), at.span.start, message.clone())) {
            return;
        }
        let sources = &self.session.project.sources;
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let (start_line, start_col) = sources.position(&at.file, at.span.start);
        let (end_line, end_col) = sources.position(&at.file, at.span.end);
        let span = WorkspacePath::parse(&at.file).ok().map(|file| Span {
            file,
            start_line: number(start_line),
            start_col: number(start_col),
            end_line: number(end_line),
            end_col: number(end_col),
        });
        let finding = Finding {
            rule: rule.as_str().clone(),
            severity: rule.severity(),
            message,
            at: span,
            fixes: Vec::new(),
            attrs: BTreeMap::new(),
        };
        self.found.push((rule, finding));
    }
}

impl Rule {
    const fn severity(self) -> Severity {
        match self {
            Self::NotAccepted | Self::AskWithoutGrant => Severity::Error,
            Self::Unlocked | Self::LookAlike | Self::UnusedGrant => Severity::Warning,
            Self::BroadGrant => Severity::Note,
        }
    }
}
