//! Veil: the Mask of a process, which grows with every secret whose value is read.

use std::sync::{Arc, PoisonError, RwLock};

use super::Mask;
use crate::secret::SecretValue;

/// The Mask of all values that were read so far. Clones share it.
#[derive(Clone, Default, Debug)]
pub struct Veil(Arc<RwLock<Covered>>);

#[derive(Default, Debug)]
struct Covered {
    values: Vec<SecretValue>,
    mask: Arc<Mask>,
}

impl Veil {
    /// A veil over these values.
    pub fn over<'a>(values: impl IntoIterator<Item = &'a SecretValue>) -> Self {
        let veil = Self::default();
        values.into_iter().for_each(|value| veil.cover(value));
        veil
    }

    /// Hides one more value from now on. Call it before anyone else is given the value.
    pub fn cover(&self, value: &SecretValue) {
        let mut covered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !covered.values.contains(value) {
            covered.values.push(value.clone());
            covered.mask = Arc::new(Mask::new(&covered.values));
        }
    }

    /// The mask as it is now.
    pub fn mask(&self) -> Arc<Mask> {
        let covered = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&covered.mask)
    }
}
