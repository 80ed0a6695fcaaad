//! Names of files and folders in a store. Those whose format may change carry its version.

use belljar_model::Digest;

/// Finished blobs: `blobs-v1/ab/<62 hex digits>`, named by the plain BLAKE3 of their bytes.
pub(crate) const BLOBS: &str = "blobs-v1";
/// Blobs in the making, and blobs that wait for a flush.
pub(crate) const TEMP: &str = "tmp";
/// Blobs whose bytes are not what their name says.
pub(crate) const QUARANTINE: &str = "quarantine";
/// Records of actions and the history of steps: an SQLite database.
pub(crate) const DATABASE: &str = "actions-v3.db";
/// What earlier versions left, and nobody reads any more. A key has no place in a folder that
/// travels from machine to machine.
pub(crate) const OUTDATED: [&str; 7] = [
    "actions-v1.db",
    "actions-v1.db-wal",
    "actions-v1.db-shm",
    "actions-v2.db",
    "actions-v2.db-wal",
    "actions-v2.db-shm",
    "machine-v1.key",
];
/// Says that a process found the database damaged, and how.
pub(crate) const CONDEMNED: &str = "actions.damaged";
/// What is pinned: a file for each owner, named by the plain BLAKE3 of the owner's name.
pub(crate) const PINS: &str = "pins-v1";
/// What only saves time, authenticated by the key of the machine.
pub(crate) const NOTES: &str = "notes-v1";
/// Compiled plugins, which belong to the sandbox.
pub(crate) const AOT: &str = "aot-v1";
/// The end of the name of a compiled plugin in the making.
pub(crate) const DRAFT: &str = ".draft";
/// What native tools need, which belongs to the host's tools.
pub(crate) const TOOLS: &str = "tools-v1";
/// Shared by every process that uses the store; garbage collection takes it alone.
pub(crate) const LEASE: &str = "lease";
/// Files that take some room while there is some: on a full disk they go, so that the store can be
/// opened, and made smaller.
pub(crate) const RESERVE: &str = "reserve";
/// Held for the moment in which a store is opened.
pub(crate) const OPENING: &str = "opening";

/// Where a blob is, relative to the store.
pub(crate) fn blob(digest: &Digest) -> String {
    format!("{}/{}", shard(digest), name(digest))
}

/// The folder in which a blob is.
pub(crate) fn shard(digest: &Digest) -> String {
    format!("{BLOBS}/{}", &digest.hex()[..2])
}

/// The name of a blob within its folder.
pub(crate) fn name(digest: &Digest) -> String {
    digest.hex().split_off(2)
}
