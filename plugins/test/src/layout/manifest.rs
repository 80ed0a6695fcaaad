//! Cargo manifests: what a package is called, what it needs, and a form of it that cargo can
//! load when the package's sources are not there.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::config::join;
use crate::place::normal;

/// A package of the project.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its folder, from the workspace root.
    pub(crate) folder: String,
    /// Its manifest.
    pub(crate) manifest: Table,
}

/// Which dependencies are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// What it takes to build it.
    Build,
    /// What it takes to test it.
    Test,
}

impl Package {
    /// The package of a manifest; `None` if it has none.
    pub(crate) fn of(folder: &str, manifest: &Table) -> Option<Self> {
        let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
        Some(Self { name, folder: folder.to_owned(), manifest: manifest.clone() })
    }

    /// The folders of the packages that it needs by path. `root` is the manifest of the
    /// workspace, and the folder that it is in.
    pub(crate) fn needs(&self, root: (&str, &Table), needs: Needs) -> BTreeSet<String> {
        let mut tables = vec![&self.manifest];
        let platforms = self.manifest.get("target").and_then(Value::as_table);
        tables.extend(platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table));
        let mut keys = vec!["dependencies", "build-dependencies", "build_dependencies"];
        if needs == Needs::Test {
            keys.extend(["dev-dependencies", "dev_dependencies"]);
        }
        let shared = root.1.get("workspace").and_then(|table| table.get("dependencies"));
        let mut folders = BTreeSet::new();
        for (name, value) in tables.iter().flat_map(|table| entries(table, &keys)) {
            let is_shared = value.get("workspace").and_then(Value::as_bool) == Some(true);
            let (from, value) = match shared.and_then(|shared| shared.get(name)) {
                Some(shared) if is_shared => (root.0, shared),
                _ => (self.folder.as_str(), value),
            };
            let path = value.get("path").and_then(Value::as_str);
            folders.extend(path.and_then(|path| normal(from, path)));
        }
        folders.remove(&self.folder);
        folders
    }

    /// The manifest with every target that cargo would look for named by its path: then cargo
    /// loads it whether the files are there or not. `has` says whether a file of the package
    /// exists.
    pub(crate) fn without_sources(&self, has: &dyn Fn(&str) -> bool) -> Table {
        let mut manifest = self.manifest.clone();
        if has("src/lib.rs") {
            let lib = manifest.entry("lib").or_insert_with(|| Value::Table(Table::new()));
            set_path(lib, "src/lib.rs");
        }
        for (key, folder) in
            [("bin", "src/bin"), ("test", "tests"), ("example", "examples"), ("bench", "benches")]
        {
            for item in manifest.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
                self.name_path(item, folder, has);
            }
        }
        let Some(package) = manifest.get_mut("package").and_then(Value::as_table_mut) else {
            return manifest;
        };
        // Only `cargo run` asks for it, and a binary that cargo finds by itself may be missing.
        package.remove("default-run");
        if package.contains_key("links") && !package.contains_key("build") && has("build.rs") {
            package.insert("build".to_owned(), Value::String("build.rs".to_owned()));
        }
        if !manifest.contains_key("lib") && !manifest.contains_key("bin") {
            self.add_binary(&mut manifest, has);
        }
        manifest
    }

    fn name_path(&self, item: &mut Value, folder: &str, has: &dyn Fn(&str) -> bool) {
        let Some(name) = item.get("name").and_then(Value::as_str) else { return };
        let mut places = vec![format!("{folder}/{name}.rs"), format!("{folder}/{name}/main.rs")];
        if folder == "src/bin" && name == self.name {
            places.push("src/main.rs".to_owned());
        }
        if let Some(place) = places.into_iter().find(|place| has(place)) {
            set_path(item, &place);
        }
    }

    /// A package without a library needs one binary that is named in its manifest.
    fn add_binary(&self, manifest: &mut Table, has: &dyn Fn(&str) -> bool) {
        if !has("src/main.rs") {
            return;
        }
        let mut binary = Table::new();
        binary.insert("name".to_owned(), Value::String(self.name.clone()));
        binary.insert("path".to_owned(), Value::String("src/main.rs".to_owned()));
        manifest.insert("bin".to_owned(), Value::Array(vec![Value::Table(binary)]));
        if let Some(package) = manifest.get_mut("package").and_then(Value::as_table_mut) {
            // Before edition 2018 a named binary keeps cargo from looking for others.
            package.entry("autobins").or_insert(Value::Boolean(true));
        }
    }
}

/// The folders of path dependencies that a workspace puts in place of others.
pub(crate) fn patches(folder: &str, manifest: &Table) -> BTreeSet<String> {
    let sources = manifest.get("patch").and_then(Value::as_table);
    let tables = sources.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let replaced = manifest.get("replace").and_then(Value::as_table);
    let values = tables.chain(replaced).flat_map(Table::values);
    values.filter_map(|value| normal(folder, value.get("path")?.as_str()?)).collect()
}

/// The patterns of a workspace's members and of what is none, from the workspace root.
pub(crate) fn members(folder: &str, manifest: &Table) -> (Vec<String>, Vec<String>) {
    let list = |key: &str| -> Vec<String> {
        let list = manifest.get("workspace").and_then(|table| table.get(key));
        let items = list.and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| normal(folder, item.as_str()?)).collect()
    };
    (list("members"), list("exclude"))
}

/// A configuration of cargo whose paths count from another folder, and the folders that they
/// lead to, from the workspace root. `folder` is where it stood, `up` leads from its new place
/// to the workspace root.
pub(crate) fn moved_settings(
    settings: &Table,
    folder: &str,
    up: &str,
) -> (Table, BTreeSet<String>) {
    let (mut moved, mut folders) = (settings.clone(), BTreeSet::new());
    let sources = moved.get_mut("source").and_then(Value::as_table_mut);
    for (_, source) in sources.into_iter().flat_map(Table::iter_mut) {
        for key in ["directory", "local-registry"] {
            let Some(Value::String(path)) = source.get_mut(key) else { continue };
            if let Some(place) = normal(folder, path).filter(|_| !path.starts_with('/')) {
                *path = join(up, &place);
                folders.insert(place);
            }
        }
    }
    (moved, folders)
}

fn entries<'a>(table: &'a Table, keys: &[&str]) -> Vec<(&'a String, &'a Value)> {
    let tables = keys.iter().filter_map(|key| table.get(*key)?.as_table());
    tables.flat_map(Table::iter).collect()
}

fn set_path(item: &mut Value, path: &str) {
    if let Some(table) = item.as_table_mut() {
        table.entry("path").or_insert_with(|| Value::String(path.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &str, text: &str) -> Package {
        Package::of(folder, &text.parse().unwrap()).unwrap()
    }

    #[test]
    fn path_dependencies_are_found_wherever_they_are_declared() {
        let root: Table = "[workspace.dependencies]\ne = { path = \"libs/e\" }".parse().unwrap();
        let package = package(
            "libs/a",
            "[package]\nname = \"a\"\n[dependencies]\n\
            b = { path = \"../b\" }\ne = { workspace = true }\nserde = \"1\"\nme = { path = \".\" }\n\
            [dev-dependencies]\nc = { path = \"../../tools/c\" }\n\
            [target.'cfg(unix)'.build-dependencies]\nd = { path = \"d\" }\n",
        );
        let needs = |needs| package.needs(("", &root), needs).into_iter().collect::<Vec<_>>();
        assert_eq!(needs(Needs::Build), ["libs/a/d", "libs/b", "libs/e"]);
        assert_eq!(needs(Needs::Test), ["libs/a/d", "libs/b", "libs/e", "tools/c"]);
    }

    #[test]
    fn a_manifest_names_what_cargo_would_look_for() {
        let check = |text: &str, files: &[&str], expected: &str| {
            let package = package("p", &format!("[package]\nname = \"p\"\n{text}"));
            let mut expected: Table =
                format!("[package]\nname = \"p\"\n{expected}").parse().unwrap();
            let found = package.without_sources(&|path| files.contains(&path));
            assert_eq!(found, std::mem::take(&mut expected), "{text:?} {files:?}");
        };
        let lib = "[lib]\npath = \"src/lib.rs\"";
        check("", &["src/lib.rs", "src/main.rs"], lib);
        let main = "autobins = true\n[[bin]]\nname = \"p\"\npath = \"src/main.rs\"";
        check("default-run = \"q\"", &["src/main.rs", "src/bin/q.rs"], main);
        check("[lib]\npath = \"x.rs\"", &["x.rs", "src/main.rs"], "[lib]\npath = \"x.rs\"");
        let targets = "[[bin]]\nname = \"p\"\n[[bin]]\nname = \"q\"\n[[test]]\nname = \"t\"";
        let named = "[[bin]]\nname = \"p\"\npath = \"src/main.rs\"\n[[bin]]\nname = \"q\"\n\
            path = \"src/bin/q/main.rs\"\n[[test]]\nname = \"t\"\npath = \"tests/t.rs\"";
        check(targets, &["src/main.rs", "src/bin/q/main.rs", "tests/t.rs"], named);
        let links = format!("links = \"z\"\nbuild = \"build.rs\"\n{lib}");
        check("links = \"z\"", &["build.rs", "src/lib.rs"], &links);
    }

    #[test]
    fn a_workspace_says_its_members_and_what_it_replaces() {
        let text = "[workspace]\nmembers = [\"./crates/*\", \"xtask\"]\nexclude = [\"crates/old\"]\n\
            [patch.crates-io]\nx = { path = \"vendor/x\" }\ny = { version = \"1\" }\n";
        let manifest: Table = text.parse().unwrap();
        let (members, exclude) = members("api", &manifest);
        assert_eq!(members, ["api/crates/*", "api/xtask"]);
        assert_eq!(exclude, ["api/crates/old"]);
        assert_eq!(patches("api", &manifest).into_iter().collect::<Vec<_>>(), ["api/vendor/x"]);
    }

    #[test]
    fn paths_in_settings_lead_to_the_same_place() {
        let text =
            "[source.vendored]\ndirectory = \"vendor\"\n[source.far]\ndirectory = \"/opt/v\"\n";
        let (moved, folders) = moved_settings(&text.parse().unwrap(), "api", "../../..");
        let directory =
            |source: &str| moved["source"][source]["directory"].as_str().unwrap().to_owned();
        assert_eq!(directory("vendored"), "../../../api/vendor");
        assert_eq!(directory("far"), "/opt/v");
        assert_eq!(folders.into_iter().collect::<Vec<_>>(), ["api/vendor"]);
    }
}
