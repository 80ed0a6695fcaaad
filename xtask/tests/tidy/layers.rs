//! The architecture is a table, and this test holds it.

use crate::tree::{Text, files, report, toml};

/// The architecture of `host/`: each crate, and which of the others it may use.
/// `docs/architecture.md` shows the same table.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("disk", &["model"]),
    ("pipeline", &["model"]),
    ("report", &["model"]),
    ("store", &["model", "disk"]),
    ("workspace", &["model", "disk"]),
    ("sandbox", &["model", "disk"]),
    ("tool", &["model", "disk"]),
    ("worker", &["model"]),
    ("ledger", &["model", "disk"]),
    ("outlet", &["model", "disk"]),
    ("delivery", &["model"]),
    ("runner", &["model", "pipeline"]),
    ("cli", &ALL),
];

/// Everything that `cli`, the only crate that knows all, wires together.
const ALL: [&str; 13] = [
    "model",
    "disk",
    "pipeline",
    "report",
    "store",
    "workspace",
    "sandbox",
    "tool",
    "worker",
    "runner",
    "ledger",
    "outlet",
    "delivery",
];

/// The kinds of dependency that count. Tests count too: a test that needs an upper layer
/// belongs to the upper layer.
const KINDS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// Libraries with an effect, and the crates of `host/` that are the door to them.
const DOORS: &[(&str, &[&str])] = &[
    ("anyhow", &["cli"]),
    ("cap-std", &["disk", "tool"]),
    ("clap", &["cli"]),
    ("rusqlite", &["store"]),
    ("landlock", &["tool"]),
    ("opendal", &["outlet"]),
    ("rustix", &["disk", "tool", "worker", "cli"]),
    ("seccompiler", &["tool"]),
    ("tokio", &["sandbox", "outlet", "cli"]),
    ("ureq", &["outlet"]),
    ("wasmtime", &["sandbox"]),
    ("wasmtime-wasi", &["sandbox"]),
    ("wasmtime-wasi-io", &["sandbox"]),
];

/// The name of the crate in `host/<name>/Cargo.toml`.
fn host_crate(path: &str) -> Option<&str> {
    let name = path.strip_prefix("host/")?.strip_suffix("/Cargo.toml")?;
    (!name.contains('/')).then_some(name)
}

fn forbidden(manifest: &Text) -> Vec<String> {
    let name = host_crate(&manifest.path).expect("a manifest of host");
    let Some((_, allowed)) = MAY_USE.iter().find(|(user, _)| *user == name) else {
        return vec![format!(
            "{}: `{name}` is in no layer. A new crate must earn its place by an invariant or by \
             a second user; then give it a row here and in docs/architecture.md",
            manifest.path
        )];
    };
    let table = toml(manifest);
    let tables = KINDS.iter().filter_map(|kind| table.get(*kind)?.as_table());
    let problem = |used: &String| {
        let path = &manifest.path;
        upwards(path, name, used, allowed).or_else(|| around_the_door(path, name, used))
    };
    tables.flat_map(toml::Table::keys).filter_map(problem).collect()
}

fn upwards(path: &str, name: &str, used: &str, allowed: &[&str]) -> Option<String> {
    let used = used.strip_prefix("belljar-")?;
    // What a test says it has answered is for every layer.
    (used != "cases" && !allowed.contains(&used)).then(|| {
        format!(
            "{path}: `{name}` must not use `{used}`: see the layers in docs/architecture.md. \
             Define a port in host/model/src/ports, and let cli pass the implementation in"
        )
    })
}

fn around_the_door(path: &str, name: &str, library: &str) -> Option<String> {
    let (_, doors) = DOORS.iter().find(|(behind, _)| *behind == library)?;
    let doors_text = doors.join(" and ");
    (!doors.contains(&name)).then(|| {
        format!("{path}: `{library}` is for {doors_text} alone: ask there for what `{name}` needs")
    })
}

#[test]
fn crates_use_what_the_architecture_allows() {
    let manifests: Vec<_> =
        files().iter().filter(|file| host_crate(&file.path).is_some()).collect();
    assert_eq!(manifests.len(), MAY_USE.len(), "every crate of the table is in host/");
    report(&manifests.into_iter().flat_map(forbidden).collect::<Vec<_>>());
}

#[test]
fn an_edge_that_uses_another_is_refused() {
    let path = "host/store/Cargo.toml".to_owned();
    let text = "[dev-dependencies]\nbelljar-sandbox.workspace = true\nwasmtime = \"1\"".to_owned();
    assert_eq!(forbidden(&Text { path, text }).len(), 2);
}
