//! Compiled plugins, kept on disk.
//!
//! What is kept here is machine code that will be run, so nothing is believed because of where
//! it lies: every file carries a keyed hash over its kind, its key and its bytes, and what is
//! verified is the same buffer that is used. A file that does not verify is made anew.

use std::ffi::OsStr;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use belljar_disk::Root;
use belljar_model::Digest;
use belljar_model::ports::GuestKind;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasmtime::Engine;

/// Where compiled plugins are kept, and what proves that this machine made them.
#[derive(Clone)]
pub struct AotOptions {
    /// A folder of the user's own. It is created if it is not there.
    pub dir: PathBuf,
    /// A secret of this machine. It must not travel with the folder.
    pub key: [u8; 32],
}

/// The length of the keyed hash in front of each file.
const MAC: usize = 32;

/// Compiled plugins on disk.
pub(crate) struct AotCache {
    dir: PathBuf,
    key: [u8; 32],
    root: Option<Root>,
}

/// Which engine can run a compiled plugin: its settings, the processor, wasmtime's version.
#[derive(Clone, Copy)]
pub(crate) struct Compatibility([u8; 32]);

impl Compatibility {
    /// What code must have been compiled for, to be run by `engine`.
    pub(crate) fn of(engine: &Engine) -> Self {
        let mut hasher = CompatibilityHasher(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self(*hasher.0.finalize().as_bytes())
    }
}

/// The name of one file: what it holds, of which plugin, for which host.
struct Key {
    extension: &'static str,
    hash: blake3::Hash,
}

impl Key {
    /// Machine code, which only one kind of engine can run.
    fn code(kind: GuestKind, digest: &Digest, compatibility: &Compatibility) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(match kind {
            GuestKind::Plugin => "belljar 2026 compiled plugin v1",
            GuestKind::Command => "belljar 2026 compiled command v1",
        });
        hasher.update(&compatibility.0).update(digest.hash());
        Self { extension: "cwasm", hash: hasher.finalize() }
    }

    /// What is known about a component without running it.
    fn card(kind: GuestKind, digest: &Digest) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(match kind {
            GuestKind::Plugin => "belljar 2026 plugin card v1",
            GuestKind::Command => "belljar 2026 command card v1",
        });
        hasher.update(env!("CARGO_PKG_VERSION").as_bytes()).update(b"\0").update(digest.hash());
        Self { extension: "card", hash: hasher.finalize() }
    }
}

impl AotCache {
    /// Opens the folder, which only this user may enter.
    ///
    /// # Errors
    /// When it cannot be made, or is another user's.
    pub(crate) fn open(options: AotOptions) -> io::Result<Self> {
        let AotOptions { dir, key } = options;
        fs::create_dir_all(&dir)?;
        #[cfg(unix)]
        fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let root = Root::open(&dir).ok();
        Ok(Self { dir, key, root })
    }

    /// Returns the code of a component, if this machine has made it and nobody changed it.
    pub(crate) fn code(
        &self,
        kind: GuestKind,
        digest: &Digest,
        compatibility: &Compatibility,
    ) -> Option<Bytes> {
        let file = self.read(&Key::code(kind, digest, compatibility))?;
        Some(Bytes::from(file).slice(MAC..))
    }

    /// Keeps the code of a component. That it cannot be kept is no failure: it is only slower.
    pub(crate) fn put_code(
        &self,
        kind: GuestKind,
        digest: &Digest,
        compatibility: &Compatibility,
        code: &[u8],
    ) {
        let _ = self.put(&Key::code(kind, digest, compatibility), code);
    }

    /// Returns what is known about a plugin.
    pub(crate) fn card<T: DeserializeOwned>(&self, kind: GuestKind, digest: &Digest) -> Option<T> {
        let file = self.read(&Key::card(kind, digest))?;
        serde_json::from_slice(&file[MAC..]).ok()
    }

    /// Keeps what is known about a plugin.
    pub(crate) fn put_card<T: Serialize>(&self, kind: GuestKind, digest: &Digest, card: &T) {
        if let Ok(card) = serde_json::to_vec(card) {
            let _ = self.put(&Key::card(kind, digest), &card);
        }
    }

    fn read(&self, key: &Key) -> Option<Vec<u8>> {
        let path = self.path(key);
        let file = fs::read(&path).ok()?;
        let (mac, bytes) = file.split_at_checked(MAC)?;
        let mac: [u8; MAC] = mac.try_into().ok()?;
        // `blake3::Hash` compares in constant time.
        if self.mac(key, bytes) != blake3::Hash::from(mac) {
            return None;
        }
        // What was not used for long is removed one day; without this, that day comes sooner.
        if let (Some(root), Some(name)) = (&self.root, path.file_name().and_then(OsStr::to_str)) {
            let _ = root.touch(name);
        }
        Some(file)
    }

    fn put(&self, key: &Key, bytes: &[u8]) -> io::Result<()> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let path = self.path(key);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{}-{count}.draft", std::process::id()));
        let written = self.write(&draft, key, bytes).and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written
    }

    fn write(&self, draft: &Path, key: &Key, bytes: &[u8]) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(draft)?;
        file.write_all(self.mac(key, bytes).as_bytes())?;
        file.write_all(bytes)
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.dir.join(format!("{}.{}", key.hash.to_hex(), key.extension))
    }

    fn mac(&self, key: &Key, bytes: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(key.extension.as_bytes()).update(b"\0");
        hasher.update(key.hash.as_bytes()).update(bytes);
        hasher.finalize()
    }
}

/// Feeds a `Hash` into BLAKE3, because a cache key must not collide.
struct CompatibilityHasher(blake3::Hasher);

impl Hasher for CompatibilityHasher {
    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        let low = hash.as_bytes()[..8].try_into();
        u64::from_le_bytes(low.expect("a hash has 32 bytes"))
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(dir: &Path, key: u8) -> AotCache {
        let options = AotOptions { dir: dir.join("aot"), key: [key; 32] };
        AotCache::open(options).unwrap()
    }

    fn only_file(dir: &Path) -> PathBuf {
        let mut files = fs::read_dir(dir.join("aot")).unwrap();
        let file = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none(), "no drafts are left");
        file
    }

    #[test]
    fn a_card_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"plugin");
        cache(dir.path(), 1).put_card(GuestKind::Plugin, &digest, &"card");
        assert_eq!(cache(dir.path(), 1).card(GuestKind::Plugin, &digest), Some("card".to_owned()));
        assert_eq!(
            cache(dir.path(), 1).card::<String>(GuestKind::Plugin, &Digest::of(b"other")),
            None
        );
    }

    #[test]
    fn a_file_of_another_key_or_with_one_bit_changed_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"plugin");
        cache(dir.path(), 1).put_card(GuestKind::Plugin, &digest, &"card");
        assert_eq!(cache(dir.path(), 2).card::<String>(GuestKind::Plugin, &digest), None);
        let file = only_file(dir.path());
        let bytes = fs::read(&file).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            fs::write(&file, changed).unwrap();
            assert_eq!(
                cache(dir.path(), 1).card::<String>(GuestKind::Plugin, &digest),
                None,
                "byte {place}"
            );
        }
        fs::write(&file, &bytes[..10]).unwrap();
        assert_eq!(
            cache(dir.path(), 1).card::<String>(GuestKind::Plugin, &digest),
            None,
            "cut off"
        );
    }

    #[test]
    fn what_is_used_is_as_young_as_if_it_were_new() {
        let dir = tempfile::tempdir().unwrap();
        let (digest, cache) = (Digest::of(b"plugin"), cache(dir.path(), 1));
        cache.put_card(GuestKind::Plugin, &digest, &"card");
        let root = Root::open(&dir.path().join("aot")).unwrap();
        let name = only_file(dir.path()).file_name().unwrap().to_str().unwrap().to_owned();
        let is_old = || root.stat(&name).unwrap().unwrap().mtime_ns == 7;
        root.set_mtime(&name, 7).unwrap();
        assert_eq!(cache.card::<String>(GuestKind::Plugin, &Digest::of(b"other")), None);
        assert!(is_old(), "nobody used it");
        assert!(cache.card::<String>(GuestKind::Plugin, &digest).is_some());
        assert!(!is_old());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read_what_is_kept() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        cache(dir.path(), 1).put_card(GuestKind::Plugin, &Digest::of(b"plugin"), &"card");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir.path().join("aot")), 0o700);
        assert_eq!(mode(&only_file(dir.path())), 0o600);
    }
}
