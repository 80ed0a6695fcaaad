//! The place that an environment's storage calls reach, as text.

use crate::suggest;

/// The parameters of `s3:`.
const PARAMETERS: &[&str] = &["endpoint", "region"];

/// Checks a storage.
///
/// # Errors
/// Why it is none, as a fragment, and what to do, if that is known.
pub(super) fn check(text: &str) -> Result<(), (String, Option<String>)> {
    if text.contains(char::is_control) {
        return Err(("it holds a control character".to_owned(), None));
    }
    if let Some(folder) = text.strip_prefix("fs:") {
        return check_folder(folder).map_err(|reason| (reason.to_owned(), None));
    }
    if let Some(bucket) = text.strip_prefix("s3:") {
        return check_bucket(bucket);
    }
    let schemes = "write `fs:DIRECTORY` or `s3:BUCKET/PREFIX?endpoint=…&region=…`";
    let help = match text.split_once(':') {
        Some((scheme, rest)) => suggest::closest(scheme, ["fs", "s3"])
            .map_or_else(|| schemes.to_owned(), |meant| format!("did you mean `{meant}:{rest}`?")),
        None => format!("did you mean `fs:{text}`?"),
    };
    Err(("it begins with neither `fs:` nor `s3:`".to_owned(), Some(help)))
}

fn check_folder(folder: &str) -> Result<(), &'static str> {
    if folder.split('/').all(|segment| matches!(segment, "" | ".")) {
        return Err(if folder.starts_with('/') {
            "this would be the whole machine"
        } else {
            "a storage has a folder of its own"
        });
    }
    if folder.starts_with('~') {
        return Err("`~` is not filled in");
    }
    if folder.split('/').any(|segment| segment == "..") {
        return Err("it has `..`");
    }
    Ok(())
}

fn check_bucket(text: &str) -> Result<(), (String, Option<String>)> {
    let (place, parameters) = match text.split_once('?') {
        Some((place, parameters)) => (place, Some(parameters)),
        None => (text, None),
    };
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let ends = bucket.starts_with(['.', '-']) || bucket.ends_with(['.', '-']);
    if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(allowed) || ends {
        let reason = format!("`{bucket}` cannot be the name of a bucket");
        let help = "a bucket has 3 to 63 lower-case letters, digits, `-` and `.`";
        return Err((reason, Some(help.to_owned())));
    }
    if prefix.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(("its prefix has `.` or `..`".to_owned(), None));
    }
    let mut seen = Vec::new();
    for parameter in parameters.into_iter().flat_map(|parameters| parameters.split('&')) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if !PARAMETERS.contains(&name) {
            let help = suggest::did_you_mean(name, PARAMETERS, "the parameters are");
            return Err((format!("it has no parameter `{name}`"), help));
        }
        if seen.contains(&name) {
            return Err((format!("its parameter `{name}` is there twice"), None));
        }
        if value.is_empty() {
            return Err((format!("its parameter `{name}` is empty"), None));
        }
        if name == "endpoint" {
            check_endpoint(value)?;
        }
        seen.push(name);
    }
    Ok(())
}

fn check_endpoint(value: &str) -> Result<(), (String, Option<String>)> {
    let host = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    if host.is_some_and(|host| !host.trim_end_matches('/').is_empty()) {
        return Ok(());
    }
    let help = format!("write `endpoint=https://{}`", host.map_or(value, |_| "HOST"));
    Err(("its endpoint is no address of the web".to_owned(), Some(help)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storage_is_a_folder_or_a_bucket() {
        for text in [
            "fs:site",
            "fs:./out/site",
            "fs:/srv/www",
            "s3:my-bucket",
            "s3:my-bucket/",
            "s3:my-bucket/a/b",
            "s3:my.bucket/a?endpoint=http://127.0.0.1:9000&region=eu-1",
            "s3:abc?region=eu",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_no_storage_is_refused_for_its_reason() {
        for (text, expected) in [
            ("", "neither"),
            ("site", "neither"),
            ("file:site", "neither"),
            ("gs:bucket", "neither"),
            ("fs:", "a folder of its own"),
            ("fs:.", "a folder of its own"),
            ("fs:/", "whole machine"),
            ("fs://", "whole machine"),
            ("fs:~/www", "not filled in"),
            ("fs:../www", "`..`"),
            ("fs:/srv/../www", "`..`"),
            ("fs:a\u{0}", "control"),
            ("s3:", "name of a bucket"),
            ("s3:ab", "name of a bucket"),
            ("s3:Bucket", "name of a bucket"),
            ("s3:-bucket", "name of a bucket"),
            ("s3:bucket/../x", "prefix"),
            ("s3:bucket?regoin=eu", "no parameter `regoin`"),
            ("s3:bucket?", "no parameter ``"),
            ("s3:bucket?region", "is empty"),
            ("s3:bucket?region=a&region=b", "twice"),
            ("s3:bucket?endpoint=localhost", "no address"),
            ("s3:bucket?endpoint=https://", "no address"),
        ] {
            let (reason, _) = check(text).expect_err(text);
            assert!(reason.contains(expected), "{text}: {reason}");
        }
    }
}
