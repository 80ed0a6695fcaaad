//! Shards of a cargo workspace: each sees the packages that it tests and what they depend on.
//!
//! Cargo loads the manifest of every member before it does anything, and does not load one whose
//! sources are missing. So the packages are laid out once more in the scratch folder, with
//! manifests that name their targets, and each shard sees a part of that: all manifests, and the
//! sources of some packages. All shards start in one place, so they can share a build folder.

use std::collections::{BTreeMap, BTreeSet};

use belljar_sdk::{Cx, Inputs, OutputError, Outputs, StepError};
use toml::Table;

use super::cover;
use super::manifest::{Needs, Package, members, moved_settings, patches};
use crate::Config;
use crate::config::join;
use crate::shard::{Selection, Shard, below, chosen, groups, literal};

/// Where the packages are laid out.
const LAID_OUT: &str = ".scratch/cargo";

/// The project as cargo sees it.
struct Project {
    /// The folder of the workspace's manifest.
    root: String,
    root_manifest: Table,
    /// The packages by folder, members or not.
    packages: BTreeMap<String, Package>,
    /// Names of the members, which can be tested.
    members: Vec<String>,
    /// All files of the packages.
    files: BTreeSet<String>,
}

/// A shard for each group of packages.
///
/// # Errors
/// When there is no manifest, or a package is asked for that there is not.
pub(crate) fn shards(config: &Config, cx: &Cx) -> Result<Vec<Shard>, StepError> {
    let project = Project::read(config, &cx.inputs())?;
    let names: Vec<&str> = project.members.iter().map(String::as_str).collect();
    let groups = groups(config, chosen(config, &names)?);
    let shared = project.lay_out(config, cx)?;
    let folders: BTreeSet<String> = project.packages.keys().cloned().collect();
    let needs = project.graph(Needs::Build);
    let to_test = project.graph(Needs::Test);
    let mut shards = Vec::new();
    for (label, names) in groups {
        let tested = project.packages.values().filter(|package| names.contains(&package.name));
        let tested: Vec<&String> = tested.map(|package| &package.folder).collect();
        let direct = tested.iter().flat_map(|folder| to_test.get(*folder).into_iter().flatten());
        let start: Vec<String> = tested.iter().copied().chain(direct).cloned().collect();
        let patched = patches(&project.root, &project.root_manifest);
        let seen = cover::reachable(start.into_iter().chain(patched), &needs);
        let mut reads = below(LAID_OUT, &cover::patterns(&seen, &project.files, &folders));
        reads.extend(shared.clone());
        let target = join("{workspace}", &join(&project.root, "target"));
        shards.push(Shard {
            label,
            selection: Selection::Packages(names),
            reads,
            cwd: join(LAID_OUT, &project.root),
            env: vec![("CARGO_TARGET_DIR".to_owned(), target)],
        });
    }
    Ok(shards)
}

impl Project {
    fn read(config: &Config, inputs: &Inputs) -> Result<Self, StepError> {
        let root = config.place("");
        let path = join(&root, "Cargo.toml");
        let root_manifest = match inputs.read_text(&path) {
            Ok(text) => parse(&path, &text)?,
            Err(error) => {
                let problem = format!("is no folder of a cargo workspace: {error}");
                return Err(StepError::invalid_config("/cwd", problem));
            }
        };
        let (patterns, except) = members(&root, &root_manifest);
        let manifest = |folder: &String| join(folder, "Cargo.toml");
        let patterns: Vec<String> = patterns.iter().map(manifest).collect();
        let found = inputs.glob_except(&patterns, &except);
        let mut left: Vec<String> = vec![root.clone()];
        left.extend(found.iter().map(|found| folder_of(&found.path)));
        left.extend(patches(&root, &root_manifest));
        let declared: BTreeSet<String> = left.iter().cloned().collect();
        let mut packages = BTreeMap::new();
        while let Some(folder) = left.pop() {
            let path = join(&folder, "Cargo.toml");
            if packages.contains_key(&folder) {
                continue;
            }
            // A manifest that is not there is cargo's to complain about.
            let Ok(text) = inputs.read_text(&path) else { continue };
            let Some(package) = Package::of(&folder, &parse(&path, &text)?) else { continue };
            left.extend(package.needs((&root, &root_manifest), Needs::Test));
            packages.insert(folder, package);
        }
        let is_excluded = |folder: &str| except.iter().any(|out| is_within(folder, out));
        let is_member = |folder: &String| {
            declared.contains(folder) || (is_within(folder, &root) && !is_excluded(folder))
        };
        let is_workspace = root_manifest.contains_key("workspace");
        let members = packages.values().filter(|package| {
            if is_workspace { is_member(&package.folder) } else { package.folder == root }
        });
        let members = members.map(|package| package.name.clone()).collect();
        let own: Vec<String> = packages.keys().map(|folder| literal_below(folder)).collect();
        let files = inputs.glob_except(&own, &[join(&root, ".cargo/**"), "**/.git/**".to_owned()]);
        let files = files.into_iter().map(|found| found.path).collect();
        Ok(Self { root, root_manifest, packages, members, files })
    }

    /// What each package needs, by folder.
    fn graph(&self, needs: Needs) -> BTreeMap<String, BTreeSet<String>> {
        let root = (self.root.as_str(), &self.root_manifest);
        let needs = |package: &Package| (package.folder.clone(), package.needs(root, needs));
        self.packages.values().map(needs).collect()
    }

    /// Lays the packages out, and returns patterns of what every shard sees.
    fn lay_out(&self, config: &Config, cx: &Cx) -> Result<Vec<String>, StepError> {
        let (inputs, outputs) = (cx.inputs(), cx.outputs());
        let mut files = self.files.clone();
        let extra = config.reads.clone().unwrap_or_default();
        files.extend(inputs.glob(&extra).into_iter().map(|found| found.path));
        let mut shared = Vec::new();
        let beside =
            ["Cargo.lock", "rust-toolchain", "rust-toolchain.toml", ".config/nextest.toml"];
        for path in beside.map(|name| join(&self.root, name)) {
            if inputs.stat(&path).is_ok() {
                shared.push(path.clone());
                files.insert(path);
            }
        }
        let manifests: BTreeSet<String> = self
            .packages
            .keys()
            .chain([&self.root])
            .map(|folder| join(folder, "Cargo.toml"))
            .collect();
        let (settings, elsewhere) = self.settings(&inputs, &outputs)?;
        let stays = |path: &String| elsewhere.iter().any(|place| is_within(path, place));
        files.retain(|path| !stays(path));
        for path in files.difference(&manifests) {
            copy(&outputs, path)?;
        }
        for path in &manifests {
            let manifest = match self.packages.get(&folder_of(path)) {
                Some(package) => {
                    let has = |name: &str| self.files.contains(&join(&package.folder, name));
                    package.without_sources(&has)
                }
                None => self.root_manifest.clone(),
            };
            outputs.write(&join(LAID_OUT, path), manifest.to_string())?;
        }
        shared.extend(manifests);
        let mut patterns = below(LAID_OUT, &extra);
        patterns.extend(shared.iter().map(|path| join(LAID_OUT, &literal(path))));
        patterns.extend(settings);
        Ok(patterns)
    }

    /// Cargo's own settings. It finds those at the workspace root from where it starts; those
    /// of the project's folder are moved, with paths that lead to the same place.
    ///
    /// Returns patterns of what every shard sees of them, and the places that are not laid out
    /// because cargo finds them where they are.
    fn settings(
        &self,
        inputs: &Inputs,
        outputs: &Outputs,
    ) -> Result<(Vec<String>, BTreeSet<String>), StepError> {
        let (mut patterns, mut elsewhere) = (Vec::new(), BTreeSet::new());
        for folder in BTreeSet::from(["", self.root.as_str()]) {
            for name in [".cargo/config.toml", ".cargo/config"] {
                let path = join(folder, name);
                let Ok(text) = inputs.read_text(&path) else { continue };
                let depth = LAID_OUT.split('/').chain(folder.split('/').filter(|s| !s.is_empty()));
                let up = vec![".."; depth.count()].join("/");
                let (moved, folders) = moved_settings(&parse(&path, &text)?, folder, &up);
                patterns.extend(folders.iter().map(|folder| literal_below(folder)));
                elsewhere.extend(folders);
                elsewhere.insert(path.clone());
                if folder.is_empty() {
                    patterns.push(path);
                } else {
                    let place = join(LAID_OUT, &path);
                    outputs.write(&place, moved.to_string())?;
                    patterns.push(literal(&place));
                }
            }
        }
        Ok((patterns, elsewhere))
    }
}

/// Lays out one file. A link that leads to no file is left out.
fn copy(outputs: &Outputs, path: &str) -> Result<(), StepError> {
    match outputs.copy_input(path, &join(LAID_OUT, path)) {
        Ok(_) | Err(OutputError { problem: belljar_sdk::OutError::NoInput, .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn parse(path: &str, text: &str) -> Result<Table, StepError> {
    text.parse::<Table>().map_err(|error| {
        let error = error.to_string();
        StepError::failed("bad-manifest", format!("`{path}` cannot be read: {}", error.trim_end()))
    })
}

fn folder_of(path: &str) -> String {
    path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()
}

fn literal_below(folder: &str) -> String {
    join(&literal(folder), "**")
}

fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
