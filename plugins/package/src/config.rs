//! What the user writes in the `with` table, and which of it is refused.

use std::collections::BTreeMap;

use belljar_sdk::{ConfigProblem, StepError};

/// What to pack, and how.
#[belljar_sdk::config]
pub struct Config {
    /// What to make.
    pub format: Format,
    /// Where to write it, from the workspace root. Declare it in the step's `outputs`, and
    /// beside it `<output>.manifest.json`.
    pub output: String,
    /// Which files go in, and where in the archive. By default all inputs, as they are.
    #[serde(default = "everything")]
    pub files: Vec<Mapping>,
    /// What a container started from the image runs. Only for the formats `oci` and `oci-dir`.
    pub oci: Option<Image>,
}

/// The kind of archive.
#[belljar_sdk::config]
#[derive(Copy, PartialEq, Eq, serde::Serialize)]
pub enum Format {
    /// A tarball, compressed with gzip.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// A tarball, compressed with Zstandard.
    #[serde(rename = "tar.zst")]
    TarZst,
    /// A zip file.
    Zip,
    /// An OCI image layout in a tarball, as container tools load it.
    Oci,
    /// An OCI image layout in a folder.
    OciDir,
}

/// Some files and their place in the archive.
#[belljar_sdk::config]
pub struct Mapping {
    /// Globs of the files, from the workspace root.
    pub from: Vec<String>,
    /// Globs of files to leave out.
    #[serde(default)]
    pub except: Vec<String>,
    /// A folder that is taken off the front of each path.
    #[serde(default)]
    pub strip: String,
    /// A folder of the archive that is put in front of each path.
    #[serde(default)]
    pub to: String,
}

/// What a container started from the image runs.
#[belljar_sdk::config]
pub struct Image {
    /// The program and its first arguments.
    #[serde(default)]
    pub entrypoint: Vec<String>,
    /// More arguments, which a user of the image may replace.
    #[serde(default)]
    pub cmd: Vec<String>,
    /// Environment variables.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The folder in which the program starts.
    #[serde(default)]
    pub working_dir: String,
    /// The user that the program runs as.
    #[serde(default)]
    pub user: String,
    /// The processor's architecture, as Go names it.
    #[serde(default = "amd64")]
    pub architecture: String,
    /// The operating system.
    #[serde(default = "linux")]
    pub os: String,
    /// A name for the image within the layout, such as `1.2.0`.
    #[serde(default)]
    pub reference: String,
}

fn everything() -> Vec<Mapping> {
    vec![Mapping {
        from: vec!["**".to_owned()],
        except: Vec::new(),
        strip: String::new(),
        to: String::new(),
    }]
}

fn amd64() -> String {
    "amd64".to_owned()
}

fn linux() -> String {
    "linux".to_owned()
}

impl Default for Image {
    fn default() -> Self {
        Self {
            entrypoint: Vec::new(),
            cmd: Vec::new(),
            env: BTreeMap::new(),
            labels: BTreeMap::new(),
            working_dir: String::new(),
            user: String::new(),
            architecture: amd64(),
            os: linux(),
            reference: String::new(),
        }
    }
}

impl Config {
    /// Returns where the manifest goes.
    pub fn manifest_path(&self) -> String {
        format!("{}.manifest.json", self.output)
    }

    /// Checks what the schema cannot say, and reports all mistakes at once.
    ///
    /// # Errors
    /// `invalid-config` with a pointer to each mistake.
    pub fn check(&self) -> Result<(), StepError> {
        let mut problems = Vec::new();
        let mut check = |pointer: String, problem: Option<&str>| {
            problems.extend(problem.map(|problem| ConfigProblem::new(pointer, problem)));
        };
        check("/output".to_owned(), file_problem(&self.output));
        check("/files".to_owned(), self.files.is_empty().then_some("names no files"));
        for (at, mapping) in self.files.iter().enumerate() {
            check(format!("/files/{at}/strip"), folder_problem(&mapping.strip));
            check(format!("/files/{at}/to"), folder_problem(&mapping.to));
            let empty = mapping.from.is_empty().then_some("names no files");
            check(format!("/files/{at}/from"), empty);
            for (index, pattern) in mapping.from.iter().enumerate() {
                check(format!("/files/{at}/from/{index}"), file_problem(pattern));
            }
            for (index, pattern) in mapping.except.iter().enumerate() {
                check(format!("/files/{at}/except/{index}"), file_problem(pattern));
            }
        }
        let is_image = matches!(self.format, Format::Oci | Format::OciDir);
        let alone = "is only for the formats `oci` and `oci-dir`";
        check("/oci".to_owned(), (self.oci.is_some() && !is_image).then_some(alone));
        for name in self.oci.iter().flat_map(|image| image.env.keys()) {
            let bad = name.is_empty() || name.contains('=');
            let problem = "is not the name of an environment variable";
            check(format!("/oci/env/{}", escape(name)), bad.then_some(problem));
        }
        if problems.is_empty() { Ok(()) } else { Err(StepError::InvalidConfig(problems)) }
    }
}

/// Escapes a key for a JSON pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn folder_problem(path: &str) -> Option<&'static str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() { None } else { file_problem(path) }
}

fn file_problem(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("must not be empty");
    }
    if path.starts_with('/') {
        return Some("must be relative, without a leading `/`");
    }
    if path.contains('\\') {
        return Some("must be separated by `/`, not by `\\`");
    }
    let bad = |segment: &str| matches!(segment, "" | "." | "..");
    path.split('/').any(bad).then_some("must not have empty, `.` or `..` segments")
}
