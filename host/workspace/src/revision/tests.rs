//! Revisions of real repositories, made by git itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use belljar_disk::{Mode, Root};
use belljar_model::Fault;

use super::git::Git;
use super::{commits, revision};

/// When the first commit of a test was made, in seconds since 1970-01-01 UTC.
const START: u64 = 1_700_000_000;

fn path() -> String {
    std::env::var("PATH").expect("the environment has PATH, in which git is")
}

/// A repository in a temporary folder, beside a place for what must not happen.
struct Fixture {
    folder: tempfile::TempDir,
    commits: u64,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap(), commits: 0 };
        Root::open(fixture.folder.path()).unwrap().create_dir_all("repository").unwrap();
        fixture.git(&["init", "--quiet", "--initial-branch=main", "."]);
        fixture
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn write(&self, path: &str, text: &str) {
        let root = Root::open(&self.root()).unwrap();
        if let Some((folder, _)) = path.rsplit_once('/') {
            root.create_dir_all(folder).unwrap();
        }
        root.write_atomic(path, text.as_bytes(), Mode::Plain).unwrap();
    }

    /// Runs git as a user would, without settings of this machine.
    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.root(), args)
    }

    #[track_caller]
    fn git_in(&self, folder: &Path, args: &[&str]) -> String {
        let date = format!("{} +0000", START + self.commits);
        let output = Command::new("git")
            .args(args)
            .current_dir(folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "Ana")
            .env("GIT_AUTHOR_EMAIL", "Ana@Example.ORG")
            .env("GIT_COMMITTER_NAME", "Bob")
            .env("GIT_COMMITTER_EMAIL", "bob@example.org")
            .env("GIT_AUTHOR_DATE", "1000000000 +0000")
            .env("GIT_COMMITTER_DATE", date)
            .output()
            .expect("git can be started");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {args:?}: {words}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Commits a file, and returns the commit's id.
    fn commit(&mut self, file: &str, text: &str) -> String {
        self.commits += 1;
        self.write(file, text);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "change"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Fault>, code: &str, help: &str) {
    let fault = result.unwrap_err();
    assert_eq!(fault.code.as_str(), code, "{fault}");
    assert!(fault.help.as_deref().unwrap_or_default().contains(help), "{:?}", fault.help);
}

#[test]
fn a_folder_without_a_repository_or_commits_has_no_revision() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(revision(folder.path(), &path()).unwrap(), None);
    assert_eq!(revision(folder.path(), "").unwrap(), None, "git is not needed to know that");
    refused(commits(folder.path(), &path(), None, "HEAD"), "E0932", "");
    assert_eq!(revision(&Fixture::new().root(), &path()).unwrap(), None);
}

#[test]
fn a_revision_is_a_commit_a_branch_and_whether_there_is_more() {
    let mut fixture = Fixture::new();
    fixture.commit(".gitignore", "ignored\n");
    let id = fixture.commit("folder/file", "one");
    let check = |branch: Option<&str>, dirty: bool| {
        let found = revision(&fixture.root(), &path()).unwrap().unwrap();
        assert_eq!((found.commit.as_str(), found.branch.as_deref()), (id.as_str(), branch));
        assert_eq!(found.dirty, dirty);
    };
    check(Some("main"), false);
    fixture.write("ignored", "");
    check(Some("main"), false);
    fixture.write("folder/file", "two");
    check(Some("main"), true);
    fixture.write("folder/file", "one");
    check(Some("main"), false);
    fixture.write("new", "");
    check(Some("main"), true);
    fixture.git(&["add", "new"]);
    check(Some("main"), true);
    fixture.git(&["rm", "--quiet", "--force", "new"]);
    fixture.git(&["checkout", "--quiet", "--detach"]);
    check(None, false);
    let below = revision(&fixture.root().join("folder"), &path()).unwrap().unwrap();
    assert_eq!(below.commit, id);
}

#[test]
fn commits_are_listed_newest_first_without_the_first() {
    let mut fixture = Fixture::new();
    let ids: Vec<String> = ["1", "2", "3"].map(|text| fixture.commit("file", text)).into();
    let check = |from: Option<&str>, to: &str, expected: &[usize]| {
        let found = commits(&fixture.root(), &path(), from, to).unwrap();
        let found: Vec<&str> = found.iter().map(|commit| commit.id.as_str()).collect();
        let expected: Vec<&str> = expected.iter().map(|at| ids[*at].as_str()).collect();
        assert_eq!(found, expected, "{from:?} {to}");
    };
    check(None, "HEAD", &[2, 1, 0]);
    check(Some(&ids[0]), &ids[2], &[2, 1]);
    check(Some(&ids[0]), &ids[1], &[1]);
    check(Some(&ids[2]), &ids[2], &[]);
    check(Some(&ids[2]), &ids[0], &[]);
    let all = commits(&fixture.root(), &path(), None, "HEAD").unwrap();
    assert!(all.iter().all(|commit| commit.author == "ana@example.org"));
    assert_eq!(all[0].at_ms, (START + 3) * 1_000);
}

#[test]
fn a_commit_that_is_not_there_is_refused() {
    let mut fixture = Fixture::new();
    fixture.commit("file", "1");
    let gone = "0123456789012345678901234567890123456789";
    for name in [gone, "nothing", "--all", "", "HEAD --all", "HEAD:file"] {
        refused(commits(&fixture.root(), &path(), Some(name), "HEAD"), "E0932", "fetch-depth: 0");
        refused(commits(&fixture.root(), &path(), None, name), "E0932", "fetch-depth: 0");
    }
}

#[test]
fn a_shallow_clone_is_refused_as_far_as_commits_would_be_left_out() {
    let mut fixture = Fixture::new();
    let first = fixture.commit("file", "1");
    let last = fixture.commit("file", "2");
    let source = format!("file://{}", fixture.root().display());
    fixture.git_in(fixture.folder.path(), &["clone", "--quiet", "--depth=1", &source, "clone"]);
    let clone = fixture.folder.path().join("clone");
    assert_eq!(revision(&clone, &path()).unwrap().unwrap().commit, last);
    assert_eq!(commits(&clone, &path(), Some(&last), &last).unwrap(), []);
    refused(commits(&clone, &path(), Some(&first), &last), "E0931", "fetch-depth: 0");
    refused(commits(&clone, &path(), None, &last), "E0931", "--unshallow");
}

#[test]
fn git_is_looked_for_in_absolute_folders_outside_of_the_workspace() {
    belljar_cases::case!("D02");
    let mut fixture = Fixture::new();
    fixture.commit("bin/git", "#!/bin/sh\n");
    let own = fixture.root().join("bin");
    for path in ["", "bin", ".", own.to_str().unwrap()] {
        refused(revision(&fixture.root(), path), "E0930", "install git");
    }
}

/// A folder with a program called git, which is this script.
fn pretending(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = Root::open(folder.path()).unwrap();
    let script = format!("#!/bin/sh\n{script}\n");
    root.write_atomic("git", script.as_bytes(), Mode::Executable).unwrap();
    folder
}

#[test]
fn a_repository_of_another_user_is_refused() {
    let fixture = Fixture::new();
    let git = pretending("echo 'fatal: detected dubious ownership in repository' >&2; exit 128");
    let found = revision(&fixture.root(), git.path().to_str().unwrap());
    refused(found, "E0934", "as the owner");
}

#[test]
fn trouble_does_not_look_like_a_folder_without_commits() {
    let mut fixture = Fixture::new();
    fixture.commit("file", "1");
    fixture.git(&["config", "core.repositoryFormatVersion", "99"]);
    let fault = revision(&fixture.root(), &path()).unwrap_err();
    assert_eq!(fault.code.as_str(), "E0930");
    assert!(fault.notes.concat().contains("99"), "{fault:?}");
}

#[test]
fn git_is_ended_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let program = pretending("exec sleep 1000");
    let git = Git::find(folder.path(), program.path().to_str().unwrap()).unwrap();
    let answer = git.within(Duration::from_millis(50)).ask(&["status"]);
    let fault = answer.map(|answer| answer.stdout).unwrap_err();
    assert!(fault.message.contains("took more than 50ms"), "{fault}");
}

/// Makes every setting of a repository that names a program name one that leaves a mark.
fn poison(fixture: &Fixture, canary: &Path) {
    let program = format!("touch {}; false", canary.display());
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.alternateRefsCommand",
        "core.gitProxy",
        "credential.helper",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.process",
        "filter.a=b.c.clean",
        "gpg.program",
        "uploadpack.packObjectsHook",
    ] {
        fixture.git(&["config", key, &program]);
    }
    for verb in ["status", "rev-parse", "rev-list", "config", "symbolic-ref"] {
        fixture.git(&["config", &format!("alias.{verb}"), &format!("!{program}")]);
    }
    for (key, value) in [
        ("filter.evil.required", "true"),
        ("log.showSignature", "true"),
        ("protocol.ext.allow", "always"),
        ("protocol.allow", "always"),
        ("status.submoduleSummary", "true"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
    ] {
        fixture.git(&["config", key, value]);
    }
    fixture.git(&[
        "config",
        "remote.origin.url",
        &format!("ext::sh -c touch% {}", canary.display()),
    ]);
    let hooks = Root::open(&fixture.root().join(".git/hooks")).unwrap();
    let script = format!("#!/bin/sh\n{program}\n");
    for hook in
        ["post-index-change", "fsmonitor-watchman", "post-checkout", "reference-transaction"]
    {
        hooks.write_atomic(hook, script.as_bytes(), Mode::Executable).unwrap();
    }
}

#[test]
fn nothing_that_a_hostile_repository_configures_is_executed() {
    belljar_cases::case!("D02", "D03");
    let mut fixture = Fixture::new();
    fixture.commit(".gitattributes", "*.evil filter=evil diff=evil\n*.odd filter=a=b.c\n");
    fixture.commit("x.evil", "one");
    let last = fixture.commit("x.odd", "one");
    let canary = fixture.folder.path().join("canary");
    poison(&fixture, &canary);
    // Of the same size and with another time: its content must be compared.
    fixture.write("x.evil", "two");
    fixture.write("x.odd", "two");
    let above = Root::open(fixture.folder.path()).unwrap();
    let was_touched = || above.remove("canary").unwrap();

    let found = revision(&fixture.root(), &path()).unwrap().unwrap();
    assert_eq!((found.commit.as_str(), found.dirty), (last.as_str(), true));
    assert_eq!(commits(&fixture.root(), &path(), None, "HEAD").unwrap().len(), 3);
    // An object that is missing is not fetched.
    let gone = "0123456789012345678901234567890123456789";
    refused(commits(&fixture.root(), &path(), Some(gone), "HEAD"), "E0932", "fetch");
    assert!(!was_touched(), "something was executed");

    // Without those precautions, each of these does execute something.
    let no_hooks = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "status"];
    for args in [
        &["status"][..],
        &no_hooks,
        &["-c", "core.fsmonitor=false", "diff"],
        &["cat-file", "-p", gone],
    ] {
        let ran = Command::new("git").args(args).current_dir(fixture.root()).output();
        ran.expect("git can be started");
        assert!(was_touched(), "git {args:?} is no danger, so this test shows nothing");
    }
}
