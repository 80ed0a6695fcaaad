//! Mistakes in names and in the graph of steps.

use crate::workspace::check;

const PLUGIN: &str = "plugins.p = \"builtin:p\"\n";

#[track_caller]
fn check_steps(steps: &str, expected: &str) {
    check(&format!("{PLUGIN}{steps}"), expected);
}

#[test]
fn a_step_without_a_plugin_is_told_which_there_are() {
    check(
        "[step.a]",
        "
        1:1-9 E0206 `a` does not say which plugin it uses
          help: declare a plugin in `[plugins]`, and name it in `uses`
        ",
    );
    check_steps(
        "[step.a]\n[step.b]\nuses = \"p\"",
        r#"
        2:1-9 E0206 `a` does not say which plugin it uses
          help: add `uses = "p"`
        "#,
    );
    check_steps(
        "[step.a]\nuse = \"p\"\n[step.b]\nuses = \"p\"",
        "
        3:1-4 E0102 a step has no key `use`
          help: did you mean `uses`?
        ",
    );
}

#[test]
fn an_unknown_plugin_or_template_is_shown_with_the_nearest() {
    check(
        "plugins.lint = \"builtin:lint\"\n[step.a]\nuses = \"lnit\"",
        "
        3:8-14 E0207 there is no plugin `lnit`
          help: did you mean `lint`?
        ",
    );
    check(
        "[template.ts]\n[step.a]\nextends = [\"st\", \"rust\"]",
        "
        3:12-16 E0208 there is no template `st`
          help: did you mean `ts`?
        3:18-24 E0208 there is no template `rust`
          help: the templates are: `ts`
        ",
    );
}

#[test]
fn an_unknown_needed_step_is_shown_with_the_nearest() {
    check_steps(
        "[step.build]\nuses = \"p\"\n[step.test]\nuses = \"p\"\nneeds = [\"bild\", \"zzz\", \"b*\", \"build[x]\"]",
        "
        6:10-16 E0201 `test` needs `bild`, which is not declared
          help: did you mean `build`?
        6:18-23 E0201 `test` needs `zzz`, which is not declared
          help: the steps are: `build`, `test`
        6:25-29 E0201 `test` needs `b*`, which is not declared
          help: wildcards are not allowed here: name each step
        6:31-41 E0201 `test` needs `build[x]`, which is not declared
          help: did you mean `build`?
        ",
    );
    check_steps(
        "[step.build]\nuses = \"p\"\nfor-each = \"packages/*\"\n[step.test]\nuses = \"p\"\nneeds = [\"wep:build\"]",
        "
        7:10-21 E0201 `test` needs `wep:build`, which is not declared
          help: did you mean `web:build`?
        ",
    );
}

#[test]
fn a_cycle_is_shown_as_a_path() {
    belljar_cases::case!("B11");
    check_steps(
        "[step.test]\nuses = \"p\"\nneeds = [\"build\"]\n[step.build]\nuses = \"p\"\nneeds = [\"lint\", \"test\"]\n\
         [step.lint]\nuses = \"p\"\n[step.last]\nuses = \"p\"\nneeds = [\"test\"]",
        "
        4:10-17 E0203 steps need each other: test -> build -> test
          7:18-24 `build` needs `test`
          help: take one of these needs away
        ",
    );
    check_steps(
        "[step.a]\nuses = \"p\"\nfor-each = \"packages/*\"\nneeds = [\"${member.name}:b\"]\n\
         [step.b]\nuses = \"p\"\nfor-each = \"packages/*\"\nneeds = [\"${member.name}:a\"]",
        "
        5:10-28 E0203 steps need each other: api:a -> api:b -> api:a
          9:10-28 `api:b` needs `api:a`
          help: take one of these needs away
        ",
    );
}

#[test]
fn a_step_cannot_need_itself() {
    belljar_cases::case!("B11");
    check_steps(
        "[step.a]\nuses = \"p\"\nneeds = [\"a\"]",
        "
        4:10-13 E0204 `a` needs itself
          help: take it out of `needs`
        ",
    );
    check_steps(
        "[step.a]\nuses = \"p\"\nmatrix = { m = [\"x\", \"y\"] }\nneeds = [\"a\"]",
        "
        5:10-13 E0204 `a[x]` needs itself
          help: `a` means all the steps that this entry becomes; name one of them
        ",
    );
}

#[test]
fn templates_cannot_extend_each_other_in_a_circle() {
    check_steps(
        "[template.a]\nextends = \"b\"\n[template.b]\nextends = \"a\"\n[step.s]\nextends = \"a\"\n[step.t]\nuses = \"p\"",
        "
        3:11-14 E0209 templates extend each other: a -> b -> a
          5:11-14 `b` extends `a`
        ",
    );
}

#[test]
fn two_steps_cannot_write_to_the_same_place() {
    let pair = |one: &str, other: &str| {
        format!(
            "[step.a]\nuses = \"p\"\noutputs = [{one}]\n[step.b]\nuses = \"p\"\noutputs = [{other}]"
        )
    };
    check_steps(
        &pair("'dist/x'", "'dist/x'"),
        "
        7:12-20 E0210 `a` and `b` both write to `dist/x`
          4:12-20 an output of `a`: `dist/x`
          help: give each step an output folder of its own
        ",
    );
    check_steps(
        &pair("'dist'", "'dist/x'"),
        "
        7:12-20 E0210 `a` and `b` both write to `dist/x`
          4:12-18 an output of `a`: `dist`
          help: give each step an output folder of its own
        ",
    );
    check_steps(
        &pair("'dist/x.js'", "'dist/*.js'"),
        "
        7:12-23 E0210 `a` and `b` both write to `dist/*.js`
          4:12-23 an output of `a`: `dist/x.js`
          help: give each step an output folder of its own
        ",
    );
    check_steps(
        &pair("'dist/**'", "'dist/**/*.js'"),
        "
        7:12-26 E0210 `a` and `b` both write to `dist/**/*.js`
          4:12-21 an output of `a`: `dist/**`
          help: give each step an output folder of its own
        ",
    );
    check_steps(&pair("'dist', '!dist/x'", "'dist/x'"), "");
    check_steps(&pair("'dist/*.js'", "'dist/*.css'"), "");
    check_steps(&pair("'dist/a'", "'dist/ab'"), "");
}

#[test]
fn steps_of_one_entry_cannot_write_to_the_same_place() {
    check_steps(
        "[step.a]\nuses = \"p\"\nfor-each = \"packages/*\"\noutputs = ['dist/x']",
        "
        5:12-20 E0210 `api:a` and `web:a` both write to `dist/x`
          help: both are made from one entry: put `${member}` or `${matrix.…}` into the path
        ",
    );
    check_steps("[step.a]\nuses = \"p\"\nfor-each = \"packages/*\"\noutputs = ['${member}/x']", "");
}

#[test]
fn a_step_waits_for_what_it_reads() {
    let steps = |inputs: &str, needs: &str| {
        format!(
            "[step.build]\nuses = \"p\"\noutputs = ['dist/**']\n[step.mid]\nuses = \"p\"\nneeds = ['build']\n\
             [step.pack]\nuses = \"p\"\ninputs = [{inputs}]\nneeds = [{needs}]"
        )
    };
    check_steps(
        &steps("'dist/app.js'", ""),
        "
        10:11-24 E0211 `pack` reads what `build` makes, without waiting for it
          4:12-21 an output of `build`
          help: add `build` to the needs of `pack`
        ",
    );
    check_steps(
        &steps("'dist/**/*.js'", ""),
        "
        10:11-25 E0211 `pack` reads what `build` makes, without waiting for it
          4:12-21 an output of `build`
          help: add `build` to the needs of `pack`
        ",
    );
    check_steps(&steps("'dist/app.js'", "'build'"), "");
    check_steps(&steps("'dist/app.js'", "'mid'"), "");
    check_steps(&steps("'src/**', 'dist2/x', '!dist/x'", ""), "");
}

#[test]
fn what_is_not_used_is_a_warning() {
    check(
        "vars.v = 'x'\nplugins.p = 'builtin:p'\nplugins.q = 'builtin:q'\n[template.t]\nuses = 'q'\n[step.a]\nuses = 'p'",
        "
        1:6-7 E0214 (warning) nothing mentions the variable `v`
          note: it would be mentioned as `${vars.v}`
        4:11-12 E0213 (warning) no step extends the template `t`
        ",
    );
    check(
        "plugins.p = 'builtin:p'",
        "
        1:1-1 E0216 (warning) the pipeline has no steps
          help: add one: `[step.NAME]`
        1:9-10 E0212 (warning) no step uses the plugin `p`
        ",
    );
    check(
        "",
        "
        1:1-1 E0216 (warning) the pipeline has no steps
          help: add one: `[step.NAME]`
        ",
    );
}

#[test]
fn an_entry_that_becomes_no_step_is_a_warning() {
    check_steps(
        "[step.a]\nuses = \"p\"\nfor-each = 'nowhere/*'\n[step.b]\nuses = \"p\"\nmatrix = { m = [] }\nneeds = ['a']\n\
         [step.c]\nuses = \"p\"\nmatrix = {}",
        "
        4:12-23 E0215 (warning) no folder matches `nowhere/*`
        7:12-13 E0215 (warning) `matrix.m` has no value, so the step never runs
        11:10-12 E0215 (warning) the matrix has no axis, so it does nothing
        ",
    );
}

#[test]
fn a_matrix_cannot_explode() {
    let values: Vec<String> = (0..200).map(|value| value.to_string()).collect();
    let values = values.join(", ");
    check_steps(
        &format!("[step.a]\nuses = \"p\"\nmatrix = {{ a = [{values}], b = [{values}] }}"),
        "
        4:10-1804 E0218 `a` would become more than 10000 steps
        ",
    );
}

#[test]
fn a_longer_cycle_is_shown_with_every_need_and_two_cycles_are_two_mistakes() {
    let entry = |name: &str, needs: &str| format!("[step.{name}]\nuses = 'p'\nneeds = [{needs}]\n");
    let text = [
        entry("a", "'b'"),
        entry("b", "'c'"),
        entry("c", "'a'"),
        entry("x", "'y', 'a'"),
        entry("y", "'x'"),
    ];
    check_steps(
        &text.concat(),
        "
        4:10-13 E0203 steps need each other: a -> b -> c -> a
          7:10-13 `b` needs `c`
          10:10-13 `c` needs `a`
          help: take one of these needs away
        13:10-13 E0203 steps need each other: x -> y -> x
          16:10-13 `y` needs `x`
          help: take one of these needs away
        ",
    );
}

#[test]
fn an_output_that_is_also_an_input_of_its_own_step_is_no_mistake() {
    check_steps("[step.a]\nuses = 'p'\ninputs = ['x/**']\noutputs = ['x/y']", "");
}

#[test]
fn an_expanded_step_waits_for_the_one_of_its_folder() {
    let steps = |needs: &str| {
        format!(
            "[step.build]\nuses = 'p'\nfor-each = 'packages/*'\noutputs = ['${{member}}/dist/**']\n\
             [step.test]\nuses = 'p'\nfor-each = 'packages/*'\ninputs = ['${{member}}/dist/app.js']\n\
             needs = [{needs}]"
        )
    };
    check_steps(&steps("'${member.name}:build'"), "");
    check_steps(&steps("'build'"), "");
    check_steps(
        &steps("'api:build'"),
        "
        9:11-34 E0211 `web:test` reads what `web:build` makes, without waiting for it
          5:12-31 an output of `web:build`
          help: add `web:build` to the needs of `web:test`
        ",
    );
}
