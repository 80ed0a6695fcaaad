//! Which releases contain a file, and where they are or were live.

use std::collections::BTreeMap;

use belljar_model::Digest;
use belljar_model::ledger::{Entry, LedgerEvent, Outcome};
use belljar_model::sheet::{Column, Excluded, Row, Sheet, Table};
use serde::{Deserialize, Serialize};

use super::history::{Deployment, deployments};
use super::words::{count, instant};

/// A file that a step read to make a release, as the evidence of the release lists it: the
/// evidence is a JSON list of these.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct EvidenceFile {
    /// The path in the workspace.
    pub path: String,
    /// The digest of what was read: `blake3:<64 hex digits>:<size>`.
    pub digest: String,
    /// The step that read it.
    pub step: String,
}

/// What is looked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FindAsk {
    /// The whole path: of an artifact, or of a file in the workspace.
    pub path: String,
    /// The first hexadecimal digits of its digest, or the digest itself; `None` for any.
    pub digest: Option<String>,
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FindReport {
    /// What was looked for.
    pub ask: FindAsk,
    /// The releases that contain it, in the order of the ledger.
    pub found: Vec<Found>,
    /// How many releases were looked at.
    pub releases: u64,
    /// Releases of which it could not be said, and why.
    pub excluded: Vec<Excluded>,
}

/// A release that contains a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Found {
    /// The release.
    pub release: Digest,
    /// The commit it was built from, if known.
    pub commit: Option<String>,
    /// The digest of the file, as it is written.
    pub digest: String,
    /// How: `artifact of STEP`, or `read by STEP`.
    pub how: Vec<String>,
    /// Where it is or was live.
    pub live: Vec<LiveTime>,
    /// The events that say what is in it.
    pub events: Vec<u64>,
}

/// A time in which a release was live.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LiveTime {
    /// The environment.
    pub environment: String,
    /// The deployment that made it live.
    pub deployment: u64,
    /// From when, in milliseconds since 1970-01-01 UTC.
    pub from_ms: u64,
    /// Until when; `None` if it is live now.
    pub until_ms: Option<u64>,
    /// The events.
    pub events: Vec<u64>,
}

/// Finds the releases that contain a file: as an artifact, or as a file that a step read.
///
/// `evidence` returns the list of a release by the SHA-256 digest that the ledger has of it, or
/// `None` if it is not there or not readable; such releases are listed as excluded.
/// A release counts as live from the moment that its effects were done, even if it is undone.
pub fn find(
    entries: &[Entry],
    evidence: &dyn Fn(&str) -> Option<Vec<EvidenceFile>>,
    ask: FindAsk,
) -> FindReport {
    let mut found: BTreeMap<(Digest, String), Found> = BTreeMap::new();
    let mut seen: BTreeMap<Digest, u64> = BTreeMap::new();
    let mut excluded = Vec::new();
    for entry in entries {
        let LedgerEvent::Release { release, evidence: digest } = &entry.event else { continue };
        seen.entry(release.id).or_insert(entry.seq);
        let artifacts = release.artifacts.iter().map(|artifact| {
            let how = format!("artifact of {}", artifact.step);
            (artifact.path.as_str().to_owned(), artifact.digest.to_string(), how)
        });
        let files = digest.as_deref().map(evidence);
        let reason = match &files {
            None => Some("no evidence was written: only its artifacts were looked at"),
            Some(None) => Some("its evidence cannot be read: only its artifacts were looked at"),
            Some(Some(_)) => None,
        };
        if let Some(reason) = reason {
            excluded.push(Excluded {
                from: "Releases".to_owned(),
                subject: format!("release {}", release.short()),
                reason: reason.to_owned(),
                events: vec![entry.seq],
            });
        }
        let read = files.flatten().unwrap_or_default().into_iter().map(|file| {
            let EvidenceFile { path, digest, step } = file;
            (path, digest, format!("read by {step}"))
        });
        for (path, digest, how) in artifacts.chain(read) {
            if path != ask.path || !ask.digest.as_deref().is_none_or(|ask| begins(&digest, ask)) {
                continue;
            }
            let found = found.entry((release.id, digest.clone())).or_insert_with(|| Found {
                release: release.id,
                commit: None,
                digest,
                how: Vec::new(),
                live: Vec::new(),
                events: Vec::new(),
            });
            if let (None, Some(revision)) = (&found.commit, &release.revision) {
                found.commit = Some(revision.commit.clone());
            }
            if !found.how.contains(&how) {
                found.how.push(how);
            }
            if found.events.last() != Some(&entry.seq) {
                found.events.push(entry.seq);
            }
        }
    }
    let live = live_times(entries);
    let mut found: Vec<_> = found.into_values().collect();
    for found in &mut found {
        found.live = live.get(&found.release).cloned().unwrap_or_default();
    }
    found.sort_by_key(|found| found.events.first().copied());
    FindReport { ask, found, releases: seen.len() as u64, excluded }
}

/// Whether a digest begins with these digits, however both are written.
fn begins(digest: &str, ask: &str) -> bool {
    let bare = |text: &str| text.strip_prefix("blake3:").unwrap_or(text).to_ascii_lowercase();
    match ask.rsplit_once(':').map(|(start, _)| start) {
        Some(start) if start.len() > "blake3".len() => bare(digest) == bare(ask),
        _ => bare(digest).starts_with(&bare(ask)),
    }
}

/// When each release was live.
fn live_times(entries: &[Entry]) -> BTreeMap<Digest, Vec<LiveTime>> {
    let all = deployments(entries);
    let mut targets = BTreeMap::new();
    let mut now: BTreeMap<&str, (Option<Digest>, LiveTime)> = BTreeMap::new();
    let mut past: BTreeMap<Digest, Vec<LiveTime>> = BTreeMap::new();
    for entry in entries {
        let Some((environment, deployment, release)) = switch(entry, &all, &mut targets) else {
            continue;
        };
        let next = LiveTime {
            environment: environment.to_owned(),
            deployment,
            from_ms: entry.at,
            until_ms: None,
            events: vec![entry.seq],
        };
        let Some((before, time)) = now.get_mut(environment) else {
            now.insert(environment, (release, next));
            continue;
        };
        if *before == release {
            continue;
        }
        let mut ended = std::mem::replace(time, next);
        ended.until_ms = Some(entry.at);
        ended.events.push(entry.seq);
        if let Some(before) = std::mem::replace(before, release) {
            past.entry(before).or_default().push(ended);
        }
    }
    for (release, time) in now.into_values() {
        if let Some(release) = release {
            past.entry(release).or_default().push(time);
        }
    }
    past
}

/// What an event makes live: where, with which deployment, and the release, if it is known.
fn switch<'a>(
    entry: &'a Entry,
    all: &BTreeMap<(&str, u64), Deployment<'a>>,
    targets: &mut BTreeMap<(&'a str, u64), u64>,
) -> Option<(&'a str, u64, Option<Digest>)> {
    let release_of = |environment: &str, number: u64| {
        let planned = all.get(&(environment, number)).and_then(Deployment::plan);
        planned.map(|planned| planned.plan.release.id)
    };
    match &entry.event {
        LedgerEvent::RollbackStarted { environment, deployment, to, .. } => {
            targets.insert((environment, *deployment), *to);
            None
        }
        LedgerEvent::Applied { environment, deployment } => {
            Some((environment, *deployment, release_of(environment, *deployment)))
        }
        LedgerEvent::RollbackApplied { environment, deployment } => {
            let to = targets.get(&(environment.as_str(), *deployment)).copied()?;
            Some((environment, to, release_of(environment, to)))
        }
        LedgerEvent::Finished { environment, deployment, outcome, live, .. } => {
            let number = match outcome {
                Outcome::NotApplied => return None,
                Outcome::Live | Outcome::Stuck => *deployment,
                Outcome::RolledBack => targets
                    .get(&(environment.as_str(), *deployment))
                    .copied()
                    .unwrap_or(*deployment),
            };
            Some((environment, number, *live))
        }
        _ => None,
    }
}

impl FindReport {
    /// The report for people.
    pub fn sheet(&self) -> Sheet {
        let columns = ["release", "commit", "file", "how", "environment", "deployment", "live"];
        let mut columns: Vec<_> = columns.iter().map(|name| Column::text(name)).collect();
        columns[5] = Column::number("deployment");
        let mut table = Table::new("Releases", &columns);
        for found in &self.found {
            let nowhere = found.live.is_empty().then_some(None);
            for time in found.live.iter().map(Some).chain(nowhere) {
                table.rows.push(row(found, time));
            }
        }
        let mut releases: Vec<_> = self.found.iter().map(|found| found.release).collect();
        releases.sort_unstable();
        releases.dedup();
        let digest = self.ask.digest.as_ref().map(|digest| format!(" ({digest}…)"));
        Sheet {
            title: format!("Releases with {}{}", self.ask.path, digest.unwrap_or_default()),
            about: vec![format!("{} of {}", releases.len(), count(self.releases, "release"))],
            tables: vec![table],
            excluded: self.excluded.clone(),
            notes: vec![
                "A release is live from the moment that its effects were done, even if it was \
                    undone later. Times are UTC."
                    .to_owned(),
            ],
            ..Sheet::default()
        }
    }
}

fn row(found: &Found, time: Option<&LiveTime>) -> Row {
    let bare = found.digest.strip_prefix("blake3:").unwrap_or(&found.digest);
    let mut cells = vec![
        found.release.short(),
        found.commit.iter().flat_map(|commit| commit.chars().take(12)).collect(),
        bare.chars().take(12).collect(),
        found.how.join(", "),
    ];
    let mut events = found.events.clone();
    match time {
        None => cells.extend([String::new(), String::new(), "never".to_owned()]),
        Some(time) => {
            let from = instant(time.from_ms);
            cells.push(time.environment.clone());
            cells.push(time.deployment.to_string());
            cells.push(match time.until_ms {
                None => format!("NOW, since {from}"),
                Some(until) => format!("{from} to {}", instant(until)),
            });
            events.extend(&time.events);
        }
    }
    Row { cells, events }
}
