//! Secrets: their values, read when an environment needs them and nowhere else.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use belljar_disk::Root;
use belljar_model::delivery::{Environment, SecretSource};
use belljar_model::{Digest, Fault};
use belljar_outlet::{SecretValue, Secrets};

use super::fault::{self, NO_SECRET};
use crate::env::EnvVar;
use crate::project::Project;

/// Reads the secrets that an environment was granted.
///
/// # Errors
/// When one cannot be had. The message never holds a value.
pub(crate) fn read(project: &Project, environment: &Environment) -> Result<Secrets, Fault> {
    let mut values = BTreeMap::new();
    for name in &environment.secrets {
        let failed = |why: String| {
            fault::configuration(NO_SECRET, format!("the secret `{name}` cannot be had: {why}"))
        };
        let Some(secret) = project.pipeline.secrets.get(name) else {
            return Err(failed("it is not in `[secret]`".to_owned()));
        };
        let bytes = bytes(&project.root, &secret.source).map_err(failed)?;
        let value = SecretValue::new(bytes).map_err(|error| failed(error.to_string()))?;
        values.insert(name.clone(), value);
    }
    Ok(Secrets::new(&environment.name, values))
}

/// The digests of where the secrets of an environment come from, by name. They say nothing about
/// the values.
pub(crate) fn sources(project: &Project, environment: &Environment) -> BTreeMap<String, Digest> {
    let source = |name: &String| {
        let source = &project.pipeline.secrets.get(name)?.source;
        let text = serde_json::to_vec(source).expect("a source has a JSON form");
        Some((name.clone(), Digest::of(&text)))
    };
    environment.secrets.iter().filter_map(source).collect()
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
