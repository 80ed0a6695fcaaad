//! What the entries of a file become: names, needs, templates and variables.

use belljar_pipeline::{FieldPlace, Pipeline, Sources};
use serde_json::json;

use crate::workspace::{MemoryFiles, names, parse_text, pipeline, pipeline_of, step};

const PLUGIN: &str = "plugins.p = 'builtin:p'\n";

fn steps(text: &str) -> Pipeline {
    pipeline(&format!("{PLUGIN}{text}"))
}

#[track_caller]
fn check_names(text: &str, expected: &[&str]) {
    assert_eq!(names(&steps(text).steps), expected, "{text}");
}

#[test]
fn an_entry_becomes_a_step_for_each_folder_and_each_combination_of_values() {
    for (fields, expected) in [
        ("", &["test"][..]),
        ("for-each = 'packages/*'", &["api:test", "web:test"]),
        ("for-each = ['packages/web', 'packages/*']", &["api:test", "web:test"]),
        ("for-each = 'packages/w*'", &["web:test"]),
        ("matrix = { mode = ['debug'] }", &["test[debug]"]),
        (
            "matrix = { mode = ['debug', 'release'], os = ['linux', 'mac'] }",
            &["test[debug,linux]", "test[debug,mac]", "test[release,linux]", "test[release,mac]"],
        ),
        ("matrix = { os = ['linux'], mode = ['debug'] }", &["test[linux,debug]"]),
        ("matrix = { level = [1, -2], fast = [true] }", &["test[1,true]", "test[-2,true]"]),
        (
            "for-each = 'packages/*'\nmatrix = { n = [2, 1] }",
            &["api:test[2]", "api:test[1]", "web:test[2]", "web:test[1]"],
        ),
    ] {
        check_names(&format!("[step.test]\nuses = 'p'\n{fields}"), expected);
    }
}

#[test]
fn folders_of_the_same_name_are_told_apart_by_their_paths() {
    let text = "plugins.p = 'builtin:p'\n[step.lint]\nuses = 'p'\nfor-each = ['apps/*', 'libs/*']\n\
                [step.all]\nuses = 'p'\nneeds = ['web:lint']\n\
                [step.one]\nuses = 'p'\nneeds = ['apps/web:lint', 'core:lint']";
    let pipeline = pipeline_of(&MemoryFiles::new(&[
        ("belljar.toml", text),
        ("apps/web/a", ""),
        ("libs/web/a", ""),
        ("libs/core/a", ""),
    ]));
    let expected = ["apps/web:lint", "core:lint", "libs/web:lint", "all", "one"];
    assert_eq!(names(&pipeline.steps), expected);
    assert_eq!(needs(&pipeline, "all"), ["apps/web:lint", "libs/web:lint"]);
    assert_eq!(needs(&pipeline, "one"), ["apps/web:lint", "core:lint"]);
}

#[test]
fn a_folder_whose_name_cannot_be_part_of_a_name_is_refused() {
    let text = "plugins.p = 'builtin:p'\n[step.lint]\nuses = 'p'\nfor-each = ['apps/*', '!apps/b']";
    crate::workspace::check_files(
        &[("belljar.toml", text), ("apps/a,b/a", "")],
        "
        4:13-21 E0202 the folder `apps/a,b` cannot be part of a step's name
          help: rename the folder, or narrow the pattern
        4:23-32 E0112 `for-each` cannot take folders out again with `!`
        ",
    );
}

#[test]
fn steps_stay_in_the_order_of_the_file_unless_one_needs_a_later_one() {
    let entry = |name: &str, needs: &str| format!("[step.{name}]\nuses = 'p'\nneeds = [{needs}]\n");
    let text = [entry("c", ""), entry("a", "'d', 'c'"), entry("b", ""), entry("d", "")].concat();
    let pipeline = steps(&text);
    assert_eq!(names(&pipeline.steps), ["c", "b", "d", "a"]);
    assert_eq!(needs(&pipeline, "a"), ["c", "d"], "needs are in the order of the steps");
}

fn needs<'a>(pipeline: &'a Pipeline, name: &str) -> Vec<&'a str> {
    step(pipeline, name).needs.iter().map(belljar_model::StepName::as_str).collect()
}

const BUILDS: &str = "[step.build]\nuses = 'p'\nfor-each = 'packages/*'\n\
                      matrix = { mode = ['debug', 'release'] }\n";

#[test]
fn a_part_of_a_needed_name_that_is_left_out_means_all() {
    let all = ["api:build[debug]", "api:build[release]", "web:build[debug]", "web:build[release]"];
    for (need, expected) in [
        ("build", &all[..]),
        (":build", &all),
        ("web:build", &all[2..]),
        ("packages/web:build", &all[2..]),
        ("build[debug]", &["api:build[debug]", "web:build[debug]"]),
        ("web:build[debug]", &["web:build[debug]"]),
        ("packages/api:build[release]", &["api:build[release]"]),
    ] {
        let pipeline = steps(&format!("{BUILDS}[step.x]\nuses = 'p'\nneeds = ['{need}']"));
        assert_eq!(needs(&pipeline, "x"), expected, "{need}");
    }
}

#[test]
fn needs_that_mean_the_same_step_count_once() {
    let list = "needs = ['web:build', 'build[debug]', 'web:build[debug]']";
    let pipeline = steps(&format!("{BUILDS}[step.x]\nuses = 'p'\n{list}"));
    let expected = ["api:build[debug]", "web:build[debug]", "web:build[release]"];
    assert_eq!(needs(&pipeline, "x"), expected);
}

#[test]
fn a_variable_in_a_needed_name_means_the_same_folder_or_value() {
    for (need, expected) in [
        ("${member.name}:build[${matrix.mode}]", &["web:build[debug]"][..]),
        ("${member}:build", &["web:build[debug]", "web:build[release]"]),
        ("build[${matrix.mode}]", &["api:build[debug]", "web:build[debug]"]),
    ] {
        let own = "for-each = 'packages/*'\nmatrix.mode = ['debug', 'release']";
        let text = format!("{BUILDS}[step.test]\nuses = 'p'\nneeds = ['{need}']\n{own}");
        assert_eq!(needs(&steps(&text), "web:test[debug]"), expected, "{need}");
    }
}

/// Checks the value that a text has in a step for one folder and one value of a matrix.
#[track_caller]
fn check_filled(written: &str, expected: &str) {
    let text = format!(
        "vars.tag = 'v1'\n{PLUGIN}[step.test]\nuses = 'p'\nfor-each = 'packages/web'\n\
         matrix = {{ os = ['linux'] }}\ndoc = {written}\nwith.all = '${{vars.tag}}'"
    );
    assert_eq!(pipeline(&text).steps[0].doc, expected, "{written}");
}

#[test]
fn variables_are_filled_in_and_dollars_that_are_none_stay() {
    for (written, expected) in [
        ("'${member} ${member.name}'", "packages/web web"),
        ("'${matrix.os}-${vars.tag}'", "linux-v1"),
        ("'${vars.tag}${vars.tag}'", "v1v1"),
        ("'$${vars.tag}'", "${vars.tag}"),
        ("'$${vars.tag} ${vars.tag}'", "${vars.tag} v1"),
        ("'$$${vars.tag}'", "$${vars.tag}"),
        ("'$${'", "${"),
        ("'$5 $ $$ {vars.tag} }'", "$5 $ $$ {vars.tag} }"),
        (r#""\u0024{vars.tag}""#, "v1"),
        ("'''\n${vars.tag}\n'''", "v1\n"),
    ] {
        check_filled(written, expected);
    }
}

#[test]
fn variables_are_filled_into_every_text_of_a_step_but_into_no_key() {
    let pipeline = steps(
        "vars.d = 'dist'\n[step.test]\nuses = 'p'\nfor-each = 'packages/web'\n\
         doc = 'of ${member.name}'\ninputs = ['${member}/src/**', '!${member}/x']\n\
         outputs = ['${member}/${vars.d}/**']\n\
         with = { '${vars.d}' = '${vars.d}', list = [{ deep = ['${member}'] }], n = 1 }",
    );
    let test = step(&pipeline, "web:test");
    assert_eq!(test.doc, "of web");
    assert_eq!(test.member.as_ref().map(ToString::to_string).as_deref(), Some("packages/web"));
    assert_eq!(test.inputs.texts(), ["packages/web/src/**", "!packages/web/x"]);
    assert_eq!(test.outputs.texts(), ["packages/web/dist/**"]);
    let list = json!([{ "deep": ["packages/web"] }]);
    assert_eq!(test.config, json!({ "${vars.d}": "dist", "list": list, "n": 1 }));
}

#[test]
fn a_step_that_says_little_gets_the_defaults() {
    let pipeline = steps("[step.test]\nuses = 'p'");
    let test = step(&pipeline, "test");
    assert_eq!(test.config, json!({}));
    assert_eq!((test.doc.as_str(), test.uses.as_str(), test.retries), ("", "p", 0));
    assert_eq!(test.limits, belljar_model::Limits::default());
    assert!(test.inputs.is_empty() && test.outputs.is_empty() && test.grants.is_empty());
    assert_eq!(test.member, None);
}

#[test]
fn limits_say_where_they_were_set() {
    let pipeline = steps(
        "[template.t]\nlimits = { memory = '1MiB', findings = 7 }\n[step.test]\nuses = 'p'\n\
         extends = 't'\ntimeout = '1m 30s'\nretries = 2\nlimits = { memory = 4096 }",
    );
    let step = step(&pipeline, "test");
    let (limits, default) = (&step.limits, belljar_model::Limits::default());
    assert_eq!(limits.time.value.as_secs(), 90);
    assert_eq!(limits.time.set_at.as_deref(), Some("belljar.toml:7"));
    assert_eq!((limits.memory.value, limits.findings.value), (4096, 7));
    assert_eq!(limits.memory.set_at.as_deref(), Some("belljar.toml:9"));
    assert_eq!(limits.findings.set_at.as_deref(), Some("belljar.toml:3"));
    assert_eq!(limits.log_bytes, default.log_bytes);
    assert_eq!(step.retries, 2);
}

#[test]
fn grants_are_sorted_and_each_is_there_once() {
    let text = format!("{PLUGIN}[step.test]\nuses = 'p'\ngrants.env = ['HOME', 'CI', 'HOME']");
    let parsed = parse_text(&text);
    let pipeline = parsed.pipeline.unwrap();
    let shown = |grant: &belljar_pipeline::GrantAt| {
        (grant.grant.to_string(), parsed.sources.place(&grant.at))
    };
    let grants: Vec<_> = step(&pipeline, "test").grants.iter().map(shown).collect();
    let expected = [("env CI", (4, 23)), ("env HOME", (4, 15))];
    assert_eq!(grants, expected.map(|(grant, at)| (grant.to_owned(), at)));
}

/// The configuration of the step `s` in a pipeline with some templates.
fn config(templates: &str, own: &str) -> serde_json::Value {
    let pipeline = steps(&format!("{templates}\n[step.s]\nuses = 'p'\n{own}"));
    step(&pipeline, "s").config.clone()
}

#[test]
fn configurations_are_merged_key_by_key_and_lists_are_replaced() {
    let base = "[template.t]\nwith = { a = 1, list = [1, 2], deep = { x = 1, y = { z = 1 } } }";
    for (own, expected) in [
        ("", json!({ "a": 1, "list": [1, 2], "deep": { "x": 1, "y": { "z": 1 } } })),
        (
            "with = { b = 2, list = [3], deep.y.w = 2 }",
            json!({ "a": 1, "b": 2, "list": [3], "deep": { "x": 1, "y": { "z": 1, "w": 2 } } }),
        ),
        ("with = { list = [], deep = 5 }", json!({ "a": 1, "list": [], "deep": 5 })),
        (
            "with = { a = { n = 1 }, deep = {} }",
            json!({ "a": { "n": 1 }, "list": [1, 2], "deep": { "x": 1, "y": { "z": 1 } } }),
        ),
    ] {
        assert_eq!(config(base, &format!("extends = 't'\n{own}")), expected, "{own}");
    }
}

#[test]
fn of_several_templates_the_later_wins_and_the_step_wins_over_all() {
    let templates = "[template.base]\nwith = { from = 'base', base = 1 }\n\
                     [template.one]\nextends = 'base'\nwith = { from = 'one', one = 1, x = 'one' }\n\
                     [template.two]\nwith = { from = 'two', two = 1, x = 'two' }";
    for (own, expected) in [
        ("extends = 'base'", json!({ "from": "base", "base": 1 })),
        ("extends = 'one'", json!({ "from": "one", "base": 1, "one": 1, "x": "one" })),
        (
            "extends = ['one', 'two']",
            json!({ "from": "two", "base": 1, "one": 1, "two": 1, "x": "two" }),
        ),
        (
            "extends = ['two', 'one']",
            json!({ "from": "one", "base": 1, "one": 1, "two": 1, "x": "one" }),
        ),
        (
            "extends = ['one', 'two']\nwith.from = 's'",
            json!({ "from": "s", "base": 1, "one": 1, "two": 1, "x": "two" }),
        ),
        ("extends = []", json!({})),
    ] {
        assert_eq!(config(templates, own), expected, "{own}");
    }
}

#[test]
fn every_field_can_come_from_a_template_and_the_own_one_replaces_it() {
    let template = "vars.v = '1'\n[template.t]\nuses = 'p'\ndoc = 'of t ${vars.v}'\n\
                    inputs = ['t/**', 'u/**']\noutputs = ['${member}/${matrix.a}']\nneeds = ['first']\n\
                    grants.env = ['T']\nretries = 3\nfor-each = 'packages/*'\n\
                    matrix = { a = [1, 2], b = [1] }\n[step.first]\nuses = 'p'\n";
    let pipeline = steps(&format!(
        "{template}[step.s]\nextends = 't'\n\
         [step.own]\nextends = 't'\ndoc = 'own'\ninputs = ['own/**']\noutputs = []\nneeds = []\n\
         grants.env = ['OWN']\nretries = 0\nfor-each = 'packages/web'\nmatrix = {{ a = [9], c = [7] }}"
    ));
    let own_steps = ["web:own[9,1,7]"];
    let of_template = ["first", "api:s[1,1]", "api:s[2,1]", "web:s[1,1]", "web:s[2,1]"];
    let mut found = names(&pipeline.steps);
    found.sort_by_key(|name| name.contains("own"));
    assert_eq!(found, [&of_template[..], &own_steps].concat());
    for (name, doc, inputs, need, grant, retries) in [
        ("web:s[2,1]", "of t 1", &["t/**", "u/**"][..], &["first"][..], "T", 3),
        ("web:own[9,1,7]", "own", &["own/**"], &[], "OWN", 0),
    ] {
        let step = step(&pipeline, name);
        assert_eq!((step.doc.as_str(), step.uses.as_str(), step.retries), (doc, "p", retries));
        assert_eq!(step.inputs.texts(), inputs);
        assert_eq!(needs(&pipeline, name), need);
        assert_eq!(step.grants.len(), 1);
        assert_eq!(step.grants[0].grant.resource, grant);
        assert_eq!(step.outputs.is_empty(), name.contains("own"));
    }
}

/// Checks where a part of a configuration is written: the line and the text of key and value.
#[track_caller]
fn check_place(sources: &Sources, found: Option<&FieldPlace>, expected: (usize, &str, &str)) {
    let FieldPlace { key, value } = found.unwrap();
    let text = |at: &belljar_pipeline::Place| &sources.text(&at.file).unwrap()[at.span.clone()];
    assert_eq!((sources.place(value).0, text(key), text(value)), expected);
}

#[test]
fn each_part_of_a_configuration_knows_where_it_is_written() {
    let parsed = parse_text(
        "plugins.p = 'builtin:p'\n[template.t]\nwith.deep = { x = 1, 'y/~' = 2 }\nwith.list = [1]\n\
         [step.s]\nuses = 'p'\nextends = 't'\nwith.deep.x = 3\nwith.list = [4, 'five']\n\
         [step.plain]\nuses = 'p'",
    );
    let pipeline = parsed.pipeline.unwrap();
    let places = &step(&pipeline, "s").places;
    for (pointer, expected) in [
        ("/deep/x", (8, "x", "3")),
        ("/deep/y~1~0", (3, "'y/~'", "2")),
        ("/list", (9, "list", "[4, 'five']")),
        ("/list/1", (9, "'five'", "'five'")),
        ("/list/7/a", (9, "list", "[4, 'five']")),
    ] {
        check_place(&parsed.sources, places.config(pointer), expected);
    }
    assert_eq!(step(&pipeline, "plain").places.config("/deep"), None);
}
