//! What `[tools]` declares, and what is said of declarations that mean nothing.

use std::collections::BTreeMap;

use belljar_model::WorkspacePath;
use belljar_model::tool::{Program, ToolSpec};

use crate::workspace::{MemoryFiles, check, pipeline, pipeline_of};

/// A step that is granted tools, so that the rest of a test may be about their declaration.
fn granting(tools: &str, text: &str) -> String {
    format!("{text}\n[plugins]\np = 'builtin:p'\n[step.a]\nuses = 'p'\ngrants.tools = [{tools}]\n")
}

/// A tool of which only its name and what is run are said.
fn plain(name: &str, program: Program) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        program,
        closure: Vec::new(),
        uses: Vec::new(),
        env: BTreeMap::new(),
        version: Vec::new(),
        identity: Vec::new(),
    }
}

fn path(text: &str) -> WorkspacePath {
    WorkspacePath::parse(text).unwrap()
}

#[test]
fn a_tool_has_a_short_form_and_a_long_one() {
    let own = |text: &str| text.to_owned();
    let cargo = ToolSpec {
        closure: vec![own("~/.cargo/registry"), own("/opt/v1/lib")],
        uses: vec![own("cc"), own("node")],
        env: BTreeMap::from([(own("TAG"), own("tag v1")), (own("EMPTY"), String::new())]),
        version: vec![own("--version"), own("-v")],
        identity: vec![path("rust-toolchain.toml")],
        ..plain("cargo", Program::Native(own("cargo")))
    };
    let expected = [
        cargo,
        plain("cc", Program::Native(own("/usr/bin/cc"))),
        plain("md", Program::Wasm(path("tools/md.wasm"))),
        plain("node", Program::Native(own("~/node/v1/node"))),
    ];
    let text = granting(
        "'cargo', 'md'",
        "vars.v = 'v1'\n[tools]\nnode = '~/node/${vars.v}/node'\ncc = '/usr/bin/cc'\n\
         [tools.cargo]\npath = 'cargo'\nclosure = ['~/.cargo/registry/', '/opt/${vars.v}/lib']\n\
         uses = ['node', 'cc', 'node']\nenv = { TAG = 'tag ${vars.v}', EMPTY = '' }\n\
         version = ['--version', '-v']\nidentity = ['rust-toolchain.toml']\n\
         [tools.md]\nwasm = './tools/md.wasm'",
    );
    let pipeline = pipeline(&text);
    let specs: Vec<&ToolSpec> = pipeline.tools.values().map(|tool| &tool.spec).collect();
    assert_eq!(specs, expected.iter().collect::<Vec<_>>());
    let at = &pipeline.tools["cargo"].at;
    assert_eq!(&text[at.span.clone()], "cargo");
}

#[test]
fn tools_of_included_files_are_there_as_well() {
    let main = granting("'node'", "include = ['tools.toml']");
    let files = [("belljar.toml", main.as_str()), ("tools.toml", "tools.node = 'node'")];
    let pipeline = pipeline_of(&MemoryFiles::new(&files));
    assert_eq!(&*pipeline.tools["node"].at.file, "tools.toml");
}

#[test]
fn a_tool_is_one_thing() {
    check(
        &granting(
            "",
            "[tools]\na = {}\nb = { path = 'b', wasm = 'b.wasm' }\nc = 1\nd = { path = 1 }\n\
             e = { pth = 'e' }\nf = { wasm = true }\n\"g h\" = 'g'",
        ),
        r#"
        2:1-2 E0119 the tool `a` has neither `path` nor `wasm`
          help: write `path` for a native executable, or `wasm` for a WASI command of this workspace
        3:26-34 E0119 the tool `b` has both `path` and `wasm`
          3:14-17 this
          help: write `path` for a native executable, or `wasm` for a WASI command of this workspace
        4:5-6 E0103 `tools.c` should be `"NAME"`, `{ path = "…" }` or `{ wasm = "…" }`, but is the number 1
        5:14-15 E0103 `tools.d.path` should be a name in `PATH`, an absolute path or one that begins with `~/`, but is the number 1
        6:7-10 E0102 a tool has no key `pth`
          help: did you mean `path`?
        7:14-18 E0103 `tools.f.wasm` should be a path in this workspace, but is `true`
        8:1-6 E0202 `g h` cannot be the name of a tool
          help: a name starts with a letter and has letters, digits, `-` and `_`
        "#,
    );
}

#[test]
fn a_native_tool_is_a_part_of_the_machine() {
    check(
        &granting(
            "",
            "[tools]\na = 'tools/gen.sh'\nb = './gen.sh'\nc = '../x/c'\nd = '/opt/../d'\ne = ''\n\
             f = '~joe/f'\ng = '/opt/g/'\nh = '~'\ni = 'tools/md.wasm'\nj = \"j\\u0000\"\nk = '.'",
        ),
        r#"
        2:5-19 E0120 `tools/gen.sh` is a file of the workspace, which cannot be a native tool
          note: what lies in the workspace is an input that can change, not a part of the machine
          help: use the plugin `command` with a tool such as `sh` that runs it, and write `inputs = ["tools/gen.sh"]`
        3:5-15 E0120 `./gen.sh` is a file of the workspace, which cannot be a native tool
          note: what lies in the workspace is an input that can change, not a part of the machine
          help: use the plugin `command` with a tool such as `sh` that runs it, and write `inputs = ["gen.sh"]`
        4:5-13 E0120 `../x/c` has `..`, which the path of a tool cannot have
          help: write a name that is found in `PATH`, an absolute path, or one with `~/`
        5:5-16 E0120 `/opt/../d` has `..`, which the path of a tool cannot have
          help: write a name that is found in `PATH`, an absolute path, or one with `~/`
        6:5-7 E0120 `` cannot be the path of a tool
          help: write a name that is found in `PATH`, an absolute path, or one with `~/`
        7:5-13 E0120 `~joe/f` cannot be an executable file
          help: write a name that is found in `PATH`, an absolute path, or one with `~/`
        8:5-14 E0120 `/opt/g/` cannot be an executable file
          help: write a name that is found in `PATH`, an absolute path, or one with `~/`
        9:5-8 E0120 `~` cannot be an executable file
          help: write a name that is found in `PATH`, an absolute path, or one with `~/`
        10:5-20 E0120 `tools/md.wasm` is a file of the workspace, which cannot be a native tool
          help: write `{ wasm = "tools/md.wasm" }`
        11:5-14 E0120 `j\0` cannot be the path of a tool
          help: write a name that is found in `PATH`, an absolute path, or one with `~/`
        12:5-8 E0120 `.` cannot be an executable file
          help: write a name that is found in `PATH`, an absolute path, or one with `~/`
        "#,
    );
}

#[test]
fn what_only_native_tools_have_means_nothing_for_webassembly() {
    check(
        &granting(
            "",
            "[tools]\ncc = { path = 'cc', uses = ['md'] }\n[tools.md]\nwasm = '../md.wasm'\n\
             closure = ['/x']\nuses = ['cc']\nversion = ['-V']\nenv = { A = 'b' }\n\
             identity = ['md.toml']",
        ),
        "
        2:29-33 E0121 `cc` cannot start `md`, which is WebAssembly
        4:8-20 E0113 `../md.wasm` leaves the workspace
        5:1-8 E0121 `closure` means nothing for a tool that is WebAssembly: it reads only the files that a step shows it
          help: give them as inputs
        6:1-5 E0121 `uses` means nothing for a tool that is WebAssembly: it can start no other program
          help: take `uses` away
        7:1-8 E0121 `version` means nothing for a tool that is WebAssembly: its bytes are its whole identity
          help: take `version` away
        ",
    );
}

#[test]
fn each_part_of_a_declaration_is_checked() {
    check(
        &granting(
            "",
            "vars.up = '../x'\n[tools.a]\npath = 'a'\n\
             closure = ['lib', '/', '~/', '/x/../y', '~', 1, '/${vars.up}', '~/./']\n\
             env = { 'A=B' = 'x', C = \"\\u0000\", D = 1, E = '${vars.no}', '' = '' }\n\
             version = '--version'\nidentity = ['*.toml', '/etc/x', '!a', '../b']",
        ),
        "
        4:12-17 E0125 `lib`: a path of `closure` is absolute or begins with `~/`
          help: files of the workspace are shown to a tool as inputs of the step
        4:19-22 E0125 `/`: this would show the tool everything
          help: name the folders that the tool needs, so that it sees no more
        4:24-28 E0125 `~/`: this would show the tool everything
          help: name the folders that the tool needs, so that it sees no more
        4:30-39 E0125 `/x/../y`: a path of `closure` has no `..`
        4:41-44 E0125 `~`: a path of `closure` is absolute or begins with `~/`
          help: files of the workspace are shown to a tool as inputs of the step
        4:46-47 E0103 `tools.a.closure[]` should be a text, but is the number 1
        4:49-62 E0125 `/../x`: a path of `closure` has no `..`
        4:64-70 E0125 `~/./`: this would show the tool everything
          help: name the folders that the tool needs, so that it sees no more
        5:9-14 E0125 `A=B` cannot be the name of an environment variable
        5:26-34 E0125 no program can be given a text with a NUL
        5:40-41 E0103 `tools.a.env.D` should be a text, but is the number 1
        5:48-58 E0107 there is no variable `vars.no`
          help: did you mean `vars.up`?
        5:61-63 E0125 `` cannot be the name of an environment variable
        6:11-22 E0103 `tools.a.version` should be a list, in `[` and `]`, but is a text
        7:13-21 E0125 `*.toml` is a pattern: `identity` names each file
        7:23-31 E0113 `/etc/x` is absolute; paths start at the workspace root
        7:33-37 E0125 `!a` is a pattern: `identity` names each file
        7:39-45 E0113 `../b` leaves the workspace
        ",
    );
}

#[test]
fn tools_start_each_other_in_one_direction() {
    belljar_cases::case!("B11");
    check(
        &granting(
            "'a'",
            "[tools]\na = { path = 'a', uses = ['b', 'sh'] }\nb = { path = 'b', uses = ['c'] }\n\
             c = { path = 'c', uses = ['b'] }\nd = { path = 'd', uses = ['d'] }\n\
             cargo = { path = 'e', uses = ['crago'] }\nrust = { path = 'f', uses = ['cargoo'] }",
        ),
        r#"
        2:32-36 E0219 there is no tool `sh`
          help: add `sh = "sh"` to `[tools]`
        3:27-30 E0220 tools use each other: b -> c -> b
          4:27-30 `c` uses `b`
          help: take one of these out of its `uses`
        5:27-30 E0220 tools use each other: d -> d
          help: take one of these out of its `uses`
        6:31-38 E0219 there is no tool `crago`
          help: did you mean `cargo`?
        7:30-38 E0219 there is no tool `cargoo`
          help: did you mean `cargo`?
        "#,
    );
}

#[test]
fn a_tool_that_nobody_may_run_is_a_warning() {
    check(
        &granting(
            "'cargo'",
            "vars.used = 'x'\n[tools]\nnode = 'node'\ncc = '/${vars.used}'\n\
             cargo = { path = 'cargo', uses = ['cc'] }",
        ),
        r#"
        3:1-5 E0221 (warning) no step is granted the tool `node`
          note: it would be granted by `grants.tools = ["node"]`
        "#,
    );
}
