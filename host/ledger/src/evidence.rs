//! Evidence: files beside the ledger that its events name by their SHA-256.

use belljar_model::Fault;
use sha2::{Digest as _, Sha256};

use crate::fault;
use crate::file_ledger::FileLedger;
use crate::files;
use belljar_model::hex::{hex, unhex};

impl FileLedger {
    /// Keeps evidence, and returns its SHA-256 in hexadecimal when it is durable. An event that
    /// names it is appended afterwards.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_evidence(&self, bytes: &[u8]) -> Result<String, Fault> {
        let sha256 = hex(&Sha256::digest(bytes));
        let name = files::evidence(&sha256);
        self.files.prepare().map_err(fault::disk)?;
        if self.files.read(&name, 0).map_err(fault::disk)?.as_deref() != Some(bytes) {
            self.files.write_whole(&name, bytes).map_err(fault::disk)?;
        }
        Ok(sha256)
    }

    /// Returns evidence by its SHA-256, after comparing it.
    ///
    /// # Errors
    /// When it is missing, or is not what its name says.
    pub fn evidence(&self, sha256: &str) -> Result<Vec<u8>, Fault> {
        if unhex(sha256).is_none() {
            return Err(fault::evidence(format!("`{sha256}` cannot be the name of evidence")));
        }
        let bytes = self.files.read(&files::evidence(sha256), 0).map_err(fault::disk)?;
        let bytes =
            bytes.ok_or_else(|| fault::evidence(format!("the evidence `{sha256}` is missing")))?;
        if hex(&Sha256::digest(&bytes)) == sha256 {
            Ok(bytes)
        } else {
            Err(fault::evidence(format!("the evidence `{sha256}` was changed")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_returned_only_as_it_was_put() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = FileLedger::open_to_read(&folder.path().join("ledger"));
        let name = ledger.put_evidence(b"{}").unwrap();
        assert_eq!(name, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        assert_eq!(ledger.put_evidence(b"{}").unwrap(), name);
        assert_eq!(ledger.evidence(&name).unwrap(), b"{}");
        let path = folder.path().join("ledger/evidence").join(&name);
        std::fs::write(&path, b"[]").unwrap();
        assert!(ledger.evidence(&name).unwrap_err().message.contains("changed"));
        std::fs::remove_file(path).unwrap();
        assert!(ledger.evidence(&name).unwrap_err().message.contains("missing"));
        assert!(ledger.evidence("../ledger.jsonl").unwrap_err().message.contains("cannot be"));
    }
}
