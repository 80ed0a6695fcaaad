//! What `plugin inspect` says of imports, against what a program of others reads in the binary.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::TestWorkspace;
use crate::native_examples::{installed, run};

/// Interface -> functions, without those of which only types are used.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// Components that are refused when they are loaded, so that there is nothing to inspect.
const REFUSED: [&str; 1] = ["opens_a_socket"];

fn components(variable: &str) -> Vec<PathBuf> {
    let folder = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set"));
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let stem = |path: &PathBuf| path.file_stem().and_then(OsStr::to_str).unwrap().to_owned();
    let mut found: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        // Cargo keeps each under a second name, with a hash.
        .filter(|path| !stem(path).contains('-'))
        .filter(|path| !REFUSED.contains(&stem(path).as_str()))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{variable} holds components");
    found
}

/// What the other program reads.
fn read_by_others(files: &[PathBuf]) -> BTreeMap<String, Imports> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/imports");
    let folder = installed("imports", &own.join("package-lock.json"), |folder| {
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(own.join(file), folder.join(file)).unwrap();
        }
        let mend = "install Node.js 20 or later with npm (nodejs, npm)";
        // Not `ci`: some versions of npm miss packages for other systems in a lock file that others
        // wrote. What is in the lock file is installed as it says, by its hash.
        let mut npm = Command::new("npm");
        run(npm.args(["install", "--ignore-scripts", "--no-audit"]).current_dir(folder), mend);
    });
    std::fs::copy(own.join("imports.mjs"), folder.join("imports.mjs")).unwrap();
    let output = Command::new("node").arg("imports.mjs").args(files).current_dir(&folder).output();
    let output = output.expect("Node.js can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: BTreeMap<String, Imports> = serde_json::from_slice(&output.stdout).unwrap();
    all.into_iter().map(|(file, imports)| (file, with_functions(imports))).collect()
}

fn with_functions(imports: Imports) -> Imports {
    imports.into_iter().filter(|(_, functions)| !functions.is_empty()).collect()
}

fn inspected(workspace: &TestWorkspace, file: &Path) -> Imports {
    let answer =
        workspace.run([OsStr::new("plugin"), "inspect".as_ref(), file.as_ref(), "--json".as_ref()]);
    let answer = answer.exits(0).json();
    let import = |import: &Value| {
        let functions = import["functions"].as_array().unwrap().iter();
        let functions = functions.map(|name| name.as_str().unwrap().to_owned()).collect();
        (import["interface"].as_str().unwrap().to_owned(), functions)
    };
    with_functions(answer["imports"].as_array().unwrap().iter().map(import).collect())
}

#[test]
fn what_is_inspected_is_what_another_program_reads() {
    let mut files = components("BELLJAR_BUILTINS");
    files.extend(components("BELLJAR_GUESTS"));
    let others = read_by_others(&files);
    let workspace = TestWorkspace::new();
    let mut functions = 0;
    for file in &files {
        let ours = inspected(&workspace, file);
        functions += ours.values().map(BTreeSet::len).sum::<usize>();
        assert_eq!(ours, others[file.to_str().unwrap()], "{}", file.display());
    }
    assert!(functions > 10 * files.len(), "all {} components import functions", files.len());
}
