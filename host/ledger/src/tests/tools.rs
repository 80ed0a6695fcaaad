//! The format is the one that other tools know.

use belljar_model::ports::Ledger;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;

use super::{event, key, options};
use crate::checkpoint::Checkpoint;
use crate::{FileLedger, verify};

#[test]
fn another_implementation_of_the_tree_has_the_same_root_and_proves_growth() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = FileLedger::open(folder.path(), options(key(1)));
    let mut old = Vec::new();
    for number in 0..12 {
        ledger.append(vec![event(number)]).unwrap();
        old.push(Checkpoint::parse(ledger.checkpoint().unwrap().unwrap().as_bytes()).unwrap());
    }
    let bytes = std::fs::read(folder.path().join("ledger.jsonl")).unwrap();
    let mut tree = MemoryBackedTree::<Sha256, &[u8]>::new();
    for line in crate::history::lines(&bytes) {
        tree.push(line);
    }
    let new = tree.root();
    assert_eq!(old.last().unwrap().root.as_slice(), new.as_bytes().as_slice());
    for old in old {
        let added = usize::try_from(tree.len() - old.size).unwrap();
        let proof = tree.prove_consistency(added);
        let root = ct_merkle::RootHash::<Sha256>::new(old.root.into(), old.size);
        assert!(new.verify_consistency(&root, &proof).is_ok(), "{}", old.size);
        let verified = verify(folder.path(), Some(&old.text()), None).unwrap();
        assert_eq!(verified.problems, []);
    }
}
