//! Trust: the key of this machine, and the writers that it knows.
//!
//! Both are in the folder of the user's keys, never in the store, which may travel, and never in
//! the workspace, which a change under review could edit.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use belljar_disk::{Mode, Root};
use belljar_model::calendar;
use belljar_model::fault::Blame;
use belljar_model::hex::hex;
use belljar_model::{Code, Fault, TrustLevel, WriterKey};
use belljar_store::{KnownWriter, MachineKey, Trust};
use serde::{Deserialize, Serialize};

use crate::args::Global;
use crate::delivery::keys::{self, SECRET};
use crate::env::EnvVar;
use crate::error::CommandError;
use crate::terminal::Terminal;

/// The file of the machine's key is there, and holds none.
const NO_KEY: Code = Code::new("E0631");
/// The list of known writers cannot be read.
const NO_LIST: Code = Code::new("E0632");

/// The secret key of this machine.
const KEY: &str = "machine.key";
/// The writers that this machine knows.
const WRITERS: &str = "trusted-writers.toml";
/// A day in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// The known writers as they are written.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    writer: BTreeMap<String, Writer>,
}

/// One known writer as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Writer {
    /// Its key.
    pub(crate) key: WriterKey,
    /// The highest level that it is believed.
    pub(crate) level: TrustLevel,
    /// The last day on which it is known, as `2027-01-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
}

/// As whom this machine writes records, and whose records it uses.
///
/// # Errors
/// When a level, the key of the machine or the list of writers cannot be read.
pub(crate) fn of_machine(global: &Global, terminal: &Terminal) -> Result<Trust, CommandError> {
    let level = match EnvVar::get(EnvVar::TRUST) {
        None => TrustLevel::default(),
        Some(text) => text.parse().map_err(|error| {
            let message = format!("{}={text} is {error}", EnvVar::TRUST);
            CommandError::usage_help(message, format!("{}=ci", EnvVar::TRUST))
        })?,
    };
    let least = global.min_trust.unwrap_or_else(|| level.max(TrustLevel::Developer));
    let key = match machine_key()? {
        Kept::Key(key) => *key,
        Kept::Nowhere(why) => {
            terminal.remark(&format!(
                "warning: there is no place for the key of this machine ({why}), so no later run \
                 can use what this one records\n  help: {}=DIR names a folder for keys",
                EnvVar::KEYS
            ));
            MachineKey::from_secret(&random()?)
        }
    };
    let known = writers()?.into_iter().map(|(name, writer)| {
        let until = writer.until.as_deref().map(|day| end_of(&name, day)).transpose()?;
        Ok((writer.key, KnownWriter { name, level: writer.level, until }))
    });
    let known = known.collect::<Result<_, Fault>>()?;
    Ok(Trust { key, level, least, known, host: env!("CARGO_PKG_VERSION").to_owned() })
}

/// The key of this machine, or why there can be none.
pub(crate) enum Kept {
    /// It is kept.
    Key(Box<MachineKey>),
    /// There is no folder for it, or it cannot be written.
    Nowhere(String),
}

/// The key of this machine; made when it is first needed.
///
/// # Errors
/// When its file is there and holds no key.
pub(crate) fn machine_key() -> Result<Kept, Fault> {
    let (place, name) = match keys::place(KEY) {
        Ok(place) => place,
        Err(fault) => return Ok(Kept::Nowhere(fault.message)),
    };
    let file = place.join(&name);
    let secret = match Root::create(&place).and_then(|folder| secret(&folder, &name)) {
        Ok(secret) => secret,
        Err(error) => return Ok(Kept::Nowhere(error.to_string())),
    };
    let text = std::str::from_utf8(&secret).ok().and_then(keys::parse);
    let key = text.map(|secret| Kept::Key(Box::new(MachineKey::from_secret(&secret))));
    key.ok_or_else(|| {
        let message = format!("`{}` holds no key of a machine", file.display());
        Fault::new(Blame::Infrastructure, NO_KEY, message)
            .help("move the file away; the next run makes a new key, and no record is used again")
    })
}

fn secret(folder: &Root, name: &str) -> Result<Vec<u8>, belljar_disk::DiskError> {
    if let Some(text) = folder.read_if_there(name)? {
        return Ok(text);
    }
    let text = format!("{SECRET}{}\n", hex(&belljar_disk::random()?));
    // Of two processes that make one at once, one wins, and both read it.
    folder.write_new(name, text.as_bytes(), Mode::Private)?;
    folder.read(name)
}

fn random() -> Result<[u8; 32], Fault> {
    belljar_disk::random().map_err(|error| {
        let message = format!("no key can be made: {error}");
        Fault::new(Blame::Infrastructure, NO_KEY, message)
    })
}

/// The writers that this machine knows, by the names that it has for them.
///
/// # Errors
/// When the list is there and cannot be read.
pub(crate) fn writers() -> Result<BTreeMap<String, Writer>, Fault> {
    let Some(bytes) = writers_text()? else { return Ok(BTreeMap::new()) };
    let text = String::from_utf8_lossy(&bytes);
    let listed: Listed = toml::from_str(&text).map_err(|error| {
        let place = keys::place(WRITERS).map(|(place, name)| place.join(name));
        let place = place.unwrap_or_else(|_| WRITERS.into());
        unreadable(&format!("`{}`: {}", place.display(), error.to_string().trim_end()))
    })?;
    for (name, writer) in &listed.writer {
        writer.until.as_deref().map(|day| end_of(name, day)).transpose()?;
    }
    Ok(listed.writer)
}

/// The list of known writers as it is written, if there is one.
///
/// # Errors
/// When it is there and cannot be read.
pub(crate) fn writers_text() -> Result<Option<Vec<u8>>, Fault> {
    let Ok((place, name)) = keys::place(WRITERS) else { return Ok(None) };
    let Ok(folder) = Root::open(&place) else { return Ok(None) };
    folder.read_if_there(&name).map_err(|error| unreadable(&error.to_string()))
}

/// Writes the list of known writers. Returns where.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(writers: BTreeMap<String, Writer>) -> Result<String, Fault> {
    let (place, name) = keys::place(WRITERS)?;
    let mut text = String::from(
        "# Whose records this machine uses, and how far each is believed at most.\n\
         # `belljar cache trust add NAME KEY --level LEVEL` writes this file.\n",
    );
    let listed = toml::to_string(&Listed { writer: writers }).expect("names and plain values");
    write!(text, "\n{listed}").expect("a string takes all");
    let failed = |error: belljar_disk::DiskError| unreadable(&error.to_string());
    let folder = Root::create(&place).map_err(failed)?;
    folder.write_durable(&name, text.as_bytes(), Mode::Private).map_err(failed)?;
    Ok(place.join(&name).display().to_string())
}

/// The end of a day, written as `2027-01-31`, in milliseconds since 1970.
///
/// # Errors
/// When it is no day.
pub(crate) fn end_of(name: &str, day: &str) -> Result<u64, Fault> {
    let parts: Vec<_> = day.split('-').collect();
    let number = |text: &str, len: usize| text.parse::<i64>().ok().filter(|_| text.len() == len);
    let days = match parts[..] {
        [year, month, date] => {
            let parts = (number(year, 4), number(month, 2), number(date, 2));
            if let (Some(year), Some(month), Some(date)) = parts {
                u64::try_from(calendar::days(year, month, date))
                    .ok()
                    .filter(|days| text_of(*days) == day)
            } else {
                None
            }
        }
        _ => None,
    };
    days.map(|days| (days + 1) * DAY_MS - 1).ok_or_else(|| {
        unreadable(&format!("writer `{name}` is known until `{day}`, which is no day"))
            .help("a day is written as 2027-01-31")
    })
}

fn text_of(days: u64) -> String {
    let (year, month, day) = calendar::date(days);
    format!("{year:04}-{month:02}-{day:02}")
}

fn unreadable(why: &str) -> Fault {
    let message = format!("the list of trusted writers cannot be used: {why}");
    Fault::new(Blame::Configuration, NO_LIST, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_its_last_millisecond() {
        assert_eq!(end_of("a", "1970-01-01").ok(), Some(DAY_MS - 1));
        assert_eq!(end_of("a", "1970-01-02").ok(), Some(2 * DAY_MS - 1));
        for bad in
            ["", "1970", "1970-1-1", "1970-02-30", "1970-01-01-01", "1969-12-31", "+970-01-01"]
        {
            assert!(end_of("a", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn writers_are_read_as_they_were_written() {
        let writer = Writer {
            key: WriterKey::from_bytes([7; 32]),
            level: TrustLevel::Ci,
            until: Some("2027-01-31".to_owned()),
        };
        let listed = Listed { writer: BTreeMap::from([("build farm".to_owned(), writer.clone())]) };
        let text = toml::to_string(&listed).unwrap();
        let again: Listed = toml::from_str(&text).unwrap();
        assert_eq!(again.writer["build farm"], writer);
        let unknown = "[writer.a]\nkey = \"ed25519:00\"\nlevel = \"ci\"\n";
        assert!(toml::from_str::<Listed>(unknown).is_err(), "no key");
    }
}
