//! Pipelines of several files.

use crate::workspace::{MemoryFiles, check_files, names, pipeline_of};

const PLUGIN: &str = "plugins.p = 'builtin:p'\n";

/// A file with one step.
fn one_step(name: &str) -> String {
    format!("[step.{name}]\nuses = 'p'\n")
}

/// Checks which steps a list of includes brings in, besides `main`.
#[track_caller]
fn check_included(include: &str, expected: &[&str]) {
    let main = format!("include = [{include}]\n{PLUGIN}{}", one_step("main"));
    let files = MemoryFiles::new(&[
        ("belljar.toml", main.as_str()),
        ("ci/a.toml", one_step("a").as_str()),
        ("ci/b.toml", one_step("b").as_str()),
        ("ci/more/c.toml", one_step("c").as_str()),
        ("ci/notes.md", "no TOML"),
    ]);
    let pipeline = pipeline_of(&files);
    let found = names(&pipeline.steps);
    assert_eq!(found, [&["main"], expected].concat(), "{include}");
}

#[test]
fn an_include_is_a_file_or_a_glob_and_each_file_counts_once() {
    check_included("", &[]);
    check_included("'ci/b.toml', 'ci/a.toml'", &["b", "a"]);
    check_included("'./ci/b.toml', 'ci/b.toml'", &["b"]);
    check_included("'ci/*.toml'", &["a", "b"]);
    check_included("'ci/**/*.toml'", &["a", "b", "c"]);
    check_included("'ci/{b,a}.toml'", &["a", "b"]);
    check_included("'ci/b.toml', 'ci/**/*.toml'", &["b", "a", "c"]);
}

#[test]
fn files_share_plugins_templates_and_variables_in_both_directions() {
    let pipeline = pipeline_of(&MemoryFiles::new(&[
        (
            "belljar.toml",
            "include = ['a.toml']\nvars.v = 'of main'\n[step.main]\nextends = 't'\nneeds = ['deep']",
        ),
        ("a.toml", "include = ['b.toml']\nplugins.p = 'builtin:p'\n[template.t]\nuses = 'p'"),
        ("b.toml", "schema = 1\n[step.deep]\nextends = 't'\ndoc = '${vars.v}'"),
    ]));
    assert_eq!(names(&pipeline.steps), ["deep", "main"]);
    assert_eq!(pipeline.steps[0].doc, "of main");
    assert_eq!(&*pipeline.steps[0].at.file, "b.toml");
    assert_eq!(&*pipeline.plugins["p"].at.file, "a.toml");
}

#[test]
fn a_file_that_two_others_include_is_no_cycle() {
    let pipeline = pipeline_of(&MemoryFiles::new(&[
        ("belljar.toml", "include = ['a.toml', 'b.toml']"),
        ("a.toml", "include = ['shared.toml']\nplugins.p = 'builtin:p'"),
        ("b.toml", "include = ['shared.toml']\n"),
        ("shared.toml", one_step("s").as_str()),
    ]));
    assert_eq!(names(&pipeline.steps), ["s"]);
}

#[test]
fn a_mistake_points_into_the_file_that_has_it_and_files_come_in_their_order() {
    let broken = |name: &str| format!("\n{}need = []\ninputs = ['../x']", one_step(name));
    check_files(
        &[
            ("belljar.toml", &format!("include = ['z.toml', 'a.toml']\n{PLUGIN}{}", broken("m"))),
            ("a.toml", &broken("a")),
            ("z.toml", &broken("z")),
        ],
        "
        6:1-5 E0102 a step has no key `need`
          help: did you mean `needs`?
        7:11-17 E0113 `../x` leaves the workspace
        z.toml 4:1-5 E0102 a step has no key `need`
          help: did you mean `needs`?
        z.toml 5:11-17 E0113 `../x` leaves the workspace
        a.toml 4:1-5 E0102 a step has no key `need`
          help: did you mean `needs`?
        a.toml 5:11-17 E0113 `../x` leaves the workspace
        ",
    );
}

#[test]
fn names_in_two_files_may_be_mistaken_together() {
    check_files(
        &[
            (
                "belljar.toml",
                "include = ['a.toml']\nplugins.p = 'builtin:p'\n[step.a]\nuses = 'p'\nneeds = ['b']\noutputs = ['x']",
            ),
            ("a.toml", "[step.b]\nuses = 'p'\nneeds = ['a']\noutputs = ['x']"),
        ],
        "
        5:10-13 E0203 steps need each other: a -> b -> a
          a.toml 3:10-13 `b` needs `a`
          help: take one of these needs away
        a.toml 4:12-15 E0210 `a` and `b` both write to `x`
          6:12-15 an output of `a`: `x`
          help: give each step an output folder of its own
        ",
    );
}

#[test]
fn a_name_is_declared_in_one_file_only() {
    let both = "vars.v = 'x'\nplugins.p = 'builtin:p'\n[template.t]\nuses = 'p'\n\
                [step.s]\nextends = 't'\ndoc = '${vars.v}'";
    check_files(
        &[("belljar.toml", &format!("include = ['a.toml']\n{both}")), ("a.toml", both)],
        "
        a.toml 1:6-7 E0205 the variable `v` is declared twice
          2:6-7 first
        a.toml 2:9-10 E0205 the plugin `p` is declared twice
          3:9-10 first
        a.toml 3:11-12 E0205 the template `t` is declared twice
          4:11-12 first
        a.toml 5:7-8 E0205 the step `s` is declared twice
          6:7-8 first
        ",
    );
}

#[test]
fn files_that_include_each_other_are_shown_as_a_path() {
    let step = format!("{PLUGIN}{}", one_step("s"));
    check_files(
        &[("belljar.toml", &format!("include = ['belljar.toml']\n{step}"))],
        "
        1:12-26 E0106 files include each other: belljar.toml -> belljar.toml
        ",
    );
    check_files(
        &[
            ("belljar.toml", &format!("include = ['ci/a.toml']\n{step}")),
            ("ci/a.toml", "# Comes back.\ninclude = [\n  'ci/b.toml',\n]"),
            ("ci/b.toml", "include = ['ci/*.toml', 'belljar.toml']"),
        ],
        "
        1:12-23 E0106 files include each other: belljar.toml -> ci/a.toml -> ci/b.toml -> belljar.toml
          ci/a.toml 3:3-14 includes `ci/b.toml`
          ci/b.toml 1:25-39 includes `belljar.toml`
        ",
    );
}

#[test]
fn with_a_file_missing_only_that_is_said() {
    let main =
        |include: &str| format!("include = [{include}]\n[step.s]\nuses = 'elsewhere'\nx = 1");
    check_files(
        &[("belljar.toml", &main("'no.toml'"))],
        "
        1:12-21 E0105 cannot read `no.toml`: it does not exist
        ",
    );
    check_files(
        &[("belljar.toml", &main("'ci/*.toml', 'no.toml'"))],
        "
        1:12-23 E0105 no file matches `ci/*.toml`
        1:25-34 E0105 cannot read `no.toml`: it does not exist
        ",
    );
    check_files(
        &[("belljar.toml", "include = ['a.toml']"), ("a.toml", "include = ['b.toml']")],
        "
        a.toml 1:12-20 E0105 cannot read `b.toml`: it does not exist
        ",
    );
}

#[test]
fn a_main_file_that_is_missing_is_named() {
    check_files(
        &[],
        "
        1:1-1 E0105 cannot read `belljar.toml`: it does not exist
        ",
    );
}

#[test]
fn an_include_stays_in_the_workspace() {
    check_files(
        &[("belljar.toml", "include = ['../a.toml', '/b.toml', '!c.toml', '[', '']")],
        "
        1:12-23 E0113 `../a.toml` leaves the workspace
          help: `include` takes files of this workspace, such as `ci/*.toml`
        1:25-34 E0113 `/b.toml` is absolute; paths start at the workspace root
          help: `include` takes files of this workspace, such as `ci/*.toml`
        1:36-45 E0112 `include` cannot take files out again with `!`
          help: `include` takes files of this workspace, such as `ci/*.toml`
        1:47-50 E0112 `[` is not a glob: unclosed character class; missing ']'
          help: `include` takes files of this workspace, such as `ci/*.toml`
        1:52-54 E0112 `` has the segment ``, which is not allowed in a path
          help: `include` takes files of this workspace, such as `ci/*.toml`
        ",
    );
}

#[test]
fn an_included_file_is_read_as_the_main_file_is() {
    check_files(
        &[
            ("belljar.toml", "include = ['a.toml', 'b.toml']"),
            ("a.toml", "schema = 2"),
            ("b.toml", "x = \n"),
        ],
        "
        a.toml 1:10-11 E0104 this file needs a newer version: its schema is 2
          help: update belljar, or write the file for `schema = 1`
        b.toml 1:5-5 E0101 this is not valid TOML: string values must be quoted, expected literal string
        ",
    );
}
