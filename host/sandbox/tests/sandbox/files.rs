//! What `std::fs` of a guest can do: read inputs, write outputs, and nothing else.

use crate::harness::Bench;

/// Each operation with the line that it prints.
#[track_caller]
fn check(bench: &Bench, told: &[(&[&str], &str)]) {
    let ops: Vec<&[&str]> = told.iter().map(|(op, _)| *op).collect();
    let ran = bench.run(&ops);
    ran.result();
    let lines: Vec<&str> =
        ran.log().into_iter().filter(|line| !line.contains("cannot be written")).collect();
    for (place, (op, line)) in told.iter().enumerate() {
        assert_eq!(lines[place], *line, "{op:?}");
    }
}

const NOT_PERMITTED: &str = "error: Operation not permitted (os error 63)";
const NO_ENTRY: &str = "error: No such file or directory (os error 44)";
const EXISTS: &str = "error: File exists (os error 20)";
const NOT_SUPPORTED: &str = "error: Not supported (os error 58)";
const NOT_EMPTY: &str = "error: Directory not empty (os error 55)";
const IS_DIRECTORY: &str = "error: Is a directory (os error 31)";
const NOT_DIRECTORY: &str = "error: Not a directory (os error 54)";

#[test]
fn inputs_are_read_through_links_and_the_tree_ends_at_its_root() {
    belljar_cases::case!("C01", "C02");
    let bench = Bench::new(&[])
        .file("src/a.txt", "one")
        .file("src/b/c.txt", "two")
        .link("here", "src/a.txt")
        .link("src/up", "../src/b")
        .link("out", "../secret")
        .link("round", "round");
    check(
        &bench,
        &[
            (&["read", "src/a.txt"], "one"),
            (&["read", "/src/a.txt"], "one"),
            (&["read", "./src/../src//b/c.txt"], "two"),
            (&["read", "here"], "one"),
            (&["read", "src/up/c.txt"], "two"),
            (&["link", "here"], "src/a.txt"),
            (&["lstat", "here"], "link 0"),
            (&["stat", "here"], "file 3"),
            (&["stat", "src"], "folder 0"),
            (&["list", "src"], "a.txt b up"),
            (&["list", "/"], "here out round src"),
            (&["read", "src/none"], NO_ENTRY),
            (&["read", "src/a.txt/x"], NOT_DIRECTORY),
            (&["read", "src/a.txt/"], NOT_DIRECTORY),
            (&["read", "src"], IS_DIRECTORY),
            (&["read", "../x"], NOT_PERMITTED),
            (&["read", "src/../../x"], NOT_PERMITTED),
            (&["read", "out"], NOT_PERMITTED),
            (&["read", "round"], "error: Symbolic link loop (os error 32)"),
            (&["exists", "a\\b"], "false"),
        ],
    );
}

#[test]
fn inputs_cannot_be_changed() {
    belljar_cases::case!("C04");
    let bench = Bench::new(&["out"]).file("a", "one").file("b/c", "two");
    check(
        &bench,
        &[
            (&["write", "a", "x"], NOT_PERMITTED),
            (&["append", "a", "x"], NOT_PERMITTED),
            (&["cut", "a", "0"], NOT_PERMITTED),
            (&["remove", "a"], NOT_PERMITTED),
            (&["rename", "a", "out"], NOT_PERMITTED),
            (&["rmdir", "b"], NOT_PERMITTED),
            (&["mkdir", "d"], NOT_PERMITTED),
            (&["write", "new", "x"], NOT_PERMITTED),
            (&["hard-link", "a", "out"], NOT_SUPPORTED),
            (&["new", "a"], EXISTS),
            (&["read", "a"], "one"),
            (&["write", "out", "x"], "written"),
        ],
    );
}

#[test]
fn outputs_are_files_like_any_other_until_the_step_ends() {
    let bench = Bench::new(&["out/**", "top"]);
    check(
        &bench,
        &[
            (&["mkdir", "out/a/b"], NO_ENTRY),
            (&["mkdirs", "out/a/b"], "made"),
            (&["mkdir", "out/a"], EXISTS),
            (&["write", "out/a/f", "hello"], "written"),
            (&["new", "out/a/f"], EXISTS),
            (&["append", "out/a/f", " world"], "appended"),
            (&["patch", "out/a/f", "1", "E"], "hEllo world"),
            (&["patch", "out/a/f", "13", "!"], "hEllo world\\u{0}\\u{0}!"),
            (&["cut", "out/a/f", "5"], "cut"),
            (&["read", "out/a/f"], "hEllo"),
            (&["stat", "out/a/f"], "file 5"),
            (&["rename", "out/a/f", "out/g"], "renamed"),
            (&["list", "out"], "a g"),
            (&["rmdir", "out"], NOT_EMPTY),
            (&["rmdir", "out/a/b"], "removed"),
            (&["rename", "out/a", "out/c"], "renamed"),
            (&["list", "out"], "c g"),
            (&["rename", "out/g", "elsewhere"], NOT_PERMITTED),
            (&["write", "out/h", "x"], "written"),
            (&["rename", "out/h", "out/g"], "renamed"),
            (&["read", "out/g"], "x"),
            (&["write", "top", "t"], "written"),
            (&["remove", "out/g"], "removed"),
            (&["exists", "out/g"], "false"),
        ],
    );
}

#[test]
fn what_was_written_becomes_the_outputs_sorted_and_without_scratch() {
    let bench = Bench::new(&["out/**", "dist"]).file("in", "input");
    let ran = bench.run(&[
        &["write", "out/z", "1"],
        &["write", "/.scratch/tmp", "2"],
        &["read", "/.scratch/tmp"],
        &["output", "dist/x", "3"],
        &["copy", "in", "out/copy"],
        &["output", "dist/x", "again"],
        &["output", "src/x", "4"],
        &["list", "."],
    ]);
    assert_eq!(ran.outputs(), ["dist/x=3", "out/copy=input", "out/z=1"]);
    let log = ran.log();
    assert_eq!(log[2], "2");
    assert!(log[5].starts_with("error: ") && log[6].starts_with("error: "), "{log:?}");
    assert_eq!(log[7], "dist in out");
}

#[test]
fn an_input_that_is_also_an_output_is_shadowed() {
    let bench = Bench::new(&["a"]).file("a", "one");
    let ran = bench.run(&[&["append", "a", " two"], &["read", "a"], &["input", "a"]]);
    assert_eq!(ran.log()[1..], ["one two", "one"]);
    assert_eq!(ran.outputs(), ["a=one two"]);
}

#[test]
fn a_large_file_goes_to_the_store_while_it_grows_and_can_still_be_changed() {
    let bench = Bench::new(&["big"]);
    let ran = bench.run(&[&["grow", "big", "20"], &["append", "big", "end"], &["stat", "big"]]);
    assert_eq!(ran.log(), ["20971520", "appended", "file 20971523"]);
    assert_eq!(ran.result().outputs[0].digest.size(), 20_971_523);
}

#[test]
fn the_environment_holds_what_was_granted() {
    belljar_cases::case!("F03");
    let bench = Bench::new(&[]).granted("GIVEN", "yes").ungranted("HIDDEN", "no");
    let ran = bench.run(&[&["env", "GIVEN"], &["env", "HIDDEN"], &["env", "PATH"]]);
    assert_eq!(ran.log(), ["yes", "unset", "unset"]);
}
