//! Shards of a Go module: each sees the packages that it tests and what they import.

use std::collections::{BTreeMap, BTreeSet};

use belljar_sdk::{Cx, StepError};

use super::cover;
use crate::Config;
use crate::config::join;
use crate::shard::{Selection, Shard, below, chosen, groups, literal};

/// A shard for each group of packages with tests. A package is named as `go test` is given it:
/// `./a/b`, or `.`.
///
/// # Errors
/// When the folder holds no module, or a package is asked for that there is not.
pub(crate) fn shards(config: &Config, cx: &Cx) -> Result<Vec<Shard>, StepError> {
    let root = config.place("");
    let find = |patterns: &[&str]| -> BTreeSet<String> {
        let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let found = cx.inputs().glob(&below(&root, &patterns));
        found.into_iter().map(|found| found.path).collect()
    };
    let is_module = |path: &&String| path.ends_with("go.mod") && !path.contains("/vendor/");
    let fixed = find(&["**/go.mod", "**/go.sum", "go.work", "go.work.sum", "vendor/**"]);
    let mut modules = BTreeMap::new();
    for path in fixed.iter().filter(is_module) {
        let text = cx.inputs().read_text(path)?;
        modules.insert(folder_of(path), module_path(&text));
    }
    let is_workspace = fixed.contains(&join(&root, "go.work"));
    if !is_workspace && !modules.contains_key(&root) {
        return Err(StepError::invalid_config("/cwd", "is no folder of a Go module: no `go.mod`"));
    }
    let files = find(&["**"]);
    let sources: Vec<&String> = files.iter().filter(|path| is_source(path, &root)).collect();
    let folders: BTreeSet<String> = sources.iter().map(|path| folder_of(path)).collect();
    let needs = imports(cx, &sources, &modules, &folders)?;
    let roots: BTreeSet<String> = modules.keys().cloned().collect();
    let is_tested = |path: &&&String| {
        let module = cover::owner(path, &roots);
        path.ends_with("_test.go") && (is_workspace || module == Some(root.as_str()))
    };
    let tested: BTreeSet<String> =
        sources.iter().filter(is_tested).map(|path| named(&folder_of(path), &root)).collect();
    let names: Vec<&str> = tested.iter().map(String::as_str).collect();
    let everywhere: Vec<String> = fixed.iter().map(|path| literal(path)).collect();
    let shard = |(label, names): (String, Vec<String>)| {
        let start = names.iter().map(|name| join(&root, name.trim_start_matches(['.', '/'])));
        let seen = cover::reachable(start, &needs);
        let mut shard = Shard::whole(config, label, Selection::Packages(names));
        shard.reads = cover::patterns(&seen, &files, &folders);
        shard.reads.extend(everywhere.iter().chain(config.reads.iter().flatten()).cloned());
        shard
    };
    Ok(groups(config, chosen(config, &names)?).into_iter().map(shard).collect())
}

/// The folders that the sources of each folder import from.
fn imports(
    cx: &Cx,
    sources: &[&String],
    modules: &BTreeMap<String, String>,
    folders: &BTreeSet<String>,
) -> Result<BTreeMap<String, BTreeSet<String>>, StepError> {
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources {
        let text = cx.inputs().read_text(path)?;
        for import in imported(&text) {
            let of = |(folder, module): (&String, &String)| {
                let rest = import.strip_prefix(module.as_str())?;
                let is_below = rest.is_empty() || rest.starts_with('/');
                is_below.then(|| join(folder, rest.trim_start_matches('/')))
            };
            let found = modules.iter().filter_map(of).filter(|folder| folders.contains(folder));
            needs.entry(folder_of(path)).or_default().extend(found);
        }
    }
    Ok(needs)
}

/// What `go test` calls the package in a folder.
fn named(folder: &str, root: &str) -> String {
    match folder.strip_prefix(root).unwrap_or(folder).trim_start_matches('/') {
        "" => ".".to_owned(),
        rest => format!("./{rest}"),
    }
}

/// Whether a file is a source of a package: not below `vendor` or `testdata`, nor in a folder
/// that go ignores.
fn is_source(path: &str, root: &str) -> bool {
    let own = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/');
    let ignored =
        |part: &str| matches!(part, "vendor" | "testdata") || part.starts_with(['_', '.']);
    own.strip_suffix(".go").is_some() && !own.split('/').any(ignored)
}

fn folder_of(path: &str) -> String {
    path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()
}

/// `module example.org/m` → `example.org/m`
fn module_path(text: &str) -> String {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("module "));
    line.unwrap_or_default().trim().trim_matches('"').to_owned()
}

/// The paths that a source imports. What follows the imports is not looked at.
fn imported(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_open = false;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("import") {
            is_open = rest.trim_start().starts_with('(');
            found.extend(quoted(rest));
        } else if is_open {
            is_open = !line.starts_with(')');
            found.extend(quoted(line));
        } else if ["func ", "type ", "var ", "const "].iter().any(|word| line.starts_with(word)) {
            break;
        }
    }
    found
}

fn quoted(text: &str) -> Option<&str> {
    let code = text.trim_start();
    if code.starts_with("//") {
        return None;
    }
    let mut parts = code.split(['"', '`']);
    parts.next()?;
    parts.next().filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found_in_every_form() {
        let text = "package a // import \"x\"\n\nimport \"fmt\"\nimport m \"example.org/m/b\"\n\
            import (\n\t\"os\"\n\t// \"no\"\n\t. `example.org/m/c`\n\t_ \"d\" // side effects\n)\n\
            func f() { g(`import \"no\"`) }\nimport \"no\"\n";
        assert_eq!(imported(text), ["fmt", "example.org/m/b", "os", "example.org/m/c", "d"]);
        assert_eq!(module_path("// x\nmodule example.org/m\n\ngo 1.22\n"), "example.org/m");
    }

    #[test]
    fn packages_are_named_as_go_is_given_them() {
        assert_eq!(
            (named("api", "api"), named("api/a/b", "api")),
            (".".to_owned(), "./a/b".to_owned())
        );
        assert!(is_source("api/a/x.go", "api") && !is_source("api/a/testdata/x.go", "api"));
        assert!(!is_source("vendor/x/x.go", "") && !is_source("a/x.rs", ""));
    }
}
