//! What is small as a file, and without end for whoever compiles it or makes an instance of it.

use std::process::Command;
use std::time::{Duration, Instant};

use super::contract::{Ended, Scene};
use super::module::{Module, component, with_start};
use crate::harness::{Run, guest};

/// Adds two locals, again and again.
fn operations(count: usize) -> Vec<u8> {
    // `local.get 0, local.get 1, i32.add, local.set 0`, with two locals of type i32.
    let body = [0x20, 0, 0x20, 1, 0x6a, 0x21, 0].repeat(count / 4);
    [&[1, 2, 0x7f][..], &body, &[0x0b]].concat()
}

/// A jump to one of `count` places, all of which are the end.
fn jumps(count: u32) -> Vec<u8> {
    // `i32.const 0, br_table 0 0 0 ...`
    let mut body = vec![0, 0x41, 0, 0x0e];
    super::module::number(count, &mut body);
    body.resize(body.len() + count as usize + 1, 0);
    body.push(0x0b);
    body
}

/// Loops one after the other, each of which changes one of a hundred locals: whoever compiles
/// them has to know all locals at each of them.
fn loops(count: u32) -> Vec<u8> {
    const LOCALS: u32 = 100;
    let mut body = vec![1, 100, 0x7f];
    for turn in 0..count {
        let local = |step: u32| u8::try_from(turn.wrapping_mul(step) % LOCALS).expect("one byte");
        let (from, to) = (local(7_919), local(104_729));
        // `loop, local.get, local.get, i32.add, local.set, local.get, br_if 0, end`
        let turn = [0x03, 0x40, 0x20, from, 0x20, to, 0x6a, 0x21, to, 0x20, from, 0x0d, 0, 0x0b];
        body.extend(turn);
    }
    body.push(0x0b);
    body
}

fn bomb(bodies: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    component(&Module::of(bodies).bytes())
}

#[test]
fn what_is_too_much_to_compile_is_refused_with_the_number_of_the_function() {
    belljar_cases::case!("A06");
    let small = || operations(4);
    for (bytes, names) in [
        (bomb([small(), operations(700_000)]), ["function 1 has", "1048576"]),
        (bomb((0..200_001).map(|_| small())), ["200001 functions", "200000"]),
        (bomb([jumps(1_200_000)]), ["function 0 has", "1048576"]),
    ] {
        Scene::with_plugin(&bytes, "").ends(&Ended {
            exit: 3,
            code: "E0331",
            blame: "plugin fault",
            names: &names,
            help: "split the function",
        });
    }
}

#[test]
fn what_takes_long_to_compile_takes_a_bounded_time() {
    belljar_cases::case!("A06");
    for bytes in [
        bomb([operations(400_000)]),
        bomb((0..100_000).map(|_| operations(4))),
        bomb((0..20).map(|_| jumps(60_000))),
    ] {
        let began = Instant::now();
        // It has no exports, so it is no plugin in the end.
        Scene::with_plugin(&bytes, "").attacked().exits(3).says(&["plugin `evil`"]);
        assert!(began.elapsed() < Duration::from_secs(200), "{:?}", began.elapsed());
    }
}

/// Runs a scene in a shell that has lowered a limit, which then holds for those who compile.
fn lowered(scene: &Scene, limit: &str) -> Run {
    let program = scene.workspace.command();
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit {limit} && exec \"$0\" run --progress plain"));
    command.arg(program.get_program()).current_dir(scene.workspace.path("")).env_clear();
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap());
    }
    Run::of(&command.output().unwrap())
}

#[test]
fn compiling_is_ended_when_it_takes_too_much_time_or_memory() {
    belljar_cases::case!("A06");
    // Within all bounds of size: only compiling it shows what it is.
    let bytes = bomb([loops(70_000)]);
    for (limit, what) in [
        ("-t 4", "compiling `evil` took more than 2 s of processor time"),
        ("-d 200000", "compiling `evil` took more than 195.3 MiB of memory"),
    ] {
        let scene = Scene::with_plugin(&bytes, "");
        let run = lowered(&scene, limit).exits(3);
        run.says(&["[E0330]", "plugin fault", what, "this process was given less itself"]);
        scene.workspace.assert_store_is_clean();
    }
}

#[test]
fn a_start_function_without_end_is_ended() {
    belljar_cases::case!("A08");
    let endless = with_start(&std::fs::read(guest("does_nothing")).unwrap());
    let began = Instant::now();
    Scene::with_plugin(&endless, "").ends(&Ended {
        exit: 3,
        code: "E0306",
        blame: "plugin fault",
        names: &["plugin `evil`", "took more than 10 s", "start function"],
        help: "`describe` returns what is known",
    });
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}
