//! The plugin as a whole: from inputs to archives that other programs can read.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use belljar_sdk::serde_json::Value;
use belljar_sdk_testing::{Ran, Run, json};

use crate::config::Config;
use crate::digests::Digests;
use crate::run;

/// Path, mode and bytes of each file of an archive; the bytes of a folder are `None`.
type Contents = BTreeMap<String, (u32, Option<Vec<u8>>)>;

fn site() -> Run<Config> {
    let noise: Vec<u8> =
        (0..100_000_u32).map(|n| (n.wrapping_mul(n) >> 7).to_le_bytes()[0]).collect();
    Run::new(run)
        .input("site/index.html", "<h1>Hello</h1>".repeat(1000))
        .input("site/img/noise.bin", noise)
        .input("site/empty", "")
        .executable("bin/app", "\x7fELF")
        .link("site/start.html", "site/index.html")
}

fn config(format: &str) -> Value {
    json!({ "format": format, "output": "dist/out", "files": [
        { "from": ["site/**"], "strip": "site", "to": "www/" },
        { "from": ["bin/*"], "except": ["bin/*.txt"] },
    ]})
}

fn untar(from: impl Read) -> Contents {
    let mut archive = tar::Archive::new(from);
    let mut contents = Contents::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header().clone();
        assert_eq!((header.mtime().unwrap(), header.uid().unwrap()), (0, 0));
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let bytes = header.entry_type().is_file().then_some(bytes);
        contents.insert(path, (header.mode().unwrap(), bytes));
    }
    contents
}

fn unzip(bytes: &[u8]) -> Contents {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut contents = Contents::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        assert_eq!(file.last_modified().unwrap(), zip::DateTime::default());
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let mode = file.unix_mode().unwrap() & 0o777;
        contents.insert(file.name().unwrap().into_owned(), (mode, Some(bytes)));
    }
    contents
}

fn unzstd(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while !bytes.is_empty() {
        let mut frame = ruzstd::decoding::StreamingDecoder::new(&mut bytes).unwrap();
        frame.read_to_end(&mut whole).unwrap();
    }
    whole
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut whole).unwrap();
    whole
}

fn check_site(contents: &Contents) {
    let files: Vec<(&str, u32)> = contents
        .iter()
        .filter(|(_, (_, bytes))| bytes.is_some())
        .map(|(path, (mode, _))| (path.as_str(), *mode))
        .collect();
    let expected = [
        ("bin/app", 0o755),
        ("www/empty", 0o644),
        ("www/img/noise.bin", 0o644),
        ("www/index.html", 0o644),
        ("www/start.html", 0o644),
    ];
    assert_eq!(files, expected);
    let bytes = |path: &str| contents[path].1.as_deref().unwrap();
    assert_eq!(bytes("www/index.html"), "<h1>Hello</h1>".repeat(1000).as_bytes());
    assert_eq!(bytes("www/start.html"), bytes("www/index.html"));
    assert_eq!(bytes("www/img/noise.bin").len(), 100_000);
    assert_eq!(bytes("www/empty"), b"");
}

#[test]
fn what_was_packed_can_be_unpacked() {
    belljar_cases::case!("H05");
    let out = |format: &str| site().config(config(format)).execute().output("dist/out").to_vec();
    let tar = untar(gunzip(&out("tar.gz")).as_slice());
    check_site(&tar);
    assert_eq!(tar["www/img/"], (0o755, None));
    check_site(&untar(unzstd(&out("tar.zst")).as_slice()));
    check_site(&unzip(&out("zip")));
}

#[test]
fn two_runs_make_the_same_bytes() {
    for format in ["tar.gz", "tar.zst", "zip", "oci", "oci-dir"] {
        let [one, two] = [0, 1].map(|_| site().config(config(format)).execute());
        one.outcome();
        assert_eq!(one.outputs(), two.outputs(), "{format}");
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_machine() {
    // Fixed here because another build of this plugin must give them too. If a new version of a
    // compressor changes them, every user's archives change: say so in the changelog.
    let check = |format: &str, expected: &str| {
        let run = Run::new(run).input("a.txt", "one\n").executable("b/c", "two\n");
        let ran = run.config(json!({ "format": format, "output": "out" })).execute();
        assert_eq!(Digests::of(ran.output("out")).sha256, expected, "{format}");
    };
    check("tar.gz", "7435fba383f13aae131b21b3b52b45bdd6115df1fe847c993b8cef2001dd5a65");
    check("tar.zst", "5fa2ce53aaa87f48d521a399543f9500a30fcc10443d11453c415c10c767d853");
    check("zip", "70318d97dd32897adf6029b2e9b68a14b8f2efebb0941cff2abac70576d1f078");
    check("oci", "1851dff5c341cda455c3d9ce7df76c2d5f5afd8101b72591f20f58a3ae84fd5d");
}

#[test]
fn the_manifest_tells_size_and_digests_of_all() {
    let ran = site().config(config("zip")).execute();
    let manifest: Value =
        belljar_sdk::serde_json::from_str(ran.output_text("dist/out.manifest.json")).unwrap();
    let archive = ran.output("dist/out");
    assert_eq!(manifest["archive"]["path"], "dist/out");
    assert_eq!(manifest["archive"]["format"], "zip");
    assert_eq!(manifest["archive"]["size"], archive.len());
    let blake3 = blake3::hash(archive).to_hex().to_string();
    assert_eq!(manifest["archive"]["blake3"], json!(blake3));
    let empty = &manifest["files"][1];
    assert_eq!((&empty["path"], &empty["source"]), (&json!("www/empty"), &json!("site/empty")));
    let sha256_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(empty["sha256"], sha256_of_nothing);
    assert_eq!(manifest["files"][0]["mode"], "0755");
    assert_eq!(manifest["files"].as_array().unwrap().len(), 5);
}

/// Checks that each blob has the digest of its name, and follows the index down to the layer.
fn check_image(file: impl Fn(&str) -> Vec<u8>) -> Value {
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
        let bytes = file(&format!("blobs/sha256/{digest}"));
        assert_eq!(Digests::of(&bytes).sha256, digest);
        assert_eq!(descriptor["size"], bytes.len());
        bytes
    };
    let parse = |bytes: &[u8]| belljar_sdk::serde_json::from_slice::<Value>(bytes).unwrap();
    assert_eq!(parse(&file("oci-layout"))["imageLayoutVersion"], "1.0.0");
    let index = parse(&file("index.json"));
    assert_eq!(index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"], "1.2.0");
    let manifest = parse(&blob(&index["manifests"][0]));
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    let image = parse(&blob(&manifest["config"]));
    let layer = gunzip(&blob(&manifest["layers"][0]));
    let diff_id = format!("sha256:{}", Digests::of(&layer).sha256);
    assert_eq!(image["rootfs"], json!({ "type": "layers", "diff_ids": [diff_id] }));
    check_site(&untar(layer.as_slice()));
    image
}

#[test]
fn an_image_layout_is_consistent_down_to_the_layer() {
    let image = |format: &str| {
        let mut config = config(format);
        config["oci"] = json!({
            "entrypoint": ["/bin/app"], "env": { "B": "2", "A": "1=1" }, "working-dir": "/www",
            "labels": { "l": "x" }, "architecture": "arm64", "reference": "1.2.0",
        });
        site().config(config).execute()
    };
    let tarball = image("oci");
    let files = untar(tarball.output("dist/out"));
    let settings = check_image(|path| files[path].1.clone().unwrap());
    let folder = image("oci-dir");
    check_image(|path| folder.output(&format!("dist/out/{path}")).to_vec());
    assert_eq!(settings["architecture"], "arm64");
    let expected = json!({
        "Env": ["A=1=1", "B=2"], "Entrypoint": ["/bin/app"], "WorkingDir": "/www",
        "Labels": { "l": "x" },
    });
    assert_eq!(settings["config"], expected);
}

#[test]
fn a_wrong_config_is_told_with_a_pointer_to_each_mistake() {
    belljar_cases::case!("H05");
    let check = |config: Value, expected: &[&str]| {
        let ran = site().config(config.clone()).execute();
        let pointers: Vec<&str> =
            ran.config_problems().iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(pointers, expected, "{config}: {:?}", ran.result());
    };
    let with = |output: &str, mapping: Value| json!({ "format": "zip", "output": output, "files": [mapping] });
    let all = json!({ "from": ["**"] });
    check(with("/dist/out", all.clone()), &["/output"]);
    check(with("dist/../out", all.clone()), &["/output"]);
    check(with("", all.clone()), &["/output"]);
    check(
        with("out", json!({ "from": ["../x", "a", "/b"] })),
        &["/files/0/from/0", "/files/0/from/2"],
    );
    check(
        with("out", json!({ "from": ["**"], "to": "a/../b", "strip": "/s" })),
        &["/files/0/strip", "/files/0/to"],
    );
    check(with("out", json!({ "from": [] })), &["/files/0/from"]);
    check(json!({ "format": "zip", "output": "out", "files": [] }), &["/files"]);
    check(json!({ "format": "zip", "output": "out", "oci": {} }), &["/oci"]);
    check(
        json!({ "format": "oci", "output": "out", "oci": { "env": { "a/=": "" } } }),
        &["/oci/env/a~1="],
    );
    check(json!({ "format": "rar", "output": "out" }), &[""]);
}

#[test]
fn an_output_that_is_not_declared_is_a_mistake_of_the_configuration() {
    let ran = site().declare_outputs(&["dist/out"]).config(config("zip")).execute();
    let [problem] = ran.config_problems() else { panic!("{:?}", ran.result()) };
    assert_eq!(problem.pointer, "/output");
    assert_eq!(problem.message, "`dist/out.manifest.json` is not among the step's outputs");
}

#[test]
fn files_that_cannot_be_packed_fail_the_step() {
    belljar_cases::case!("H05");
    let files = |mappings: Value| -> Ran {
        let run = Run::new(run).input("a/x", "").input("b/x", "").input("c/x/y", "");
        let run = run.link("l/folder", "c/x").link("l/gone", "none");
        run.config(json!({ "format": "tar.gz", "output": "out", "files": mappings })).execute()
    };
    let check = |mappings: Value, code: &str| {
        let ran = files(mappings.clone());
        assert_eq!(ran.failure_code(), Some(code), "{mappings}: {:?}", ran.result());
    };
    let strip = |folder: &str| json!({ "from": [format!("{folder}/**")], "strip": folder });
    check(json!([{ "from": ["none/**"] }]), "nothing-to-package");
    check(json!([strip("a"), strip("b")]), "duplicate-path");
    check(json!([strip("a"), strip("c")]), "duplicate-path");
    check(json!([{ "from": ["a/**"], "strip": "b" }]), "outside-strip");
    check(json!([{ "from": ["l/folder"] }]), "not-a-file");
    check(json!([{ "from": ["l/gone"] }]), "broken-link");
    // One file that two mappings put in one place is no conflict.
    assert!(files(json!([{ "from": ["a/**"] }, { "from": ["a/x"] }])).result().is_ok());
}

#[test]
fn a_mapping_that_matches_nothing_is_a_warning() {
    let mut config = config("zip");
    config["files"].as_array_mut().unwrap().push(json!({ "from": ["none"] }));
    let ran = site().config(config).execute();
    assert_eq!(ran.findings()[0].rule, "empty-mapping");
    assert_eq!(ran.findings()[0].message, "`files[2]` matches no input");
}

#[test]
fn a_stream_of_several_zstd_frames_is_read_as_one() {
    let large = "0123456789abcdef".repeat(600_000);
    let run = Run::new(run).input("large", &large);
    let ran = run.config(json!({ "format": "tar.zst", "output": "out" })).execute();
    let contents = untar(unzstd(ran.output("out")).as_slice());
    assert_eq!(contents["large"].1.as_deref().unwrap(), large.as_bytes());
}

#[test]
fn paths_longer_than_a_header_are_kept() {
    let path = format!("{}/{}", "folder".repeat(30), "name".repeat(40));
    let ran = Run::new(run)
        .input(&path, "x")
        .config(json!({ "format": "tar.gz", "output": "out" }))
        .execute();
    assert!(untar(gunzip(ran.output("out")).as_slice()).contains_key(&path));
}

#[test]
fn a_cancelled_step_stops_without_outputs() {
    let ran = site().cancel_after(1).config(config("tar.gz")).execute();
    assert_eq!(ran.result(), &Err(belljar_sdk::StepError::Cancelled));
    assert!(ran.outputs().is_empty());
}
