//! The codes of this crate's faults, each with a page in `docs/errors`.

use belljar_model::ports::OutletError;
use belljar_model::{Blame, Code, Fault};

/// A host was not granted.
pub(crate) const HOST_NOT_GRANTED: Code = Code::new("E0910");
/// A secret was not granted.
pub(crate) const SECRET_NOT_GRANTED: Code = Code::new("E0911");
/// A request that cannot be sent as it is.
pub(crate) const MALFORMED_REQUEST: Code = Code::new("E0912");
/// The environment has no storage.
pub(crate) const NO_STORAGE: Code = Code::new("E0913");
/// The text that names a storage is wrong.
pub(crate) const MALFORMED_STORAGE: Code = Code::new("E0914");
/// A secret's value cannot be used.
pub(crate) const UNUSABLE_SECRET: Code = Code::new("E0915");
/// A shipped file is not in the store.
pub(crate) const NO_BLOB: Code = Code::new("E0916");
/// The text that grants a host is wrong.
pub(crate) const MALFORMED_HOST: Code = Code::new("E0917");

/// Ends the plugin because of what it asked to send.
pub(crate) fn malformed(message: impl Into<String>) -> OutletError {
    OutletError::Stop(Fault::new(Blame::Plugin, MALFORMED_REQUEST, message))
}
