//! Revision: the commit that a workspace is at, and the commits that a release brings along.

mod git;

use std::path::Path;

use belljar_disk::Root;
use belljar_model::delivery::{Commit, Revision};
use belljar_model::{Blame, Code, Fault};

use git::Git;

/// The most commits that are listed.
pub const MOST_COMMITS: usize = 10_000;

/// Returns the commit that the workspace is at. `None` if it is in no repository, or the
/// repository has no commit yet. `path` is where git is looked for: folders with `:` between.
///
/// Nothing that the repository configures is executed. Files that are in no commit and are not
/// ignored make it dirty, too; what is changed inside of submodules does not.
///
/// # Errors
/// When git is not there, fails or takes too long, or the repository belongs to another user.
pub fn revision(root: &Path, path: &str) -> Result<Option<Revision>, Fault> {
    if !is_in_repository(root) {
        return Ok(None);
    }
    let git = Git::find(root, path)?;
    let Some(commit) = resolve(&git, "HEAD")? else { return Ok(None) };
    let git = git.without_filters()?;
    let head = git.ask(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    let branch = head.status.success().then(|| text(&head.stdout));
    let changes = git.tell(&[
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=normal",
        "--ignore-submodules=dirty",
        "--no-renames",
        "--",
        ".",
    ])?;
    Ok(Some(Revision { commit, branch, dirty: !changes.is_empty() }))
}

/// Returns the commits that are in `to` and not in `from`, newest first, each with its author's
/// address in lower case. Without `from` they are the newest [`MOST_COMMITS`] of all.
///
/// # Errors
/// When there is no repository, when a commit is not known, when the clone is shallow, so that
/// commits would be left out, or when there are more than [`MOST_COMMITS`] since `from`; and
/// whenever [`revision`] fails.
pub fn commits(
    root: &Path,
    path: &str,
    from: Option<&str>,
    to: &str,
) -> Result<Vec<Commit>, Fault> {
    if !is_in_repository(root) {
        let message = format!("`{}` is in no git repository, so it has no commits", root.display());
        return Err(Fault::new(Blame::Configuration, Code::new("E0932"), message));
    }
    let git = Git::find(root, path)?;
    let shallow = git.tell(&["rev-parse", "--is-shallow-repository"])? == b"true\n";
    let known = |name: &str| {
        resolve(&git, name)?.ok_or_else(|| if shallow { cut_off(name) } else { unknown(name) })
    };
    let to = known(to)?;
    let from = from.map(known).transpose()?;
    if from.as_ref() == Some(&to) {
        return Ok(Vec::new());
    }
    if shallow {
        return Err(incomplete("the clone is shallow, so commits would be left out".to_owned()));
    }
    let limit = format!("--max-count={}", MOST_COMMITS + 1);
    let format = "--format=%H%x00%ae%x00%ct";
    let exclude = from.as_ref().map(|from| format!("^{from}"));
    let mut args = vec!["rev-list", "--no-commit-header", &limit, format, "--end-of-options"];
    args.push(&to);
    args.extend(exclude.as_deref());
    let printed = git.tell(&args)?;
    let mut commits = parse(&printed).ok_or_else(|| {
        Fault::new(Blame::Infrastructure, Code::new("E0930"), "git lists commits in no known form")
    })?;
    if let Some(from) = from.filter(|_| commits.len() > MOST_COMMITS) {
        let message = format!("there are more than {MOST_COMMITS} commits between {from} and {to}");
        return Err(Fault::new(Blame::Configuration, Code::new("E0933"), message)
            .help("deploy a revision in between first"));
    }
    commits.truncate(MOST_COMMITS);
    Ok(commits)
}

/// Whether the folder or one above holds a repository. Asked without git, which may be missing.
fn is_in_repository(root: &Path) -> bool {
    root.ancestors().any(|folder| {
        let stat = Root::open(folder).and_then(|folder| folder.stat(".git"));
        stat.ok().flatten().is_some()
    })
}

/// The id of a commit; `None` if there is no such commit.
fn resolve(git: &Git, name: &str) -> Result<Option<String>, Fault> {
    let commit = format!("{name}^{{commit}}");
    let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit];
    let answer = git.ask(&args)?;
    if answer.status.success() {
        return Ok(Some(text(&answer.stdout)));
    }
    // What is not there is quietly so. Other trouble, such as a format that this git does not
    // know, must not look like it; something called `.git` that is no repository may.
    if answer.stderr.is_empty() || answer.stderr.contains("not a git repository") {
        return Ok(None);
    }
    Err(git.complaint(&args, &answer))
}

fn cut_off(name: &str) -> Fault {
    incomplete(format!("the clone is shallow and does not hold the commit {name}"))
}

fn unknown(name: &str) -> Fault {
    let message = format!("the repository does not hold the commit {name}");
    Fault::new(Blame::Configuration, Code::new("E0932"), message)
        .help("fetch the branch that it is on, with its whole history (in CI: `fetch-depth: 0`)")
}

fn incomplete(message: String) -> Fault {
    Fault::new(Blame::Configuration, Code::new("E0931"), message)
        .help("fetch the whole history: `git fetch --unshallow` (in CI: `fetch-depth: 0`)")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned()
}

fn parse(printed: &[u8]) -> Option<Vec<Commit>> {
    let lines = printed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let commit = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        let mut parts = line.split('\0');
        let (id, author, at) = (parts.next()?, parts.next()?, parts.next()?);
        let seconds: i64 = at.parse().ok()?;
        let at_ms = u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000);
        Some(Commit { id: id.to_owned(), author: author.to_lowercase(), at_ms })
    };
    lines.map(commit).collect()
}

#[cfg(test)]
mod tests;
