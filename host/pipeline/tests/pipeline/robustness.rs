//! Whatever a file holds, it is either a pipeline or a list of mistakes in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use belljar_model::diagnostic::Level;
use belljar_model::{Capability, Diagnostic};
use belljar_pipeline::{GrantAt, Parsed, StepGraph, parse};
use proptest::prelude::*;
use proptest::sample::select;

use crate::workspace::{MemoryFiles, parse_text};

/// A file that uses everything there is.
const FULL: &str = r#"schema = 1
include = ["ci.toml"]

[vars]
tag = "größe"

[plugins]
lint = "builtin:lint"
pack = { path = "tools/pack" }

[tools]
node = "node"

[tools.cargo]
path = "~/.cargo/bin/cargo"
closure = ["~/.cargo/registry", "/opt/${vars.tag}/"]
uses = ["node"]
env = { CARGO_TERM_COLOR = "never", TAG = "${vars.tag}" }
version = ["--version"]
identity = ["rust-toolchain.toml"]

[tools.md]
wasm = "tools/md.wasm"

[template.base]
uses = "lint"
inputs = ["src/**", "!src/x"]
with = { rules = { a = "error", b = [1, 2.5, true] }, "k/~" = "${vars.tag}" }
limits = { memory = "1GiB", findings = 10 }

[step.lint]
doc = "Check ${member.name} – ${vars.tag} $${no}"
extends = ["base"]
for-each = "packages/*"
outputs = ["${member}/dist/**"]
timeout = "1m 30s"

[step.test]
uses = "pack"
for-each = ["packages/*"]
matrix = { mode = ["fast", "small"], os = [1, 2] }
needs = ["${member.name}:lint"]
grants.env = ["CI", "HOME"]
grants.tools = ["cargo", "md"]
grants.network = ["[::1]:80"]
grants.state = { target = "${member}/target" }
min-isolation = "t2"
limits.tool-memory = "4GiB"
retries = 2

[step.all]
uses = "pack"
needs = ["test[fast,1]", "web:test"]
inputs = ["packages/web/dist/x"]
"#;

/// Pieces of which the soup is made: what the parsers look for.
const PIECES: &[&str] = &[
    "[step.a]\n",
    "[step.b]\n",
    "[template.t]\n",
    "[plugins]\n",
    "[vars]\n",
    "[[step.a]]\n",
    "uses = 'p'\n",
    "p = 'builtin:p'\n",
    "extends = 't'\n",
    "needs = ['a', 'b']\n",
    "needs = ['b[1]']\n",
    "inputs = ['${member}/*']\n",
    "outputs = ['x', '!x/y']\n",
    "outputs = ['*']\n",
    "for-each = 'packages/*'\n",
    "for-each = 'ä/*'\n",
    "matrix = { m = [1, 2] }\n",
    "matrix.n = []\n",
    "with = { a = { b = [1] } }\n",
    "with.a.b = '${vars.x}'\n",
    "x = '$${ ${'\n",
    "timeout = '0s'\n",
    "limits.memory = '1GiB'\n",
    "grants.env = ['A']\n",
    "grants.tools = ['t']\n",
    "grants.state = { s = '${member}/s' }\n",
    "grants.network = ['a:1']\n",
    "min-isolation = 't1'\n",
    "[tools]\n",
    "[tools.t]\n",
    "path = 'x'\n",
    "wasm = 'x'\n",
    "closure = ['~/x']\n",
    "include = ['ci.toml']\n",
    "include = ['*.toml']\n",
    "schema = 1\n",
    "schema = 9\n",
    "=",
    "\n",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "\"\"\"",
    ".",
    ",",
    "#",
    "\\u00e4",
    "ä",
    "\u{feff}",
    "\0",
    "\r",
    "1e400",
    "nan",
];

/// Keys and values of a step, each valid as TOML.
const FIELDS: &[(&str, &str)] = &[
    ("uses", "'q'"),
    ("extends", "'t'"),
    ("extends", "['t', 't']"),
    ("needs", "['a']"),
    ("needs", "['b']"),
    ("needs", "['${member.name}:b[${matrix.m}]', 'web:b']"),
    ("needs", "['a[1]', ':b', '', '[', 'x:']"),
    ("inputs", "['**', '!x/**', '${vars.v}/*']"),
    ("inputs", "['${member}/dist/x', 'x/y']"),
    ("outputs", "['${member}/dist/**']"),
    ("outputs", "['x/', 'x/${matrix.m}/*.{a,b}']"),
    ("outputs", "['${matrix.m}', '[ab]/*', '']"),
    ("for-each", "'packages/*'"),
    ("for-each", "['packages/web', '{packages}/*', 'nowhere/*']"),
    ("matrix", "{ m = ['ä', 1, true] }"),
    ("matrix", "{ m = [1, 2], n = ['$', ' '] }"),
    ("matrix", "{ m = [] }"),
    ("with", "{ a = { b = [1, 'ä${vars.v}$${'] } }"),
    ("with", "{ a = 1979-05-27, b = nan, '${' = '${' }"),
    ("doc", "\"\\u0024{vars.w}${vars.v}ä${\""),
    ("timeout", "'0s'"),
    ("limits", "{ memory = '1GiB', findings = -1 }"),
    ("grants", "{ env = ['A', 'A', ''], net = 1 }"),
    ("grants", "{ tools = ['t', 't', 'u', ''], state = { s = '${member}', r = 'x', q = 'x/y' } }"),
    ("grants", "{ network = ['a:1', '[::1]:1', 'ä:1', ':', '[', '*:0'] }"),
    ("min-isolation", "'t3'"),
    ("min-isolation", "'T9'"),
    ("retries", "101"),
    ("'odd key'", "1"),
];

/// Parses a text as the main file of a small workspace.
fn parse_main(text: &str) -> Parsed {
    let files = MemoryFiles::new(&[
        ("belljar.toml", text),
        ("ci.toml", "[step.ci]\nuses = 'lint'\n"),
        ("packages/api/a", ""),
        ("packages/web/a", ""),
    ]);
    parse("belljar.toml", &files)
}

/// Checks what holds for every file.
fn check_sound(parsed: &Parsed) {
    let Parsed { pipeline, diagnostics, sources } = parsed;
    let any_error = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    assert_eq!(pipeline.is_none(), any_error, "{diagnostics:?}");
    for diagnostic in diagnostics {
        assert!(!diagnostic.labels.is_empty(), "{diagnostic:?}");
        for label in &diagnostic.labels {
            let text = sources.text(&label.file);
            let text = text.unwrap_or_else(|| panic!("{diagnostic:?} is in a file nobody read"));
            assert!(text.get(label.span.clone()).is_some(), "{diagnostic:?} is not in its file");
        }
    }
    let Some(pipeline) = pipeline else { return };
    let graph = StepGraph::from(pipeline);
    for (at, step) in pipeline.steps.iter().enumerate() {
        assert_eq!(graph.needs[at].len(), step.needs.len(), "`{}` needs what exists", step.name);
        assert!(graph.needs[at].iter().all(|need| *need < at), "`{}` comes too early", step.name);
        assert!(pipeline.plugins.contains_key(&step.uses), "`{}` uses what exists", step.name);
        for GrantAt { grant, at } in &step.grants {
            let known = pipeline.tools.contains_key(&grant.resource);
            assert!(known || grant.capability != Capability::Tool, "{grant} of `{}`", step.name);
            assert!(sources.text(&at.file).unwrap().get(at.span.clone()).is_some(), "{grant}");
        }
        let text = sources.text(&step.at.file).unwrap();
        assert!(text.get(step.at.span.clone()).is_some(), "`{}` is not in its file", step.name);
    }
}

#[test]
fn the_full_file_is_a_pipeline() {
    let parsed = parse_main(FULL);
    assert_eq!(parsed.diagnostics, []);
    check_sound(&parsed);
    assert_eq!(parsed.pipeline.unwrap().steps.len(), 2 + 8 + 1 + 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_text_is_a_pipeline_or_a_list_of_mistakes(text in any::<String>()) {
        check_sound(&parse_main(&text));
    }

    #[test]
    fn so_is_any_soup_of_what_files_are_made_of(
        pieces in prop::collection::vec(select(PIECES), 0..24),
    ) {
        check_sound(&parse_main(&pieces.concat()));
    }

    #[test]
    fn so_is_a_file_from_which_a_part_is_cut(start in 0..FULL.len(), length in 1_usize..80) {
        let end = FULL.len().min(start + length);
        let bytes = [&FULL.as_bytes()[..start], &FULL.as_bytes()[end..]].concat();
        check_sound(&parse_main(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn so_is_a_file_in_which_a_part_is_doubled(start in 0..FULL.len(), length in 1_usize..80) {
        let end = FULL.len().min(start + length);
        let bytes = [&FULL.as_bytes()[..end], &FULL.as_bytes()[start..]].concat();
        check_sound(&parse_main(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn so_is_any_combination_of_fields(
        (a, b, template) in (fields(), fields(), fields()),
        order in Just(["step.a", "step.b", "template.t"]).prop_shuffle(),
    ) {
        let mut text = "plugins.p = 'builtin:p'\nvars.v = 'v'\ntools.t = 't'\n".to_owned();
        for (header, fields) in order.iter().zip([a, b, template]) {
            writeln!(text, "[{header}]").unwrap();
            for (key, value) in fields {
                writeln!(text, "{key} = {value}").unwrap();
            }
        }
        let parsed = parse_main(&text);
        prop_assert!(parsed.diagnostics.iter().all(|found| found.code.as_str() != "E0101"));
        check_sound(&parsed);
    }
}

/// Fields of a step, each at most once. Most are right, `uses` more often than not.
fn fields() -> impl Strategy<Value = BTreeMap<&'static str, &'static str>> {
    prop::collection::vec(select(FIELDS), 0..5)
        .prop_map(|chosen| std::iter::once(("uses", "'p'")).chain(chosen).collect())
}

#[test]
fn nesting_without_end_is_a_mistake_and_no_crash() {
    for text in [
        format!("with = {}", "[".repeat(100_000)),
        format!("with = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("with = {}", "{ a = ".repeat(50_000)),
        format!("with.a{} = 1", ".a".repeat(50_000)),
        format!("[step.a.with{}]", ".a".repeat(50_000)),
    ] {
        let parsed = parse_text(&text);
        check_sound(&parsed);
        assert!(parsed.pipeline.is_none());
    }
}

#[test]
fn three_thousand_steps_are_parsed_with_all_their_edges() {
    let mut text = "plugins.p = 'builtin:p'\n".to_owned();
    for at in 0..3_000_usize {
        let needs = match at {
            0 => String::new(),
            _ => format!("'step-{}', 'step-{}'", at - 1, at / 2),
        };
        let outputs = format!("outputs = ['dist/{at}/**']\ninputs = ['src/{at}/**']");
        writeln!(text, "[step.step-{at}]\nuses = 'p'\nneeds = [{needs}]\n{outputs}").unwrap();
    }
    let parsed = parse_text(&text);
    check_sound(&parsed);
    let graph = StepGraph::from(&parsed.pipeline.unwrap());
    assert_eq!(graph.levels().last(), Some(&2_999));
    // The first needs nothing, the second and third need one step, all others two.
    assert_eq!(graph.needs.iter().map(Vec::len).sum::<usize>(), 2 * 3_000 - 4);
}

#[test]
fn a_name_mistaken_three_thousand_times_is_found_each_time() {
    let mut text = "plugins.p = 'builtin:p'\n".to_owned();
    for at in 0..3_000 {
        writeln!(text, "[step.step-{at}]\nuses = 'p'\nneeds = ['stpe-0']").unwrap();
    }
    let parsed = parse_text(&text);
    check_sound(&parsed);
    assert_eq!(parsed.diagnostics.len(), 3_000);
    let help = |diagnostic: &Diagnostic| diagnostic.help.clone();
    let helps: BTreeSet<_> = parsed.diagnostics.iter().map(help).collect();
    assert_eq!(helps, BTreeSet::from([Some("did you mean `step-0`?".to_owned())]));
}
