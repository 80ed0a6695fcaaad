//! Random bytes from the operating system.

use std::path::PathBuf;

use rustix::rand::{GetRandomFlags, getrandom};

use crate::error::DiskError;

/// Returns 32 unpredictable bytes.
///
/// # Errors
/// When the system has none.
pub fn random() -> Result<[u8; 32], DiskError> {
    let failed =
        |source| DiskError::new("get random bytes from", PathBuf::from("the system"), source);
    let mut bytes = [0; 32];
    let mut filled = 0;
    while filled < bytes.len() {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty())
            .map_err(|error| failed(error.into()))?;
    }
    Ok(bytes)
}
