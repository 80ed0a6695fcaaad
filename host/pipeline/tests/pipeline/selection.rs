//! Which steps a list of names means.

use belljar_pipeline::{Pipeline, Plan, Reach, select};

use crate::workspace::{names, pipeline};

/// Two builds for each of two folders, a test for each folder, and what comes after.
fn sample() -> Pipeline {
    pipeline(
        "plugins.p = 'builtin:p'\n[step.lint]\nuses = 'p'\n\
         [step.build]\nuses = 'p'\nfor-each = 'packages/*'\nmatrix = { mode = ['fast', 'small'] }\n\
         [step.test]\nuses = 'p'\nfor-each = 'packages/*'\nneeds = ['${member.name}:build[fast]']\n\
         [step.test-docs]\nuses = 'p'\nneeds = ['lint']\n\
         [step.release]\nuses = 'p'\nneeds = ['test', 'lint']",
    )
}

fn plan(asked: &[&str], reach: Reach) -> Plan {
    let asked: Vec<String> = asked.iter().map(|&text| text.to_owned()).collect();
    select(&sample(), &asked, reach).unwrap()
}

#[track_caller]
fn check(asked: &[&str], reach: Reach, expected: &[&str]) {
    assert_eq!(names(&plan(asked, reach).steps), expected, "{asked:?} {reach:?}");
}

#[test]
fn a_name_means_itself_and_a_part_that_is_left_out_means_all() {
    let only = |asked, expected| check(&[asked], Reach::Only, expected);
    let builds = ["api:build[fast]", "api:build[small]", "web:build[fast]", "web:build[small]"];
    only("lint", &["lint"]);
    only("build", &builds);
    only(":build", &builds);
    only("web:build", &builds[2..]);
    only("packages/web:build", &builds[2..]);
    only("build[small]", &["api:build[small]", "web:build[small]"]);
    only("web:build[small]", &["web:build[small]"]);
    only("test", &["api:test", "web:test"]);
}

#[test]
fn wildcards_stand_for_any_part_of_a_name() {
    let only = |asked, expected| check(&[asked], Reach::Only, expected);
    only("test*", &["api:test", "web:test", "test-docs"]);
    only("test-*", &["test-docs"]);
    only("?int", &["lint"]);
    only("web:*", &["web:build[fast]", "web:build[small]", "web:test"]);
    only("w*:test", &["web:test"]);
    only("*:build[s*]", &["api:build[small]", "web:build[small]"]);
    only(
        "*:*",
        &[
            "api:build[fast]",
            "api:build[small]",
            "web:build[fast]",
            "web:build[small]",
            "api:test",
            "web:test",
        ],
    );
    assert_eq!(plan(&["*"], Reach::Only).len(), sample().steps.len());
}

#[test]
fn without_names_all_steps_are_chosen() {
    for reach in [Reach::Only, Reach::Needs, Reach::Dependents] {
        let all = sample();
        check(&[], reach, &names(&all.steps));
    }
}

#[test]
fn names_that_mean_the_same_step_choose_it_once_in_the_order_of_the_pipeline() {
    check(&["web:test", "lint", "test", "lint"], Reach::Only, &["lint", "api:test", "web:test"]);
}

#[test]
fn reach_says_what_comes_along() {
    check(&["web:test"], Reach::Only, &["web:test"]);
    check(&["web:test"], Reach::Needs, &["web:build[fast]", "web:test"]);
    check(
        &["release"],
        Reach::Needs,
        &["lint", "api:build[fast]", "web:build[fast]", "api:test", "web:test", "release"],
    );
    check(&["lint"], Reach::Needs, &["lint"]);
    check(&["build[small]"], Reach::Dependents, &["api:build[small]", "web:build[small]"]);
    // What needs `lint` needs the tests too, and these need builds.
    check(
        &["lint"],
        Reach::Dependents,
        &[
            "lint",
            "api:build[fast]",
            "web:build[fast]",
            "api:test",
            "web:test",
            "test-docs",
            "release",
        ],
    );
}

#[test]
fn the_edges_of_a_plan_join_chosen_steps_only() {
    let shown = |asked: &[&str], reach| {
        let plan = plan(asked, reach);
        assert_eq!(plan.steps.len(), plan.needs.len());
        plan.needs
    };
    assert_eq!(shown(&["web:test"], Reach::Needs), [vec![], vec![0]]);
    assert_eq!(shown(&["release", "lint"], Reach::Only), [vec![], vec![0]]);
    assert_eq!(shown(&["release", "build"], Reach::Only), vec![Vec::<usize>::new(); 5]);
}

#[test]
fn each_name_that_means_no_step_is_reported_with_the_nearest() {
    let suggested = |asked: &str| {
        let errors = select(&sample(), &["lint".to_owned(), asked.to_owned()], Reach::Needs);
        let errors = errors.unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].to_string(), format!("no step is named `{asked}`"));
        let fault = errors[0].fault();
        assert_eq!(fault.code.as_str(), "E0217");
        errors[0].help.clone()
    };
    for (asked, expected) in [
        ("lnit", "did you mean `lint`?"),
        ("tests", "did you mean `test`?"),
        ("wep:test", "did you mean `web:test`?"),
        ("web:build[smal]", "did you mean `web:build[small]`?"),
        ("deploy-everything", "`belljar ls` shows all steps"),
        ("", "`belljar ls` shows all steps"),
        ("zz*", "`belljar ls` shows all steps"),
        ("lint[x]", "did you mean `lint`?"),
        ("nowhere:lint", "did you mean `lint`?"),
        ("Lint", "did you mean `lint`?"),
    ] {
        assert_eq!(suggested(asked), expected, "{asked}");
    }
    let asked = ["a1", "lint", "b2"].map(str::to_owned);
    let errors = select(&sample(), &asked, Reach::Only).unwrap_err();
    let missing: Vec<&str> = errors.iter().map(|error| error.asked.as_str()).collect();
    assert_eq!(missing, ["a1", "b2"]);
}
