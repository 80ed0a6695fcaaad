//! What is shipped: commits and artifacts.

use belljar_model::delivery::{Artifact, Commit};
use unicode_width::UnicodeWidthStr as _;

use super::super::sections::Item;
use super::super::words::{age, clean, commit_id};
use super::{Detail, PlanShown, at_most, more};
use crate::text;

/// How many commits, and how many artifacts, the short form shows.
const SHOWN: usize = 10;

/// Paths that are longer do not widen the column.
const WIDEST_PATH: usize = 40;

/// The commits that go live with it, newest first.
pub(super) fn commits(shown: &PlanShown<'_>) -> Vec<Item> {
    let commits = &shown.plan.commits;
    let line = |Commit { id, author, at_ms }: &Commit| {
        let id = match shown.detail {
            Detail::Short => commit_id(id),
            Detail::Full => clean(id).into_owned(),
        };
        format!("{id}  {:>3}  {}", age(*at_ms, shown.now_ms), clean(author)).into()
    };
    let mut items: Vec<_> = commits.iter().take(at_most(SHOWN, shown.detail)).map(line).collect();
    items.extend(more(commits.len(), items.len()));
    if items.is_empty() {
        items.push("none that are not live already, or none are known".to_owned().into());
    }
    items
}

/// The files, with digest and size.
pub(super) fn artifacts(shown: &PlanShown<'_>) -> Vec<Item> {
    let artifacts = &shown.plan.release.artifacts;
    let visible = &artifacts[..artifacts.len().min(at_most(SHOWN, shown.detail))];
    let width = |artifact: &Artifact| clean(artifact.path.as_str()).width();
    let widest = visible.iter().map(width).max().unwrap_or_default().min(WIDEST_PATH);
    let line = |artifact: &Artifact| {
        let Artifact { step, path, digest, executable } = artifact;
        let gap = " ".repeat(widest.saturating_sub(width(artifact)));
        let id = match shown.detail {
            Detail::Short => digest.short(),
            Detail::Full => digest.to_string(),
        };
        let executable = if *executable { ", executable" } else { "" };
        let (path, step) = (clean(path.as_str()), clean(step.as_str()));
        let size = text::size(digest.size());
        format!("{path}{gap}  {id}  {size}  by {step}{executable}").into()
    };
    let mut items: Vec<_> = visible.iter().map(line).collect();
    if artifacts.len() > visible.len() {
        let sizes = artifacts.iter().map(|artifact| artifact.digest.size());
        let all = sizes.fold(0, u64::saturating_add);
        items.push(format!("{}, {}", text::count(artifacts.len(), "file"), text::size(all)).into());
    }
    items.extend(more(artifacts.len(), visible.len()));
    if items.is_empty() {
        items.push("none".to_owned().into());
    }
    items
}
