//! Notes: short texts that only save time, such as what a run looked at. They are authenticated
//! by the key of the machine, and are gone as soon as the store doubts anything.

use std::path::Path;

use belljar_disk::{DiskError, Durability, Mode, Root, Temp};
use belljar_model::Digest;

use crate::error::StoreError;
use crate::layout;
use crate::trust::MachineKey;

/// How many notes are kept. One more, and all others go: whoever needs one makes it again.
const MOST: usize = 256;
/// How many bytes they may take. If it would be more, all others go.
const MOST_BYTES: u64 = 512 << 20;
/// The length of what authenticates a note, in bytes.
const TAG: usize = 32;

/// How often it is tried to remove a folder into which others write.
const TRIES: usize = 16;

/// The notes in a store. They can be read without opening it: that takes a database.
///
/// What is written goes into the folder that was there when this was made: once all notes were
/// forgotten, nobody brings back what was concluded before.
pub struct Notes {
    store: Root,
    folder: Root,
    key: [u8; 32],
}

impl Notes {
    /// The notes in the store at `place`.
    ///
    /// # Errors
    /// When no folder is there, or it can hold no notes.
    pub fn of(place: &Path, key: &MachineKey) -> Result<Self, StoreError> {
        let store = Root::open(place)?;
        let folder = folder(&store)?;
        Ok(Self { store, folder, key: key.notes() })
    }

    /// The note with a name, if there is one that this machine wrote under this name.
    pub fn read(&self, name: &Digest) -> Option<Vec<u8>> {
        // Nothing is known of it yet, not even that it fits into memory.
        self.folder.stat(&name.hex()).ok()?.filter(|stat| stat.size <= MOST_BYTES)?;
        let mut bytes = self.folder.read_if_there(&name.hex()).ok()??;
        let (tag, text) = bytes.split_first_chunk::<TAG>()?;
        // The comparison takes the same time wherever they differ.
        if self.tag(name, text) != blake3::Hash::from_bytes(*tag) {
            return None;
        }
        bytes.drain(..TAG);
        Some(bytes)
    }

    /// Writes a note, unless it is too large, and says whether it did. It is not made durable: a
    /// note that a power cut damaged is none.
    ///
    /// # Errors
    /// When it cannot be written, or all notes were forgotten since this was made.
    pub fn write(&mut self, name: &Digest, text: &[u8]) -> Result<bool, StoreError> {
        let size = (TAG + text.len()) as u64;
        if size > MOST_BYTES {
            return Ok(false);
        }
        if !self.has_room(name, size)? {
            forget(&self.store)?;
            self.folder = folder(&self.store)?;
        }
        let mut temp = Temp::new(&self.folder, "", Mode::Private)?;
        temp.append(self.tag(name, text).as_bytes())?;
        temp.append(text)?;
        temp.persist(&name.hex(), Durability::Cached)?;
        Ok(true)
    }

    /// Whether this many bytes may be kept under this name, with all that is kept under others.
    fn has_room(&self, name: &Digest, bytes: u64) -> Result<bool, DiskError> {
        let mut others = self.folder.items("")?;
        others.retain(|note| note.name != name.hex());
        let taken = others.iter().map(|note| note.bytes).fold(bytes, u64::saturating_add);
        Ok(others.len() < MOST && taken <= MOST_BYTES)
    }

    fn tag(&self, name: &Digest, text: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(name.hex().as_bytes());
        hasher.update(text);
        hasher.finalize()
    }
}

/// The folder of the notes, which is made if it is not there.
fn folder(store: &Root) -> Result<Root, DiskError> {
    store.create_private_dir(layout::NOTES)?;
    store.folder(layout::NOTES)
}

/// Removes all notes, when a record or a blob turned out to be wrong, or went away: whoever relied
/// on what was there looks again.
pub(crate) fn forget(store: &Root) -> Result<(), DiskError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match store.remove_dir_all(layout::NOTES) {
            // Another process wrote one meanwhile.
            Err(_) if tries < TRIES => {}
            done => return done.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use belljar_cases::case;

    use super::*;
    use crate::gc::Sweep;
    use crate::testing::Fixture;

    fn name(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    fn notes(fixture: &Fixture, secret: u8) -> Notes {
        drop(fixture.open());
        Notes::of(fixture.path(), &MachineKey::from_secret(&[secret; 32])).unwrap()
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let fixture = Fixture::new();
        let mut notes = notes(&fixture, 1);
        assert_eq!(notes.read(&name("a")), None);
        notes.write(&name("a"), b"text").unwrap();
        assert_eq!(notes.read(&name("a")).unwrap(), b"text");
        assert_eq!(notes.read(&name("b")), None);
        notes.write(&name("a"), b"").unwrap();
        assert_eq!(notes.read(&name("a")).unwrap(), b"");
    }

    #[test]
    fn a_note_that_someone_else_wrote_or_put_elsewhere_is_none() {
        case!("H12");
        let fixture = Fixture::new();
        notes(&fixture, 2).write(&name("a"), b"all is well").unwrap();
        let mut mine = notes(&fixture, 1);
        assert_eq!(mine.read(&name("a")), None, "another key");
        mine.write(&name("a"), b"text").unwrap();
        let file = |text| fixture.path().join(layout::NOTES).join(name(text).hex());
        std::fs::copy(file("a"), file("b")).unwrap();
        assert_eq!(mine.read(&name("b")), None, "another name");
        let whole = std::fs::read(file("a")).unwrap();
        for at in 0..whole.len() {
            let mut spoiled = whole.clone();
            spoiled[at] ^= 1;
            std::fs::write(file("a"), &spoiled).unwrap();
            assert_eq!(mine.read(&name("a")), None, "byte {at}");
            std::fs::write(file("a"), &whole[..at]).unwrap();
            assert_eq!(mine.read(&name("a")), None, "cut at {at}");
        }
    }

    #[test]
    fn notes_are_bounded_and_go_with_what_they_rely_on() {
        let fixture = Fixture::new();
        let mut kept = notes(&fixture, 1);
        for number in 0..=MOST {
            kept.write(&name(&number.to_string()), b"text").unwrap();
        }
        assert_eq!(kept.read(&name("0")), None);
        assert!(kept.read(&name(&MOST.to_string())).is_some());
        for number in 1..MOST {
            kept.write(&name(&number.to_string()), b"text").unwrap();
        }
        kept.write(&name("1"), b"another text").unwrap();
        assert!(kept.read(&name("2")).is_some(), "there is no more than there was");
        fixture.open().gc(0, Sweep::DryRun).unwrap();
        assert!(kept.read(&name(&MOST.to_string())).is_some(), "nothing was collected");
        fixture.open().gc(0, Sweep::Delete).unwrap();
        assert_eq!(kept.read(&name(&MOST.to_string())), None);
    }

    #[test]
    fn a_note_that_would_not_fit_into_memory_is_none() {
        case!("H12");
        let fixture = Fixture::new();
        let kept = notes(&fixture, 1);
        let place = fixture.path().join(layout::NOTES).join(name("a").hex());
        std::fs::File::create(place).unwrap().set_len(1 + MOST_BYTES).unwrap();
        assert_eq!(kept.read(&name("a")), None);
    }

    #[test]
    fn notes_have_a_bound_of_bytes_too() {
        let fixture = Fixture::new();
        let mut kept = notes(&fixture, 1);
        kept.write(&name("small"), b"text").unwrap();
        let place = fixture.path().join(layout::NOTES).join(name("large").hex());
        // It takes no room, but says that it would.
        std::fs::File::create(place).unwrap().set_len(MOST_BYTES - 1_000).unwrap();
        kept.write(&name("other"), b"text").unwrap();
        assert!(kept.read(&name("small")).is_some());
        kept.write(&name("one more"), &[0; 1_000]).unwrap();
        assert_eq!(kept.read(&name("small")), None);
        assert!(kept.read(&name("one more")).is_some());
    }

    #[test]
    fn what_was_concluded_before_all_was_forgotten_is_not_written() {
        case!("H12");
        let fixture = Fixture::new();
        let mut early = notes(&fixture, 1);
        early.write(&name("a"), b"text").unwrap();
        for _ in 0..2 {
            let mut before = notes(&fixture, 1);
            forget(&fixture.open().root).unwrap();
            assert!(before.write(&name("a"), b"text").is_err(), "also if there were none");
        }
        let mut after = notes(&fixture, 1);
        assert_eq!(after.read(&name("a")), None);
        after.write(&name("a"), b"anew").unwrap();
        assert_eq!(notes(&fixture, 1).read(&name("a")).unwrap(), b"anew");
    }
}
