//! Secrets: their values, read from where the pipeline file says, when someone needs them and
//! not before; and the veil over all that this program says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use belljar_disk::Root;
use belljar_model::delivery::SecretSource;
use belljar_model::ports::Secrets;
use belljar_model::{Blame, Code, Fault, SecretValue, Veil};

use crate::env::EnvVar;
use crate::project::Project;

/// The value of a secret cannot be had.
const NO_SECRET: Code = Code::new("E0430");

/// Over everything that this process says.
static VEIL: LazyLock<Veil> = LazyLock::new(Veil::default);

/// The veil over everything that this process says.
pub(crate) fn veil() -> &'static Veil {
    &VEIL
}

/// Masks what a panic says, as all else.
pub(crate) fn mask_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let mask = veil().mask();
        if mask.is_empty() {
            return usual(panic);
        }
        let text = format!("{panic}\n{}", std::backtrace::Backtrace::capture());
        crate::terminal::remark(&mask.text(text));
    }));
}

/// The secrets of a project, each read when it is first asked for.
pub(crate) struct ProjectSecrets {
    root: PathBuf,
    sources: BTreeMap<String, SecretSource>,
    read: Mutex<BTreeMap<String, Result<SecretValue, Fault>>>,
    veil: Veil,
}

impl ProjectSecrets {
    /// The secrets that the file of a project declares.
    pub(crate) fn of(project: &Project, veil: &Veil) -> Self {
        let sources = project.pipeline.secrets.iter();
        let sources = sources.map(|(name, secret)| (name.clone(), secret.source.clone()));
        let (root, veil) = (project.root.clone(), veil.clone());
        Self { root, sources: sources.collect(), read: Mutex::default(), veil }
    }
}

impl Secrets for ProjectSecrets {
    fn reveal(&self, name: &str) -> Result<SecretValue, Fault> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let value = read.entry(name.to_owned()).or_insert_with(|| {
            let value = value(&self.root, self.sources.get(name));
            value.map_err(|why| {
                let message = format!("the secret `{name}` cannot be had: {why}");
                Fault::new(Blame::Configuration, NO_SECRET, message)
            })
        });
        if let Ok(value) = value {
            self.veil.cover(value);
        }
        value.clone()
    }
}

/// Reads the value of a secret. What is wrong with it is said without the value.
///
/// # Errors
/// When it cannot be had.
pub(crate) fn value(root: &Path, source: Option<&SecretSource>) -> Result<SecretValue, String> {
    let source = source.ok_or("it is not in `[secret]`")?;
    SecretValue::new(bytes(root, source)?).map_err(|error| error.to_string())
}

fn bytes(root: &Path, source: &SecretSource) -> Result<Vec<u8>, String> {
    let bytes = match source {
        SecretSource::Env(name) => {
            let value = EnvVar::get(name);
            value.ok_or_else(|| format!("the variable `{name}` is not set"))?.into_bytes()
        }
        SecretSource::File(file) => read_file(&root.join(file))?,
        SecretSource::Command(command) => print(root, command)?,
    };
    Ok(without_line_end(bytes))
}
fn read_file(file: &Path) -> Result<Vec<u8>, String> {
    let failed = |why: &dyn std::fmt::Display| format!("`{}`: {why}", file.display());
    let name = file.file_name().and_then(|name| name.to_str());
    let (Some(folder), Some(name)) = (file.parent(), name) else {
        return Err(failed(&"it has no name"));
    };
    let folder = Root::open(folder).map_err(|error| failed(&error))?;
    folder.read(name).map_err(|error| failed(&error))
}

fn print(root: &Path, command: &[String]) -> Result<Vec<u8>, String> {
    let Some((program, args)) = command.split_first() else {
        return Err("its command is empty".to_owned());
    };
    let output = Command::new(program)
        .args(args)
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("`{program}` ended with {}", output.status))
    }
}

/// One line end at the end is not part of a value.
fn without_line_end(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_not_part_of_a_value() {
        let check = |bytes: &[u8], expected: &[u8]| {
            assert_eq!(without_line_end(bytes.to_vec()), expected);
        };
        check(b"s3cret\n", b"s3cret");
        check(b"s3cret\r\n", b"s3cret");
        check(b"s3cret\n\n", b"s3cret\n");
        check(b"s3cret", b"s3cret");
        check(b"", b"");
    }

    #[test]
    fn what_a_command_prints_is_a_value_and_its_failure_is_none() {
        let root = Path::new(".");
        let command = |words: &[&str]| {
            SecretSource::Command(words.iter().map(|word| (*word).to_owned()).collect())
        };
        assert_eq!(bytes(root, &command(&["echo", "s3cret"])).unwrap(), b"s3cret");
        assert!(bytes(root, &command(&["false"])).unwrap_err().contains("ended with"));
        assert!(bytes(root, &command(&["no-such-program-here"])).unwrap_err().contains("run"));
        assert!(bytes(root, &command(&[])).is_err());
    }
}
