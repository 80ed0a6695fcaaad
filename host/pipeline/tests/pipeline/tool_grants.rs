//! What steps are granted for tools, and how well these are kept apart.

use belljar_model::Tier;
use belljar_pipeline::Pipeline;

use crate::workspace::{check, pipeline, step};

const HEAD: &str = "plugins.p = 'builtin:p'\ntools = { cc = 'cc', md = { wasm = 'md.wasm' } }\n";

/// A step with these fields, where one tool is native and one is WebAssembly.
fn with_step(fields: &str) -> String {
    format!("{HEAD}[step.a]\nuses = 'p'\n{fields}")
}

fn grants(pipeline: &Pipeline, name: &str) -> Vec<String> {
    step(pipeline, name).grants.iter().map(|grant| grant.grant.to_string()).collect()
}

#[test]
fn grants_are_sorted_and_each_is_there_once() {
    let text = with_step(
        "grants.network = ['Z.example:443', 'a.example:0080', 'z.example:443']\n\
         grants.state = { target = 'target/', cache = './pkg/cache' }\n\
         grants.tools = ['md', 'cc', 'md']\ngrants.env = ['CI']\n",
    );
    let pipeline = pipeline(&text);
    let expected = [
        "env CI",
        "tools cc",
        "tools md",
        "state cache=pkg/cache",
        "state target=target",
        "network a.example:80",
        "network z.example:443",
    ];
    assert_eq!(grants(&pipeline, "a"), expected);
    let places = step(&pipeline, "a").grants.iter().map(|grant| &text[grant.at.span.clone()]);
    let expected = [
        "'CI'",
        "'cc'",
        "'md'",
        "'./pkg/cache'",
        "'target/'",
        "'a.example:0080'",
        "'Z.example:443'",
    ];
    assert_eq!(places.collect::<Vec<_>>(), expected);
}

#[test]
fn a_state_folder_may_be_in_the_folder_that_a_step_is_for() {
    let text = with_step(
        "for-each = 'packages/*'\ngrants.tools = ['cc', 'md']\n\
         grants.state = { deps = '${vars.dir}', target = '${member}/target' }\n[vars]\ndir = 'deps'",
    );
    let pipeline = pipeline(&text);
    let state = ["state deps=deps", "state target=packages/web/target"];
    assert_eq!(grants(&pipeline, "web:a")[2..], state);
}

#[test]
fn lists_of_a_template_are_replaced_and_its_folders_are_merged() {
    let pipeline = pipeline(&format!(
        "{HEAD}[template.t]\nuses = 'p'\nmin-isolation = 't2'\nlimits.tool-processes = 7\n\
         grants.tools = ['cc']\ngrants.network = ['a:1']\ngrants.state = {{ s = 's', t = 't' }}\n\
         [step.a]\nextends = 't'\n\
         [step.b]\nextends = 't'\ngrants.tools = ['md', 'cc']\ngrants.network = []\n\
         grants.state = {{ t = 'other', u = 'u' }}\nmin-isolation = 't1'\nlimits.tool-memory = '1GiB'"
    ));
    let expected = ["tools cc", "state s=s", "state t=t", "network a:1"];
    assert_eq!(grants(&pipeline, "a"), expected);
    let expected = ["tools cc", "tools md", "state s=s", "state t=other", "state u=u"];
    assert_eq!(grants(&pipeline, "b"), expected);
    let [a, b] = ["a", "b"].map(|name| step(&pipeline, name));
    assert_eq!([a.min_isolation, b.min_isolation], [Tier::T2, Tier::T1]);
    assert_eq!([&a.limits, &b.limits].map(|limits| limits.tool_processes.value), [7, 7]);
    assert_eq!(b.limits.tool_memory.value, 1 << 30);
    assert_eq!(b.limits.tool_memory.set_at.as_deref(), Some("belljar.toml:18"));
    assert_eq!(a.limits.tool_memory.set_at, None);
}

#[test]
fn every_native_tier_may_be_the_weakest_and_the_strongest_is_the_default() {
    for (field, expected) in [
        ("", Tier::T1),
        ("min-isolation = 't0'", Tier::T0),
        ("min-isolation = 't1'", Tier::T1),
        ("min-isolation = 't2'", Tier::T2),
        ("min-isolation = 't3'", Tier::T3),
    ] {
        let text = with_step(&format!("grants.tools = ['cc', 'md']\n{field}"));
        assert_eq!(step(&pipeline(&text), "a").min_isolation, expected, "{field}");
    }
}

#[test]
fn a_tool_that_is_granted_is_declared() {
    check(
        &with_step("grants.tools = ['ccc', 'cargo', 'cc', '*']\ngrants.network = ['a:1']"),
        r#"
        5:17-22 E0219 there is no tool `ccc`
          help: did you mean `cc`?
        5:24-31 E0219 there is no tool `cargo`
          help: add `cargo = "cargo"` to `[tools]`
        5:39-42 E0219 there is no tool `*`
          help: name each tool as `[tools]` does
        "#,
    );
    check(
        &with_step("grants = { tool = ['cc'], state = ['x'], tools = 'cc', network = [1] }"),
        "
        5:12-16 E0115 there is no grant `tool`
          help: did you mean `tools`?
        5:35-40 E0103 `grants.state` should be a table, but is a list
        5:50-54 E0103 `grants.tools` should be a list, in `[` and `]`, but is a text
        5:67-68 E0103 `grants.network[]` should be a text, but is the number 1
        ",
    );
}

#[test]
fn state_folders_have_names_and_paths_of_their_own() {
    check(
        &with_step(
            "grants.tools = ['cc', 'md']\n[step.a.grants.state]\n'a b' = 'x'\nb = '.'\nc = ''\n\
             d = '../d'\ne = '/e'\nf = 'x/'\ng = 'x/y'\nh = 'a//b'\ni = 1\nj = '${member}'",
        ),
        "
        7:1-6 E0202 `a b` cannot be the name of a state folder
          help: a name starts with a letter and has letters, digits, `-` and `_`
        8:5-8 E0122 the workspace itself cannot be a state folder
          help: name a folder in it, such as `target`
        9:5-7 E0122 the workspace itself cannot be a state folder
          help: name a folder in it, such as `target`
        10:5-11 E0113 `../d` leaves the workspace
        11:5-9 E0113 `/e` is absolute; paths start at the workspace root
        12:5-9 E0122 `a b` and `f` are both at `x`
          7:9-12 this
          help: give each state folder a path of its own
        13:5-10 E0122 one of `a b` at `x` and `g` at `x/y` would lie inside of the other
          7:9-12 this
          help: give each state folder a path of its own
        14:5-11 E0112 `a//b` has the segment ``, which is not allowed in a path
        15:5-6 E0103 `grants.state.i` should be a path in this workspace, but is the number 1
        16:6-15 E0107 `${member}` is known only in a step with `for-each`
        ",
    );
}

#[test]
fn a_step_may_declare_outputs_below_a_state_folder() {
    let text = with_step(
        "grants.tools = ['cc', 'md']\ngrants.state = { target = 'target' }\n\
         outputs = ['target/release/app']",
    );
    assert_eq!(grants(&pipeline(&text), "a")[2..], ["state target=target"]);
}

#[test]
fn a_host_is_named_with_its_port() {
    check(
        &with_step("grants.tools = ['cc', 'md']\ngrants.network = ['a', '*.a:1', 'a:0', '::1:1']"),
        "
        6:19-22 E0123 `a` is no host with a port: it has no port
          help: write `host:port`, such as `example.org:443` or `[::1]:8080`
        6:24-31 E0123 `*.a:1` is no host with a port: wildcards are not allowed, each host is named
          help: write `host:port`, such as `example.org:443` or `[::1]:8080`
        6:33-38 E0123 `a:0` is no host with a port: the port is a number from 1 to 65535
          help: write `host:port`, such as `example.org:443` or `[::1]:8080`
        6:40-47 E0123 `::1:1` is no host with a port: an IPv6 address goes in brackets
          help: write `host:port`, such as `example.org:443` or `[::1]:8080`
        ",
    );
}

#[test]
fn what_only_tools_can_use_is_granted_in_vain_without_one() {
    let other = "\n[step.b]\nuses = 'p'\ngrants.tools = ['cc', 'md']";
    check(
        &with_step(&format!("grants.network = ['a:1']\ngrants.state = {{ s = 's' }}{other}")),
        "
        5:18-25 E0222 (warning) the step is granted hosts, but no native tool that could connect to them
          help: add the tool to `grants.tools`, or take this away
        6:18-19 E0222 (warning) the step is granted state folders, but no tool that could see them
          help: add the tool to `grants.tools`, or take this away
        ",
    );
    check(
        &with_step(&format!("grants.network = ['a:1']\ngrants.tools = ['md']{other}")),
        "
        5:18-25 E0222 (warning) the step is granted hosts, but no native tool that could connect to them
          help: add the tool to `grants.tools`, or take this away
        ",
    );
}

#[test]
fn a_tier_and_the_limits_of_tools_are_checked() {
    check(
        &with_step(
            "min-isolation = 'T1'\nlimits = { tool-memory = 0, tool-processes = 0, tool-memry = 1 }\n\
             [step.b]\nuses = 'p'\nmin-isolation = 'wasm'\nlimits.tool-memory = '4 gb'\n\
             limits.tool-processes = -1\n[step.c]\nuses = 'p'\nmin-isolation = 1",
        ),
        r#"
        5:17-21 E0124 there is no tier `T1`
          help: did you mean `t1`?
        6:26-27 E0111 `limits.tool-memory` is zero, so no tool could start
        6:46-47 E0111 `limits.tool-processes` is zero, so no tool could start
        6:49-59 E0102 `limits` has no key `tool-memry`
          help: did you mean `tool-memory`?
        9:17-23 E0124 there is no tier `wasm`
          help: the tiers, the strongest first, are: `t1`, `t2`, `t3`, `t0`
        10:22-28 E0110 `limits.tool-memory` is not a size such as "512MiB" or "1GB"
          note: the units are `B`, `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024), `kB`, `MB`, `GB` and `TB` (powers of 1000)
        11:25-27 E0110 `limits.tool-processes` cannot be less than 0, but is -1
        14:17-18 E0103 `min-isolation` should be one of `t0`, `t1`, `t2`, `t3`, but is the number 1
        "#,
    );
}
