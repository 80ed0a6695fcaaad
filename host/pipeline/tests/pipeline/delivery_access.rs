//! What is said of approvers, approvals, secrets and ledgers that mean nothing.

use crate::delivery::{STEP, key};
use crate::delivery_mistakes::environment;
use crate::workspace::{check, check_files, parse_text};

/// People `ana` and `bob`, of whom `ana` is in the group `release`.
fn people() -> String {
    format!(
        "[approver.ana]\nkey = '{}'\ngroups = ['release']\n[approver.bob]\nkey = '{}'\n",
        key('1'),
        key('2')
    )
}

#[test]
fn approvers_are_people_with_keys_of_their_own() {
    check(
        &format!(
            "{}[approver.a]\n[approver.b]\nkey = 'ed25519:00'\n[approver.c]\nkey = '{}'\n[approver.d]\nkey = '{}'\n[approver.e]\nkey = 'ssh-ed25519 AAAA'\n[approver.f]\nkey = '{}'\ngroups = ['group:x', 'no name']\nauthors = ['Ana <ana@example.org>', 'ana', '@', 'ok@example.org']\n[approver.g]\nkey = '{}'\n[approver.h]\nkeys = 1\n[approver.i]\nkey = 'ed25519:{}'\n",
            environment(""),
            key('1')
                .to_uppercase()
                .replace("ED25519", "ed25519")
                .replace('1', "A")
                .replacen("ed255A9", "ed25519", 1),
            key('1'),
            key('1'),
            key('1'),
            "xy".repeat(32)
        ),
        r#"
        9:11-12 E0126 the approver `a` has no key
          help: add `key = "ed25519:…"`, the public key of the person
        11:7-19 E0126 this is no public key: it has 2 digits, not 64
          help: write `ed25519:` and 64 hexadecimal digits in lower case
        13:7-81 E0126 this is no public key: its digits are not in lower case
          help: write `ed25519:` and 64 hexadecimal digits in lower case
        17:7-25 E0126 this is no public key: it does not begin with `ed25519:`
          help: write `ed25519:` and 64 hexadecimal digits in lower case
        19:7-81 E0227 `d` and `f` have the same key
          15:7-81 first
          help: one person has one key, so that two approvals come from two people
        20:11-20 E0202 `group:x` cannot be the name of a group
          help: write `x`: only `from` has `group:`
        20:22-31 E0202 `no name` cannot be the name of a group
          help: a name starts with a letter and has letters, digits, `-` and `_`
        21:12-35 E0127 `Ana <ana@example.org>` is no e-mail address
          help: write the address alone, as it is in the person's commits
        21:37-42 E0127 `ana` is no e-mail address
          help: write the address alone, as it is in the person's commits
        21:44-47 E0127 `@` is no e-mail address
          help: write the address alone, as it is in the person's commits
        23:7-81 E0227 `d` and `g` have the same key
          15:7-81 first
          help: one person has one key, so that two approvals come from two people
        25:1-5 E0102 an approver has no key `keys`
          help: did you mean `key`?
        27:7-81 E0126 this is no public key: after `ed25519:` come hexadecimal digits
          help: write `ed25519:` and 64 hexadecimal digits in lower case
        "#,
    );
}

#[test]
fn approvals_are_possible() {
    check(
        &format!(
            "{}{}[environment.a]\nuses = 'deploy'\nartifacts = ['package']\napprovals = {{ count = 3 }}\n[environment.b]\nuses = 'deploy'\nartifacts = ['package']\napprovals = {{ count = 2, from = ['ana', 'group:release'] }}\n[environment.c]\nuses = 'deploy'\nartifacts = ['package']\napprovals = {{ count = 1, from = ['release', 'group:bob', 'group:relase', 'anna', 'zoe'] }}\n",
            environment(""),
            people()
        ),
        "
        17:23-24 E0228 3 people must approve for `a`, but only `ana`, `bob` may
          help: declare more people as `[approver.NAME]`, or ask for fewer approvals
        21:23-24 E0228 2 people must approve for `b`, but only `ana` may
          help: declare more people as `[approver.NAME]`, or ask for fewer approvals
        25:34-43 E0226 there is no approver `release`
          help: did you mean `group:release`?
        25:45-56 E0226 nobody is in a group `bob`
          help: the groups are: `group:release`
        25:58-72 E0226 nobody is in a group `relase`
          help: did you mean `group:release`?
        25:74-80 E0226 there is no approver `anna`
          help: did you mean `ana`?
        25:82-87 E0226 there is no approver `zoe`
          help: the approvers are: `ana`, `bob`
        ",
    );
}

#[test]
fn approvals_without_anybody_are_refused() {
    check(
        &environment("approvals = { count = 1 }"),
        "
        8:23-24 E0228 1 person must approve for `e`, but there is nobody who may
          help: declare more people as `[approver.NAME]`, or ask for fewer approvals
        ",
    );
}

#[test]
fn approvals_say_one_thing_only() {
    check(
        &format!(
            "{}{}[environment.a]\nuses = 'deploy'\nartifacts = ['package']\napprovals = {{ from = ['ana'] }}\n[environment.b]\nuses = 'deploy'\nartifacts = ['package']\napprovals = {{ count = 1, from = [], expires = '0s' }}\n[environment.c]\nuses = 'deploy'\nartifacts = ['package']\napprovals = {{ cuont = 1, from = ['ana'] }}\n[environment.d]\nuses = 'deploy'\nartifacts = ['package']\napprovals = {{ count = '1', from = 'ana', expires = 1 }}\n",
            environment(""),
            people()
        ),
        r#"
        17:15-19 E0133 this says who may approve, but not how many must
          help: add `count = 1`, or another number
        21:33-35 E0133 nobody is named, so nobody could approve
          help: leave `from` out to take every approver of the file
        21:47-51 E0111 `approvals.expires` is zero, so no approval would ever hold
          help: leave it out to get the default
        25:15-20 E0102 `approvals` has no key `cuont`
          help: did you mean `count`?
        29:23-26 E0103 `approvals.count` should be a whole number from 0 to 1000000, but is a text
        29:35-40 E0103 `approvals.from` should be a list, in `[` and `]`, but is a text
        29:52-53 E0103 `approvals.expires` should be a duration such as "90s", "5m" or "1h 30m", but is the number 1
        "#,
    );
}

#[test]
fn a_secret_says_where_its_value_is() {
    check(
        &format!(
            "{}[secret]\na = 'hunter2'\nb = {{}}\nc = {{ env = 'A', file = 'b' }}\nd = {{ evn = 'A' }}\ne = {{ env = 'A=B' }}\nf = {{ file = '' }}\ng = {{ file = 'folder/' }}\nh = {{ command = [] }}\ni = {{ command = 'pass' }}\nj = {{ command = ['', 'x'] }}\nk = {{ env = 1 }}\nl = 7\n'no name' = {{ env = 'A' }}\n",
            environment("secrets = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']")
        ),
        r#"
        10:1-2 E0128 the secret `a` does not say where its value is
          help: write one of `{ env = "NAME" }`, `{ file = "PATH" }` and `{ command = ["PROGRAM", "ARGUMENT"] }`
        11:1-2 E0128 the secret `b` does not say where its value is
          help: write one of `{ env = "NAME" }`, `{ file = "PATH" }` and `{ command = ["PROGRAM", "ARGUMENT"] }`
        12:18-22 E0128 the secret `c` has more than one source
          12:7-10 this
          help: write one of `{ env = "NAME" }`, `{ file = "PATH" }` and `{ command = ["PROGRAM", "ARGUMENT"] }`
        13:7-10 E0102 a secret has no key `evn`
          help: did you mean `env`?
        14:13-18 E0128 `A=B` cannot be the name of an environment variable
          help: write one of `{ env = "NAME" }`, `{ file = "PATH" }` and `{ command = ["PROGRAM", "ARGUMENT"] }`
        15:14-16 E0128 `` cannot be the path of a file
          help: write one of `{ env = "NAME" }`, `{ file = "PATH" }` and `{ command = ["PROGRAM", "ARGUMENT"] }`
        16:14-23 E0128 `folder/` cannot be the path of a file
          help: write one of `{ env = "NAME" }`, `{ file = "PATH" }` and `{ command = ["PROGRAM", "ARGUMENT"] }`
        17:17-19 E0128 the command names no program
          help: write one of `{ env = "NAME" }`, `{ file = "PATH" }` and `{ command = ["PROGRAM", "ARGUMENT"] }`
        18:17-23 E0103 `secret.i.command` should be a list, in `[` and `]`, but is a text
        19:17-26 E0128 the command names no program
          help: write one of `{ env = "NAME" }`, `{ file = "PATH" }` and `{ command = ["PROGRAM", "ARGUMENT"] }`
        20:13-14 E0103 `secret.k.env` should be the name of a variable, but is the number 1
        21:5-6 E0103 `secret.l` should be a table, but is the number 7
        22:1-10 E0202 `no name` cannot be the name of a secret
          help: a name starts with a letter and has letters, digits, `-` and `_`
        "#,
    );
}

#[test]
fn a_ledger_has_a_place_a_name_and_a_key() {
    check(
        &format!(
            "{}[ledger]\nfolder = '../x'\norigin = 'our ledger'\nkey = 'x'\nfoldr = 'x'\n",
            environment("")
        ),
        "
        10:10-16 E0132 the ledger cannot be at `../x`: it has `..`
          help: write a path in the workspace, such as `.belljar/ledger-v1`, or an absolute one
        11:10-22 E0132 this cannot be the name of a ledger: it has a blank, a control character or a `+`
          help: write a name such as `example.org/acme`
        12:7-10 E0126 this is no public key: it does not begin with `ed25519:`
          help: write `ed25519:` and 64 hexadecimal digits in lower case
        13:1-6 E0102 `ledger` has no key `foldr`
          help: did you mean `folder`?
        ",
    );
}

#[test]
fn what_is_declared_and_not_used_is_a_warning() {
    check(
        &format!(
            "{}{}[secret]\nT = {{ env = 'T' }}\n[vars]\nv = 'x'\n",
            environment("approvals = { count = 1, from = ['group:release'] }"),
            people()
        ),
        r#"
        12:11-14 E0230 (warning) no environment asks the approver `bob`
          note: whom an environment asks is in its `approvals.from`
        15:1-2 E0229 (warning) no step and no environment uses the secret `T`
          note: it would be granted by `secrets = ["T"]`, to a step below `grants`
        17:1-2 E0214 (warning) nothing mentions the variable `v`
          note: it would be mentioned as `${vars.v}`
        "#,
    );
}

#[test]
fn a_ledger_is_described_once() {
    let main = format!("include = ['b.toml', 'c.toml']\n{STEP}[ledger]\norigin = 'a'\n");
    check_files(
        &[
            ("belljar.toml", &main),
            ("b.toml", "ledger.folder = ''\nledger.origin = 'b'"),
            ("c.toml", "ledger.folder = '~/x'"),
        ],
        "
        b.toml 1:17-19 E0132 the ledger cannot be at ``: a ledger has a folder of its own
          help: write a path in the workspace, such as `.belljar/ledger-v1`, or an absolute one
        b.toml 2:8-14 E0205 `ledger.origin` is there twice
          7:1-7 first
        c.toml 1:8-14 E0205 `ledger.folder` is there twice
          b.toml 1:8-14 first
        ",
    );
}

#[test]
fn places_of_a_ledger_that_cannot_be_are_refused() {
    for folder in ["", ".", "/", "./", "a/../b", "..", "~/ledger", "a\\\\b"] {
        let text = format!("{}[ledger]\nfolder = \"{folder}\"\n", environment(""));
        let found = parse_text(&text).diagnostics;
        assert!(found.iter().any(|found| found.code.as_str() == "E0132"), "{folder}: {found:?}");
    }
    for origin in ["", "a b", "a+b", "a\\nb", &"x".repeat(257)] {
        let text = format!("{}[ledger]\norigin = \"{origin}\"\n", environment(""));
        let found = parse_text(&text).diagnostics;
        assert!(found.iter().any(|found| found.code.as_str() == "E0132"), "{origin}: {found:?}");
    }
}
