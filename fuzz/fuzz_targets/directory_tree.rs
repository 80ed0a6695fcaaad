//! A Directory: what was put in is what is found, whatever the order.
#![no_main]

use std::collections::BTreeMap;

use belljar_model::directory::Entry;
use belljar_model::{Digest, Directory, Node, WorkspacePath};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|files: Vec<(String, u8)>| {
    let mut known: BTreeMap<WorkspacePath, Digest> = BTreeMap::new();
    for (path, content) in files {
        let Ok(path) = WorkspacePath::parse(&path) else { continue };
        if path.is_root() {
            continue;
        }
        // Only trees in which no file lies below another have one meaning in every order.
        if known.keys().any(|other| other.is_within(&path) || path.is_within(other)) {
            continue;
        }
        known.insert(path, Digest::of(&[content]));
    }
    let entry = |(path, digest): (&WorkspacePath, &Digest)| Entry {
        path: path.clone(),
        node: Node::File { digest: *digest, executable: false },
    };
    let tree = Directory::from_entries(known.iter().map(entry));
    let reversed = Directory::from_entries(known.iter().rev().map(entry));
    assert_eq!(tree.digest(), reversed.digest(), "the order does not count");
    let mut found = BTreeMap::new();
    tree.walk(&mut |path, node| {
        let Node::File { digest, .. } = node else { panic!("only files were put in") };
        found.insert(path.clone(), *digest);
    });
    assert_eq!(found, known, "a walk finds what was put in");
    for (path, digest) in &known {
        let node = Node::File { digest: *digest, executable: false };
        assert_eq!(tree.get(path), Some(&node));
    }
});
