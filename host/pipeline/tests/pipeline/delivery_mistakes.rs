//! What is said of environments that mean nothing.

use crate::delivery::STEP;
use crate::workspace::check;

/// An environment, of which these fields begin at line 8.
pub(crate) fn environment(fields: &str) -> String {
    format!("{STEP}[environment.e]\nuses = 'deploy'\nartifacts = ['package']\n{fields}\n")
}

#[test]
fn keys_and_types_of_an_environment_are_checked() {
    check(
        &environment(
            "artefacts = []\nwith = []\nsecrets = 'A'\ngate = 3\nmonitor.after = 'x'\nfreeze = {}\napprovals = true\nstorage = 1\ndoc = []\nhosts = [1]",
        ),
        r#"
        8:1-10 E0102 an environment has no key `artefacts`
          help: did you mean `artifacts`?
        9:8-10 E0103 `with` should be a table, but is a list
        10:11-14 E0103 `secrets` should be a list, in `[` and `]`, but is a text
        11:8-9 E0103 `gate` should be a table, but is the number 3
        12:17-20 E0103 `monitor.after` should be a whole number from 1 to 1000000, but is a text
        13:10-12 E0103 `freeze` should be a list of tables, each with `from`, but is a table
        14:13-17 E0103 `approvals` should be a table, but is `true`
        15:11-12 E0103 `storage` should be `"fs:…"` or `"s3:…"`, but is the number 1
        16:7-9 E0103 `doc` should be a text, but is a list
        17:10-11 E0103 `hosts[]` should be a text, but is the number 1
        "#,
    );
}

#[test]
fn an_environment_that_is_no_table_is_only_told_so() {
    check(
        &format!("environment.e = 'deploy'\napprover.a = 1\nledger = 'x'\nsecret = []\n{STEP}"),
        "
        1:17-25 E0103 `environment.e` should be a table, but is a text
        2:14-15 E0103 `approver.a` should be a table, but is the number 1
        3:10-13 E0103 `ledger` should be a table, but is a text
        4:10-12 E0103 `secret` should be a table, but is a list
        ",
    );
}

#[test]
fn an_environment_names_a_plugin_and_what_it_ships() {
    check(
        &format!(
            "{STEP}[environment.e]\n[environment.f]\nuses = 'deplyo'\nartifacts = []\n[environment.g]\nuse = 'deploy'\nartifact = ['package']\n[environment.h]\nuses = 'deploy'\nartifacts = 'package'\n"
        ),
        r#"
        5:1-16 E0206 `e` does not say which plugin it uses
          help: add `uses` with one of `deploy`, `p`
        5:1-16 E0233 nothing is shipped to `e`
          help: add `artifacts = ["STEP"]`, the steps whose outputs are shipped
        7:8-16 E0207 there is no plugin `deplyo`
          help: did you mean `deploy`?
        8:13-15 E0233 nothing is shipped to `f`
          help: add `artifacts = ["STEP"]`, the steps whose outputs are shipped
        10:1-4 E0102 an environment has no key `use`
          help: did you mean `uses`?
        11:1-9 E0102 an environment has no key `artifact`
          help: did you mean `artifacts`?
        14:13-22 E0103 `artifacts` should be a list, in `[` and `]`, but is a text
        "#,
    );
}

#[test]
fn what_is_shipped_is_made_by_a_step() {
    check(
        &format!(
            "{STEP}[step.empty]\nuses = 'p'\n[environment.e]\nuses = 'deploy'\nartifacts = ['pakcage', 'empty', 'pack*', 'package', '${{vars.x}}']\n"
        ),
        "
        9:14-23 E0201 `e` ships `pakcage`, which is not declared
          help: did you mean `package`?
        9:25-32 E0233 `empty` has no outputs to ship
          5:1-13 has no `outputs`
          help: name a step that makes files, or declare its `outputs`
        9:34-41 E0201 `e` ships `pack*`, which is not declared
          help: wildcards are not allowed here: name each step
        9:54-65 E0201 `e` ships `vars.x`, which is not declared
          help: the steps are: `empty`, `package`
        9:55-64 E0107 there is no variable `vars.x`
        ",
    );
}

#[test]
fn environments_need_environments_and_not_in_a_circle() {
    check(
        &format!(
            "{STEP}[environment.a]\nuses = 'deploy'\nartifacts = ['package']\nneeds = ['b', 'package']\n[environment.b]\nuses = 'deploy'\nartifacts = ['package']\nneeds = ['c', 'cc']\n[environment.c]\nuses = 'deploy'\nartifacts = ['package']\nneeds = ['a']\n[environment.self]\nuses = 'deploy'\nartifacts = ['package']\nneeds = ['self', 'slef']\n"
        ),
        "
        8:10-13 E0224 environments need each other: a -> b -> c -> a
          12:10-13 `b` needs `c`
          16:10-13 `c` needs `a`
          help: take one of these needs away
        8:15-24 E0223 `a` needs the environment `package`, which is not declared
          help: the other environments are: `b`, `c`, `self`
        12:15-19 E0223 `b` needs the environment `cc`, which is not declared
          help: did you mean `c`?
        20:10-16 E0224 the environment `self` needs itself
          help: take it out of `needs`
        20:18-24 E0223 `self` needs the environment `slef`, which is not declared
          help: the other environments are: `a`, `b`, `c`
        ",
    );
}

#[test]
fn names_of_tools_secrets_and_hosts_are_looked_up() {
    check(
        &format!(
            "{STEP}[tools]\nkubectl = 'kubectl'\n[secret]\nTOKEN = {{ env = 'T' }}\n[environment.e]\nuses = 'deploy'\nartifacts = ['package']\ntools = ['kubectl', 'kubctl', 'helm']\nsecrets = ['TOKEN', 'TOKNE', 'OTHER', 'no name']\nhosts = ['example.org', '*:80', 'https://example.org', 'ok:1']\n"
        ),
        r#"
        12:21-29 E0219 there is no tool `kubctl`
          help: did you mean `kubectl`?
        12:31-37 E0219 there is no tool `helm`
          help: add `helm = "helm"` to `[tools]`
        13:21-28 E0225 there is no secret `TOKNE`
          help: did you mean `TOKEN`?
        13:30-37 E0225 there is no secret `OTHER`
          help: add `OTHER = { env = "OTHER" }` to `[secret]`
        13:39-48 E0225 there is no secret `no name`
          help: name each secret as `[secret]` does
        14:10-23 E0123 `example.org` is no host with a port: it has no port
          help: write `host:port`, such as `example.org:443` or `[::1]:8080`
        14:25-31 E0123 `*:80` is no host with a port: wildcards are not allowed, each host is named
          help: write `host:port`, such as `example.org:443` or `[::1]:8080`
        14:33-54 E0123 `https://example.org` is no host with a port: it is an address of the web, with a scheme
          help: write `host:port`, such as `example.org:443` or `[::1]:8080`
        "#,
    );
}

#[test]
fn a_storage_is_understood_or_refused() {
    check(
        &format!(
            "{STEP}[environment.a]\nuses = 'deploy'\nartifacts = ['package']\nstorage = '/srv/www'\n[environment.b]\nuses = 'deploy'\nartifacts = ['package']\nstorage = 'sf:/srv'\n[environment.c]\nuses = 'deploy'\nartifacts = ['package']\nstorage = 's3:bucket?endpoit=x'\n[environment.d]\nuses = 'deploy'\nartifacts = ['package']\nstorage = 'fs:${{vars.nowhere}}/..'\n"
        ),
        "
        8:11-21 E0129 `/srv/www` is no storage: it begins with neither `fs:` nor `s3:`
          help: did you mean `fs:/srv/www`?
        12:11-20 E0129 `sf:/srv` is no storage: it begins with neither `fs:` nor `s3:`
          help: did you mean `fs:/srv`?
        16:11-32 E0129 `s3:bucket?endpoit=x` is no storage: it has no parameter `endpoit`
          help: did you mean `endpoint`?
        20:11-34 E0129 `fs:vars.nowhere/..` is no storage: it has `..`
        20:15-30 E0107 there is no variable `vars.nowhere`
        ",
    );
}

#[test]
fn the_numbers_of_a_gate_agree() {
    check(
        &format!(
            "{STEP}[environment.a]\nuses = 'deploy'\nartifacts = ['package']\ngate = {{ count = 2, minimum = 3, failure-limit = 2 }}\n[environment.b]\nuses = 'deploy'\nartifacts = ['package']\ngate = {{ interval = '1m', count = 10 }}\n[environment.c]\nuses = 'deploy'\nartifacts = ['package']\ngate = {{ time-limit = '9s', minimum = 4, failure-limit = 3 }}\n"
        ),
        r#"
        8:31-32 E0130 `gate.minimum` is 3, but only 2 observations are made
          8:18-19 so many
          help: write 2 or less, or a higher `count`
        8:50-51 E0130 `gate.failure-limit` is 2, so all 2 observations may be unhealthy
          8:18-19 so many
          help: write 1 or less, or a higher `count`
        12:21-25 E0130 the gate could never pass: 10 observations take 9m, and its time limit is 2m
          12:35-37 with this
          help: write `time-limit = "9m"` or more
        16:23-27 E0130 the gate could never pass: 3 observations take 10s, and its time limit is 9s
          help: write `time-limit = "10s"` or more
        16:39-40 E0130 `gate.minimum` is 4, but only 3 observations are made
          help: write 3 or less, or a higher `count`
        16:58-59 E0130 `gate.failure-limit` is 3, so all 3 observations may be unhealthy
          help: write 2 or less, or a higher `count`
        "#,
    );
}

#[test]
fn each_number_of_a_gate_can_be() {
    check(
        &environment(
            "gate = { interval = '0s', timeout = 'soon', count = 0, failure-limit = -1, minimum = 1.5, time-limit = 5, bake = '-1s', cuont = 1 }\nmonitor = { interval = '0ms', after = 0, on-illness = 'rolback', on-ilness = 'report' }",
        ),
        r#"
        8:21-25 E0111 `gate.interval` is zero, so it would be observed without end
          help: leave it out to get the default
        8:37-43 E0109 `soon` is not a duration such as "90s", "5m" or "1h 30m"
          note: the units are `ms`, `s`, `m` and `h`
        8:53-54 E0110 `gate.count` should be a whole number from 1 to 1000000, but is 0
        8:72-74 E0110 `gate.failure-limit` should be a whole number from 0 to 1000000, but is -1
        8:86-89 E0103 `gate.minimum` should be a whole number from 0 to 1000000, but is a number with a fraction
        8:104-105 E0103 `gate.time-limit` should be a duration such as "90s", "5m" or "1h 30m", but is the number 5
        8:114-119 E0109 `-1s` is not a duration such as "90s", "5m" or "1h 30m"
          note: the units are `ms`, `s`, `m` and `h`
        8:121-126 E0102 `gate` has no key `cuont`
          help: did you mean `count`?
        9:24-29 E0111 `monitor.interval` is zero, so it would be observed without end
          help: leave it out to get the default
        9:39-40 E0110 `monitor.after` should be a whole number from 1 to 1000000, but is 0
        9:55-64 E0134 `rolback` is nothing that can be done about an ill release
          help: did you mean `rollback`?
        9:66-75 E0102 `monitor` has no key `on-ilness`
          help: did you mean `on-illness`?
        "#,
    );
}

#[test]
fn what_is_done_about_an_ill_release_is_known() {
    check(
        &environment("monitor = { on-illness = 'restart' }"),
        "
        8:26-35 E0134 `restart` is nothing that can be done about an ill release
          help: what can be done is: `report`, `rollback`
        ",
    );
}

#[test]
fn a_freeze_is_a_time_that_begins_and_ends() {
    check(
        &environment(
            "freeze = [{}, { from = 'tomorrow' }, { from = '2026-12-20' }, { from = 2026-12-20T00:00:00 }, { from = 7 }, { from = '2026-12-20T00:00:00Z', until = '2026-12-20T01:00:00+01:00' }, { form = '2026-12-20T00:00:00Z' }, { from = '1969-01-01T00:00:00Z', reason = 1 }, 'x']",
        ),
        r#"
        8:11-13 E0131 this freeze does not say when it begins
          help: add `from = "2026-12-20T00:00:00Z"`
        8:24-34 E0131 `tomorrow` is not a time such as "2026-12-20T00:00:00Z": it cannot be understood
          help: write the date, `T`, the time of day, and `Z` or an offset such as `+02:00`
        8:47-59 E0131 `2026-12-20` is not a time such as "2026-12-20T00:00:00Z": it has no date, or no time of day
          help: write the date, `T`, the time of day, and `Z` or an offset such as `+02:00`
        8:72-91 E0131 `2026-12-20T00:00:00` is not a time such as "2026-12-20T00:00:00Z": it does not say in which zone
          help: write the date, `T`, the time of day, and `Z` or an offset such as `+02:00`
        8:104-105 E0103 `freeze.from` should be a time such as "2026-12-20T00:00:00Z", but is the number 7
        8:150-177 E0131 this freeze ends before it begins
          8:118-140 from
          help: write a later time in `until`, or leave it out until the freeze is lifted
        8:183-187 E0102 a freeze has no key `form`
          help: did you mean `from`?
        8:225-247 E0131 `1969-01-01T00:00:00Z` is not a time such as "2026-12-20T00:00:00Z": it is before 1970
          help: write the date, `T`, the time of day, and `Z` or an offset such as `+02:00`
        8:258-259 E0103 `freeze.reason` should be a text, but is the number 1
        8:263-266 E0103 `freeze[]` should be a table, but is a text
        "#,
    );
}
