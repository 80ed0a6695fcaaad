//! What every manifest must say.

use crate::tree::{Text, file, files, report, toml};

/// The most features that a crate may have. Each must only add.
const MAX_FEATURES: usize = 2;

fn problems(manifest: &Text) -> Vec<String> {
    let path = &manifest.path;
    let table = toml(manifest);
    let mut found = Vec::new();
    let inherits = table.get("lints").and_then(|lints| lints.get("workspace"));
    if inherits.and_then(toml::Value::as_bool) != Some(true) {
        found.push(format!("{path}: add `[lints] workspace = true`, or no lint looks at it"));
    }
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        let value = table.get("package").and_then(|package| package.get(key)?.get("workspace"));
        if value.is_none() {
            found.push(format!("{path}: add `{key}.workspace = true`: one place decides it"));
        }
    }
    let features =
        table.get("features").and_then(toml::Value::as_table).map_or(0, toml::Table::len);
    if features > MAX_FEATURES {
        found.push(format!(
            "{path} has {features} features: every one doubles what must be tested; {MAX_FEATURES} \
             at most"
        ));
    }
    found.extend(misnamed(path, &table));
    found
}

/// A host crate is named after its folder, so that either leads to the other.
fn misnamed(path: &str, table: &toml::Table) -> Option<String> {
    let folder = path.strip_prefix("host/")?.strip_suffix("/Cargo.toml")?;
    if folder.contains("/tests/") {
        return None; // a guest of a crate's own tests
    }
    let name = table.get("package")?.get("name")?.as_str()?;
    (name != format!("belljar-{folder}"))
        .then(|| format!("{path}: the package of host/{folder} is `belljar-{folder}`"))
}

fn members() -> Vec<String> {
    let root = toml(file("Cargo.toml"));
    let members = root["workspace"]["members"].as_array().expect("members is a list");
    members.iter().filter_map(|member| Some(member.as_str()?.to_owned())).collect()
}

#[test]
fn every_crate_inherits_what_the_workspace_decides() {
    let manifests = members().into_iter().map(|member| file(&format!("{member}/Cargo.toml")));
    report(&manifests.flat_map(problems).collect::<Vec<_>>());
}

#[test]
fn every_manifest_is_a_member() {
    let members = members();
    // Examples and templates are other people's projects, and the programs of `fuzz` are compiled
    // with counters: they stand alone.
    let ours = |path: &str| {
        path != "fuzz" && !path.starts_with("examples/") && !path.contains("/fixtures/")
    };
    let manifests = files().iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    let forgotten = manifests.filter(|folder| ours(folder) && !members.iter().any(|m| m == folder));
    let problem =
        |folder| format!("{folder}/Cargo.toml: add `{folder}` to the workspace's members");
    report(&forgotten.map(problem).collect::<Vec<_>>());
}

#[test]
fn a_manifest_that_stands_alone_is_refused() {
    let text = "[package]\nname = \"belljar-x\"\nversion = \"1.0.0\"".to_owned();
    let problems = problems(&Text { path: "host/y/Cargo.toml".to_owned(), text });
    assert_eq!(problems.len(), 7, "{problems:?}");
}
