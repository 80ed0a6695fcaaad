//! Scan: looks for values in what comes piece by piece.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::Mask;

/// Looks for values in a stream. One that lies across pieces is found, too.
pub struct Scan {
    mask: Arc<Mask>,
    /// The end of what came so far: too short for a value, unless something follows.
    tail: Zeroizing<Vec<u8>>,
}

impl Scan {
    /// Starts at the beginning of a stream.
    pub fn new(mask: Arc<Mask>) -> Self {
        Self { mask, tail: Zeroizing::default() }
    }

    /// Takes the next piece, and returns whether a value ends in it.
    pub fn finds(&mut self, piece: &[u8]) -> bool {
        if self.mask.is_empty() {
            return false;
        }
        let most = self.mask.longest - 1;
        self.tail.extend_from_slice(&piece[..piece.len().min(most)]);
        let found = self.mask.finds(&self.tail) || self.mask.finds(piece);
        let rest = &piece[piece.len().min(most)..];
        if rest.len() >= most {
            self.tail.clear();
        }
        self.tail.extend_from_slice(&rest[rest.len().saturating_sub(most)..]);
        let over = self.tail.len().saturating_sub(most);
        self.tail.drain(..over);
        found
    }
}
