//! What has no end but the host's.

use super::contract::{Ended, Scene};

#[test]
fn a_loop_that_calls_the_host_is_ended() {
    belljar_cases::case!("B01");
    Scene::of("spin-calling", &[], "timeout = \"300ms\"").ends(&Ended {
        exit: 3,
        code: "E0401",
        blame: "plugin fault",
        names: &["300ms", "belljar.toml:"],
        help: "timeout",
    });
}

#[test]
fn a_file_of_a_terabyte_of_nothing_is_as_large_as_it_looks() {
    belljar_cases::case!("C10");
    for attack in ["sparse", "sparse-by-length"] {
        let scene = Scene::of(attack, &[], "limits = { output-bytes = \"8MiB\" }");
        scene.ends(&Ended {
            exit: 3,
            code: "E0403",
            blame: "plugin fault",
            names: &["8 MiB", "output-bytes", "belljar.toml:"],
            help: "limits.output-bytes",
        });
        assert!(!scene.outputs().exists());
    }
}

#[test]
fn a_path_that_never_ends_is_an_error_of_the_plugin() {
    belljar_cases::case!("C09");
    let scene = Scene::of("deep", &[], "");
    let run = scene.attacked().exits(3);
    assert!(!run.stderr.contains("infrastructure"), "{}", run.stderr);
    assert!(!scene.outputs().exists());
}

#[test]
fn a_line_of_a_gibibyte_is_cut() {
    belljar_cases::case!("G04");
    let scene = Scene::of("one-line", &[], "limits = { log-bytes = \"64KiB\" }");
    scene.attacked().exits(0);
    let log = scene.log();
    assert!(log.len() < 200_000, "the log is cut: {} bytes", log.len());
    assert!(log.contains("log-bytes"), "and says so");
}

#[test]
fn many_small_things_are_no_harm() {
    belljar_cases::case!("B07");
    let scene = Scene::of("many-elements", &[], "limits = { memory = \"32MiB\" }");
    scene.ends(&Ended {
        exit: 3,
        code: "E0402",
        blame: "plugin fault",
        names: &["memory", "32 MiB", "belljar.toml:"],
        help: "limits.memory",
    });
}
