//! Mistakes in the text: keys, types, values, variables.

use crate::workspace::check;

/// A plugin that a step uses, so that the rest of a test may be about something else.
fn with_step(fields: &str) -> String {
    format!("plugins.p = \"builtin:p\"\n[step.a]\nuses = \"p\"\n{fields}")
}

#[test]
fn a_file_that_is_no_toml_is_only_told_so() {
    check(
        "[step.a\nuses = 1\n[step.b]\nb = ",
        "
        1:8-8 E0101 this is not valid TOML: unclosed table, expected `]`
        4:5-5 E0101 this is not valid TOML: string values must be quoted, expected literal string
        ",
    );
}

#[test]
fn a_name_declared_twice_in_one_file_is_a_mistake_of_toml() {
    check(
        "[step.a]\nuses = \"p\"\n[step.a]\nuses = \"p\"",
        "
        3:7-8 E0101 this is not valid TOML: `a` is there twice
        ",
    );
}

#[test]
fn an_unknown_key_is_shown_with_the_nearest_one() {
    check(
        "[steps.a]\nuses = \"p\"",
        "
        1:2-7 E0102 a pipeline file has no key `steps`
          help: did you mean `step`?
        ",
    );
    check(
        &with_step("input = []\nxyz = 1\nlimits = { memry = 1 }"),
        "
        4:1-6 E0102 a step has no key `input`
          help: did you mean `inputs`?
        5:1-4 E0102 a step has no key `xyz`
        6:12-17 E0102 `limits` has no key `memry`
          help: did you mean `memory`?
        ",
    );
    check(
        "[template.t]\nneed = []\n[plugins]\np = { path = \"x\", version = \"1\" }",
        "
        2:1-5 E0102 a template has no key `need`
          help: did you mean `needs`?
        4:19-26 E0102 a plugin has no key `version`
          help: the keys are: `path`
        ",
    );
}

#[test]
fn a_value_of_the_wrong_type_is_named_in_words() {
    check(
        &with_step(
            "doc = 1\nneeds = \"b\"\ninputs = [1, true]\nwith = []\ngrants = \"env\"\n\
             timeout = 5\nretries = \"1\"\nlimits = { memory = 1.5, findings = \"3\" }\n\
             for-each = {}\nmatrix = { a = \"x\", b = [1.5] }\nextends = 1979-05-27",
        ),
        r#"
        4:7-8 E0103 `doc` should be a text, but is the number 1
        5:9-12 E0103 `needs` should be a list, in `[` and `]`, but is a text
        6:11-12 E0103 `inputs[]` should be a text, but is the number 1
        6:14-18 E0103 `inputs[]` should be a text, but is `true`
        7:8-10 E0103 `with` should be a table, but is a list
        8:10-15 E0103 `grants` should be a table, but is a text
        9:11-12 E0103 `timeout` should be a duration such as "90s", "5m" or "1h 30m", but is the number 5
        10:11-14 E0103 `retries` should be a whole number from 0 to 100, but is a text
        11:21-24 E0103 `limits.memory` should be a size such as "512MiB" or "1GB", but is a number with a fraction
        11:37-40 E0103 `limits.findings` should be a whole number, but is a text
        12:12-14 E0103 `for-each` should be a text or a list of texts, but is a table
        13:16-19 E0103 `matrix.a` should be a list of values, but is a text
        13:26-29 E0103 `matrix.b[]` should be a text, a whole number, `true` or `false`, but is a number with a fraction
        14:11-21 E0103 `extends` should be a text or a list of texts, but is a date or time
        "#,
    );
    check(
        "schema = \"1\"\ninclude = \"x\"\nvars = []",
        "
        1:10-13 E0103 `schema` should be the whole number 1, but is a text
        2:11-14 E0103 `include` should be a list, in `[` and `]`, but is a text
        ",
    );
    check(
        "vars = []\nstep.a = 1\nplugins.p = 1\ntemplate.t = false",
        r#"
        1:8-10 E0103 `vars` should be a table, but is a list
        2:10-11 E0103 `step.a` should be a table, but is the number 1
        3:13-14 E0103 `plugins.p` should be `"builtin:NAME"` or `{ path = "…" }`, but is the number 1
        4:14-19 E0103 `template.t` should be a table, but is `false`
        "#,
    );
}

#[test]
fn a_newer_schema_is_not_read_on() {
    check(
        "schema = 2\n[step.a]\nnew = 1",
        "
        1:10-11 E0104 this file needs a newer version: its schema is 2
          help: update belljar, or write the file for `schema = 1`
        ",
    );
    check(
        "schema = 0",
        "
        1:10-11 E0103 `schema` should be the whole number 1, but is the number 0
        ",
    );
}

#[test]
fn a_duration_or_size_that_makes_no_sense_is_shown() {
    check(
        &with_step(
            "timeout = \"5 minutes\"\nretries = -1\nlimits = { memory = \"lots\", output-bytes = -1, output-files = -1 }",
        ),
        r#"
        4:11-22 E0109 `5 minutes` is not a duration such as "90s", "5m" or "1h 30m"
          note: the units are `ms`, `s`, `m` and `h`
        5:11-13 E0110 `retries` should be a whole number from 0 to 100, but is -1
        6:21-27 E0110 `limits.memory` is not a size such as "512MiB" or "1GB"
          note: the units are `B`, `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024), `kB`, `MB`, `GB` and `TB` (powers of 1000)
        6:44-46 E0110 `limits.output-bytes` is not a size such as "512MiB" or "1GB"
          note: the units are `B`, `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024), `kB`, `MB`, `GB` and `TB` (powers of 1000)
        6:63-65 E0110 `limits.output-files` cannot be less than 0, but is -1
        "#,
    );
}

#[test]
fn a_limit_of_zero_is_refused_where_nothing_could_run() {
    check(
        &with_step("timeout = \"0s\"\nlimits = { memory = 0, output-bytes = 0, output-files = 0 }"),
        "
        4:11-15 E0111 the timeout is zero, so the step could never pass
          help: leave `timeout` out to get the default
        5:21-22 E0111 `limits.memory` is zero, so no step could start
        ",
    );
}

#[test]
fn patterns_are_checked_one_by_one() {
    check(
        &with_step(
            "inputs = [\"a\", \"/b\", \"../c\", \"[\", \"\"]\noutputs = [\"!/x\", \"y//z\"]",
        ),
        "
        4:16-20 E0113 `/b` is absolute; paths start at the workspace root
        4:22-28 E0113 `../c` leaves the workspace
        4:30-33 E0112 `[` is not a glob: unclosed character class; missing ']'
        4:35-37 E0112 a pattern cannot be empty
        5:12-17 E0113 `/x` is absolute; paths start at the workspace root
        5:19-25 E0112 `y//z` has the segment ``, which is not allowed in a path
        ",
    );
}

#[test]
fn an_output_stays_in_the_workspace() {
    check(
        &with_step("outputs = [\"../out\", \"/out\", \"dist/../../out\", \"./ok/**\"]"),
        "
        4:12-20 E0113 `../out` leaves the workspace
        4:22-28 E0113 `/out` is absolute; paths start at the workspace root
        4:30-46 E0113 `dist/../../out` leaves the workspace
        ",
    );
}

#[test]
fn an_unknown_variable_is_shown_inside_its_text() {
    check(
        &format!(
            "vars.registry = \"x\"\n{}",
            with_step(
                "doc = \"$${vars.x} ${vars.registri}\"\n\
                 inputs = [\"${member}/a\", \"${matrix.os}\", 'a\\u0041${x\\y}']\n\
                 with = { a = [\"${\", \"\\u0024{member.name}\", \"\\t${nope}\"] }"
            )
        ),
        r"
        5:19-35 E0107 there is no variable `vars.registri`
          help: did you mean `vars.registry`?
        6:12-21 E0107 `${member}` is known only in a step with `for-each`
        6:27-39 E0107 `${matrix.os}` is known only in a step with a `matrix`
        6:50-56 E0107 there is no variable `x\y`
          help: the variables here are: `vars.registry`
        7:16-18 E0108 `${` is not closed
          help: add the `}`, or write `$${` for the two characters themselves
        7:21-42 E0107 `${member.name}` is known only in a step with `for-each`
        7:47-54 E0107 there is no variable `nope`
          help: the variables here are: `vars.registry`
        ",
    );
}

#[test]
fn a_variable_holds_no_variable() {
    check(
        &format!(
            "vars.a = \"x\"\nvars.b = \"${{vars.a}}\"\n{}",
            with_step("doc = \"${vars.a} ${vars.b}\"")
        ),
        "
        2:10-21 E0107 `${vars.a}` is not filled in here: a variable holds no other
        ",
    );
}

#[test]
fn a_configuration_holds_what_json_can_hold() {
    check(
        &with_step("with = { date = 1979-05-27, big = 99999999999999999999, nan = nan }"),
        "
        4:17-27 E0114 the configuration of a plugin cannot hold this: it is a date or time
          help: write it as a text, in quotes
        4:35-55 E0114 the configuration of a plugin cannot hold this: it is a number beyond 64 bits
          help: write it as a text, in quotes
        4:63-66 E0114 the configuration of a plugin cannot hold this: it is not a finite number
          help: write it as a text, in quotes
        ",
    );
}

#[test]
fn only_what_exists_can_be_granted() {
    check(
        &with_step(
            "grants = { env = [\"OK\", \"A=B\", \"\", \"CI_*\"], net = [\"example.com:443\"] }",
        ),
        "
        4:25-30 E0116 `A=B` cannot be the name of an environment variable
          help: name each variable, without `$` and without wildcards
        4:32-34 E0116 `` cannot be the name of an environment variable
          help: name each variable, without `$` and without wildcards
        4:36-42 E0116 `CI_*` cannot be the name of an environment variable
          help: name each variable, without `$` and without wildcards
        4:45-48 E0115 there is no grant `net`
          help: the grants are: `env`, `tools`, `state`, `network`, `secrets`
        ",
    );
}

#[test]
fn a_plugin_says_where_it_is() {
    check(
        "[plugins]\na = \"tools/a\"\nb = {}\nc = { path = \"../c\" }\nd = { path = 1 }\ne = \"builtin:\"\n\
         f = { path = \"a//b\" }",
        r#"
        2:5-14 E0117 `tools/a` does not say where the plugin is
          help: write `{ path = "tools/a" }` for a folder or a component file of this workspace, or `"builtin:NAME"` for one that comes with belljar
        3:5-7 E0117 the plugin `b` has no `path`
        4:14-20 E0113 `../c` leaves the workspace
        5:14-15 E0103 `path` should be a path in this workspace, but is the number 1
        6:5-15 E0117 `builtin:` does not say where the plugin is
          help: write `{ path = "builtin:" }` for a folder or a component file of this workspace, or `"builtin:NAME"` for one that comes with belljar
        7:14-20 E0112 `a//b` has the segment ``, which is not allowed in a path
        "#,
    );
}

#[test]
fn names_are_plain() {
    check(
        "[plugins]\n\"p q\" = \"builtin:p\"\n[step.\"a:b\"]\nuses = \"p q\"\n[vars]\n\"1\" = \"x\"\n[template.\"\"]",
        "
        2:1-6 E0202 `p q` cannot be the name of a plugin
          help: a name starts with a letter and has letters, digits, `-` and `_`
        3:7-12 E0202 `a:b` cannot be the name of a step
          help: a name starts with a letter and has letters, digits, `-` and `_`
        6:1-4 E0202 `1` cannot be the name of a variable
          help: a name starts with a letter and has letters, digits, `-` and `_`
        7:11-13 E0202 `` cannot be the name of a template
          help: a name starts with a letter and has letters, digits, `-` and `_`
        ",
    );
    check(
        &with_step("matrix = { \"a b\" = [\"x\"], c = [\"\", \"a,b\", \"ok\", \"ok\"] }"),
        r#"
        4:12-17 E0202 `a b` cannot be the name of an axis
          help: a name starts with a letter and has letters, digits, `-` and `_`
        4:32-34 E0202 `` cannot be part of a step's name
          help: values of a matrix have no spaces and none of `[]{},:*?$\"`
        4:36-41 E0202 `a,b` cannot be part of a step's name
          help: values of a matrix have no spaces and none of `[]{},:*?$\"`
        4:49-53 E0205 `matrix.c` has the value `ok` twice
          4:43-47 first
        "#,
    );
}

#[test]
fn a_mistake_in_a_template_is_one_mistake() {
    check(
        "[plugins]\np = \"builtin:p\"\n[template.t]\nuses = \"p\"\ntimeout = \"x\"\ninputs = [\"/a\", \"${no}\"]\n\
         [step.a]\nextends = \"t\"\n[step.b]\nextends = [\"t\"]",
        r#"
        5:11-14 E0109 `x` is not a duration such as "90s", "5m" or "1h 30m"
          note: the units are `ms`, `s`, `m` and `h`
        6:11-15 E0113 `/a` is absolute; paths start at the workspace root
        6:18-23 E0107 there is no variable `no`
        "#,
    );
}

#[test]
fn for_each_takes_folders_of_the_workspace() {
    check(
        &with_step("for-each = [\"../x\", \"!packages/web\", \"[\", \"packages/*\"]"),
        "
        4:13-19 E0113 `../x` leaves the workspace
        4:21-36 E0112 `for-each` cannot take folders out again with `!`
        4:38-41 E0112 `[` is not a glob: unclosed character class; missing ']'
        ",
    );
}
