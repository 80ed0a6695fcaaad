//! Frontier: as much of a Merkle tree (RFC 9162) as is needed to add leaves and to know the root.

use sha2::{Digest as _, Sha256};

/// A hash in the tree: of a leaf, of a subtree, or of the whole.
pub(crate) type Hash = [u8; 32];

/// The hash of a leaf.
pub(crate) fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut bytes = Vec::with_capacity(leaf.len() + 1);
    bytes.push(0);
    bytes.extend_from_slice(leaf);
    Sha256::digest(&bytes).into()
}

fn parent_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 1 + 2 * size_of::<Hash>()];
    bytes[1..=size_of::<Hash>()].copy_from_slice(left);
    bytes[1 + size_of::<Hash>()..].copy_from_slice(right);
    Sha256::digest(bytes).into()
}

/// The roots of the full subtrees of a tree, largest first: one for each binary digit of the
/// tree's size that is 1.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// How many leaves were added.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of a leaf.
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // As in counting: each digit 1 at the end becomes 0 and carries.
        for _ in 0..self.size.trailing_ones() {
            let left = self.roots.pop().expect("a subtree for each digit 1 of the size");
            hash = parent_hash(&left, &hash);
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The root of the whole tree.
    pub(crate) fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else {
            return Sha256::digest(b"").into();
        };
        roots.fold(*last, |right, left| parent_hash(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;

    use super::*;

    fn leaves(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|number| format!("leaf {number}").into_bytes()).collect()
    }

    #[test]
    fn the_root_is_that_of_another_implementation_at_every_size() {
        let (mut own, mut other) = (Frontier::default(), MemoryBackedTree::<Sha256, _>::new());
        assert_eq!(own.root(), <Hash>::from(*other.root().as_bytes()));
        for leaf in leaves(300) {
            own.push(leaf_hash(&leaf));
            other.push(leaf);
            assert_eq!(own.root(), <Hash>::from(*other.root().as_bytes()), "{}", own.size());
        }
    }

    proptest! {
        #[test]
        fn another_implementation_proves_that_a_grown_tree_contains_the_old_one(
            old in 1_usize..200,
            added in 0_usize..200,
        ) {
            let (mut own, mut other) = (Frontier::default(), MemoryBackedTree::<Sha256, _>::new());
            let mut roots = vec![own.root()];
            for leaf in leaves(old + added) {
                own.push(leaf_hash(&leaf));
                roots.push(own.root());
                other.push(leaf);
            }
            let root = |size: usize| {
                ct_merkle::RootHash::<Sha256>::new(roots[size].into(), size as u64)
            };
            let proof = other.prove_consistency(added);
            let (old, new) = (root(old), root(old + added));
            prop_assert!(new.verify_consistency(&old, &proof).is_ok());
            let mut wrong = roots[usize::try_from(old.num_leaves()).unwrap()];
            wrong[0] ^= 1;
            let wrong = ct_merkle::RootHash::<Sha256>::new(wrong.into(), old.num_leaves());
            prop_assert!(new.verify_consistency(&wrong, &proof).is_err());
        }
    }
}
