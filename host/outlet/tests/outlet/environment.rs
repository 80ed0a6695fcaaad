//! The ways of one environment together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use belljar_model::delivery::ToolEffect;
use belljar_model::ports::{Outlet, OutletError, ToolAnswer};
use belljar_model::{Digest, WorkspacePath};
use belljar_outlet::{EnvironmentOutlet, RunTool, open_storage, parse_storage};
use bytes::Bytes;

use crate::parts::{TOKEN, client, code, path, secrets, uses};

fn tools() -> (RunTool, Arc<AtomicU32>) {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let run = move |tool: &ToolEffect, stdin: &Bytes| {
        counted.fetch_add(1, Ordering::Relaxed);
        match &*tool.tool {
            "echo" => Ok(ToolAnswer { code: 3, stdout: stdin.clone(), stderr: stdin.clone() }),
            _ => Err(OutletError::Unexpected(format!("killed by {TOKEN}"))),
        }
    };
    (Arc::new(run), runs)
}

fn effect(tool: &str, secret: &str) -> ToolEffect {
    ToolEffect {
        tool: tool.to_owned(),
        args: Vec::new(),
        env: [].into(),
        secrets: vec![uses("TOKEN", "", secret)],
        stdin: Digest::of(b""),
        root: Digest::of(b""),
        cwd: WorkspacePath::root(),
        expect: vec![0],
    }
}

#[test]
fn an_environment_without_storage_says_what_to_add() {
    let outlet = EnvironmentOutlet::new(client("host.example:1"), None, tools().0);
    let (at, data) = (path("a"), Bytes::new());
    assert_eq!(code(outlet.list(&at)), "E0913");
    assert_eq!(code(outlet.read(&at)), "E0913");
    assert_eq!(code(outlet.put(&at, &Digest::of(b""))), "E0913");
    assert_eq!(code(outlet.write(&at, &data)), "E0913");
    assert_eq!(code(outlet.swap(&at, None, &data)), "E0913");
    assert_eq!(code(outlet.remove(&at)), "E0913");
    let Err(OutletError::Stop(fault)) = outlet.read(&at) else { panic!() };
    let help = fault.help.unwrap();
    assert!(help.contains("`storage = \"fs:DIRECTORY\"` to `[environment.prod]`"), "{help}");
}

#[test]
fn a_shipped_file_is_put_by_its_digest_and_no_secret_is_read_back() {
    belljar_cases::case!("H10");
    let folder = tempfile::tempdir().unwrap();
    let place = parse_storage("fs:live").unwrap();
    let storage = open_storage(&place, folder.path(), &secrets(&[])).unwrap();
    let outlet = EnvironmentOutlet::new(client("host.example:1"), Some(storage), tools().0);
    outlet.put(&path("a/b"), &Digest::of(b"the shipped file")).unwrap();
    assert_eq!(outlet.read(&path("a/b")).unwrap(), "the shipped file");
    assert_eq!(code(outlet.put(&path("a/c"), &Digest::of(b"another"))), "E0916");
    outlet.write(&path("c"), &Bytes::from(format!("<{TOKEN}>"))).unwrap();
    assert_eq!(outlet.read(&path("c")).unwrap(), "<***>");
    let (old, new) = (Bytes::from_static(b"the shipped file"), Bytes::from_static(b"new"));
    outlet.swap(&path("a/b"), Some(&old), &new).unwrap();
    outlet.remove(&path("c")).unwrap();
    let listed = outlet.list(&WorkspacePath::root()).unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((&listed[0].path, listed[0].size), (&path("a/b"), 3));
}

#[test]
fn a_tool_says_no_secret_and_runs_with_granted_ones_only() {
    let (run, runs) = tools();
    let outlet = EnvironmentOutlet::new(client("host.example:1"), None, run);
    let answer = outlet.tool(&effect("echo", "token"), &Bytes::from(format!("<{TOKEN}>"))).unwrap();
    let masked = Bytes::from_static(b"<***>");
    assert_eq!(answer, ToolAnswer { code: 3, stdout: masked.clone(), stderr: masked });
    let error = outlet.tool(&effect("broken", "token"), &Bytes::new()).unwrap_err();
    assert_eq!(error, OutletError::Unexpected("killed by ***".to_owned()));
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    assert_eq!(code(outlet.tool(&effect("echo", "other"), &Bytes::new())), "E0911");
    assert_eq!(runs.load(Ordering::Relaxed), 2, "it was not run");
}

#[cfg(not(feature = "s3"))]
#[test]
fn a_build_without_buckets_says_so() {
    let place = parse_storage("s3:site?endpoint=http://a").unwrap();
    let opened = open_storage(&place, std::path::Path::new("nowhere"), &secrets(&[]));
    let Err(fault) = opened else { panic!() };
    assert_eq!(fault.code.as_str(), "E0914");
    assert!(fault.to_string().contains("no client for S3"), "{fault}");
}
