//! Measurements, printed and never asserted: inputs put in place, beside `cp`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use belljar_model::ports::{BlobSource as _, BlobStore as _};
use belljar_model::{Directory, Entry, Node, Tier, WorkspacePath};

use crate::fixture::Fixture;

/// Prints all figures.
pub(crate) fn all() {
    measure("1,000 files of 4 KiB", 1_000, 4 << 10);
    measure("1 file of 200 MiB", 1, 200 << 20);
}

fn measure(what: &str, files: usize, size: usize) {
    let fixture = Fixture::new(Tier::T1, &[("sh", "sh")]);
    let tree = fixture.folder.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    let entry = |number: usize| {
        let bytes: Vec<u8> = (0..size).map(|at| (at * 31 + number * 7).to_le_bytes()[0]).collect();
        std::fs::write(tree.join(number.to_string()), &bytes).unwrap();
        let digest = fixture.blobs.put(&bytes).unwrap();
        let path = WorkspacePath::parse(&format!("f/{number}")).unwrap();
        Entry { path, node: Node::File { digest, executable: false } }
    };
    let mut action = fixture.action("sh", &["-c", ":"], &[]);
    let empty = median(|| setup(&fixture, &action));
    action.root = Arc::new(Directory::from_entries((0..files).map(entry)));
    let full = median(|| setup(&fixture, &action));
    let place = full.saturating_sub(empty);
    let read = median(|| {
        let began = Instant::now();
        action.root.walk(&mut |_, node| {
            let Node::File { digest, .. } = node else { return };
            assert!(fixture.blobs.get(digest).unwrap().is_some());
        });
        began.elapsed()
    });
    let copied = median(|| copy(&tree, &fixture.folder.path().join("copy")));
    println!(
        "{what}: in place in {place:?} (reading and verifying: {read:?}), `cp -r` {copied:?}, \
         a run of nothing {empty:?}"
    );
}

fn setup(fixture: &Fixture, action: &belljar_model::ToolAction) -> Duration {
    Duration::from_micros(fixture.run(action).unwrap().result.cost.setup_us)
}

fn copy(from: &Path, to: &Path) -> Duration {
    let began = Instant::now();
    assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
    let took = began.elapsed();
    std::fs::remove_dir_all(to).unwrap();
    took
}

fn median(mut once: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<_> = (0..7).map(|_| once()).collect();
    times.sort();
    times[3]
}
