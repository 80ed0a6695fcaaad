//! What a file is, judged by its name alone, so that nothing is read in vain.

/// The language of a file, as far as a rule has an interest in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FileKind {
    /// JSON, strict or with comments.
    Json(JsonDialect),
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
    /// JavaScript or TypeScript, with or without JSX.
    Script,
    /// Text without a parser here.
    Text,
    /// Known not to be text: never read.
    Binary,
}

/// How much a JSON file may hold beyond RFC 8259.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum JsonDialect {
    /// Nothing.
    Strict,
    /// Comments and trailing commas, as editors and many tools read their settings.
    Commented,
}

const SCRIPT: &[&str] = &["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"];
const STRICT_JSON: &[&str] = &["json", "geojson", "webmanifest", "ipynb"];
const COMMENTED_JSON: &[&str] =
    &["jsonc", "code-workspace", "code-snippets", "swcrc", "babelrc", "jshintrc"];
const BINARY: &[&str] = &[
    "7z", "a", "avif", "bin", "bmp", "br", "bz2", "class", "dat", "db", "dll", "dylib", "eot",
    "exe", "flac", "gif", "gz", "heic", "icns", "ico", "jar", "jpeg", "jpg", "lib", "m4a", "mov",
    "mp3", "mp4", "o", "obj", "ogg", "otf", "parquet", "pdf", "png", "psd", "pyc", "rlib", "so",
    "sqlite", "tar", "tgz", "tif", "tiff", "ttf", "war", "wasm", "wav", "webm", "webp", "whl",
    "woff", "woff2", "xls", "xlsx", "xz", "zip", "zst",
];

/// Settings files that their tools read with comments.
const COMMENTED_NAMES: &[&str] = &[
    ".devcontainer.json",
    ".eslintrc.json",
    ".oxlintrc.json",
    "api-extractor.json",
    "biome.json",
    "deno.json",
    "language-configuration.json",
    "nx.json",
    "renovate.json",
    "tslint.json",
    "turbo.json",
];

impl FileKind {
    /// Returns the kind of the file at a `/`-separated path.
    pub(crate) fn of(path: &str) -> Self {
        let name = file_name(path);
        let extension = extension(name);
        let is = |list: &[&str]| list.contains(&extension.as_str());
        if is(SCRIPT) {
            Self::Script
        } else if is(COMMENTED_JSON) || is_commented_json(path, name) {
            Self::Json(JsonDialect::Commented)
        } else if is(STRICT_JSON) {
            Self::Json(JsonDialect::Strict)
        } else if extension == "toml" || matches!(name, "Cargo.lock" | "poetry.lock" | "uv.lock") {
            Self::Toml
        } else if matches!(extension.as_str(), "yaml" | "yml") {
            Self::Yaml
        } else if is(BINARY) {
            Self::Binary
        } else {
            Self::Text
        }
    }
}

fn is_commented_json(path: &str, name: &str) -> bool {
    let in_folder = |folder: &str| path.split('/').rev().skip(1).any(|segment| segment == folder);
    let is_settings = || {
        name.starts_with("tsconfig")
            || name.starts_with("jsconfig")
            || in_folder(".vscode")
            || in_folder(".devcontainer")
    };
    COMMENTED_NAMES.contains(&name) || (extension(name) == "json" && is_settings())
}

/// Returns whether a tool wrote the file, so that its words are nobody's spelling.
pub(crate) fn is_machine_written(path: &str) -> bool {
    const NAMES: &[&str] =
        &["go.sum", "npm-shrinkwrap.json", "package-lock.json", "pnpm-lock.yaml"];
    let name = file_name(path);
    let lower = extension(name);
    NAMES.contains(&name)
        || matches!(lower.as_str(), "lock" | "map" | "svg" | "sum" | "po" | "pem" | "key" | "crt")
        || name.contains(".min.")
}

/// Returns the last segment of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns what follows the last dot, in lower case; of `.swcrc` that is `swcrc`.
pub(crate) fn extension(name: &str) -> String {
    name.rsplit_once('.').map_or_else(String::new, |(_, last)| last.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_kind() {
        use JsonDialect::{Commented, Strict};
        for (path, kind) in [
            ("package.json", FileKind::Json(Strict)),
            ("a/tsconfig.json", FileKind::Json(Commented)),
            ("tsconfig.build.json", FileKind::Json(Commented)),
            (".vscode/settings.json", FileKind::Json(Commented)),
            ("vscode/settings.json", FileKind::Json(Strict)),
            ("a.jsonc", FileKind::Json(Commented)),
            ("a.json5", FileKind::Text),
            ("Cargo.lock", FileKind::Toml),
            ("yarn.lock", FileKind::Text),
            ("a/b.YML", FileKind::Yaml),
            ("a.d.ts", FileKind::Script),
            ("logo.PNG", FileKind::Binary),
            ("Makefile", FileKind::Text),
            ("json", FileKind::Text),
        ] {
            assert_eq!(FileKind::of(path), kind, "{path}");
        }
    }

    #[test]
    fn what_a_tool_wrote_is_not_spelled_by_anyone() {
        for path in ["a/Cargo.lock", "x.min.js", "package-lock.json", "i.svg"] {
            assert!(is_machine_written(path), "{path}");
        }
        for path in ["src/lock.rs", "package.json", "minutes.md"] {
            assert!(!is_machine_written(path), "{path}");
        }
    }
}
