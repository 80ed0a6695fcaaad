//! Links: long addresses by their short names, in memory.

use std::collections::BTreeMap;
use std::fmt;

/// The letters and digits of a name, without those that are easily mistaken for another.
const ALPHABET: &[u8] = b"23456789abcdefghjkmnpqrstuvwxyz";
/// The longest address, in bytes.
const MAX_LENGTH: usize = 2000;

/// Why an address is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressError {
    /// It does not begin with `http://` or `https://`.
    NotHttp,
    /// It is longer than any browser would send.
    TooLong,
    /// It has blanks or control characters, which would end a header.
    NotPrintable,
}

impl fmt::Display for AddressError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotHttp => "an address begins with http:// or https://",
            Self::TooLong => "an address has at most 2000 bytes",
            Self::NotPrintable => "an address has no blanks and no control characters",
        })
    }
}

impl std::error::Error for AddressError {}

/// Long addresses by their short names.
#[derive(Clone, Default, Debug)]
pub struct Links {
    by_name: BTreeMap<String, String>,
    added: usize,
}

impl Links {
    /// Adds an address and returns its name. An address that is there already keeps its name.
    ///
    /// # Errors
    /// When the address could not be followed.
    pub fn add(&mut self, address: &str) -> Result<String, AddressError> {
        check(address)?;
        if let Some((name, _)) = self.by_name.iter().find(|(_, known)| *known == address) {
            return Ok(name.clone());
        }
        let name = name(self.added);
        self.added += 1;
        self.by_name.insert(name.clone(), address.to_owned());
        Ok(name)
    }

    /// The address behind a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }

    /// Forgets a name, and returns whether it was known. The name is never given again.
    pub fn remove(&mut self, name: &str) -> bool {
        self.by_name.remove(name).is_some()
    }

    /// All names with their addresses, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_name.iter().map(|(name, address)| (name.as_str(), address.as_str()))
    }
}

fn check(address: &str) -> Result<(), AddressError> {
    if !address.starts_with("http://") && !address.starts_with("https://") {
        return Err(AddressError::NotHttp);
    }
    if address.len() > MAX_LENGTH {
        return Err(AddressError::TooLong);
    }
    if !address.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AddressError::NotPrintable);
    }
    Ok(())
}

/// The name of the link that was added after `number` others.
fn name(mut number: usize) -> String {
    let mut name = String::new();
    loop {
        name.push(char::from(ALPHABET[number % ALPHABET.len()]));
        number /= ALPHABET.len();
        if number == 0 {
            return name;
        }
        number -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_link_is_found_under_its_name() {
        let mut links = Links::default();
        let name = links.add("https://example.com/a").unwrap();
        assert_eq!(links.get(&name), Some("https://example.com/a"));
        assert_eq!(links.get("other"), None);
    }

    #[test]
    fn the_same_address_has_one_name() {
        let mut links = Links::default();
        let first = links.add("https://example.com/a").unwrap();
        assert_ne!(links.add("https://example.com/b").unwrap(), first);
        assert_eq!(links.add("https://example.com/a").unwrap(), first);
        assert_eq!(links.iter().count(), 2);
    }

    #[test]
    fn a_name_is_never_given_twice() {
        let mut links = Links::default();
        let first = links.add("https://example.com/a").unwrap();
        assert!(links.remove(&first));
        assert!(!links.remove(&first));
        assert_ne!(links.add("https://example.com/a").unwrap(), first);
    }

    #[test]
    fn names_are_short_and_all_different() {
        let names: BTreeSet<String> = (0..5000).map(name).collect();
        assert_eq!(names.len(), 5000);
        assert!(names.iter().all(|name| name.len() <= 3));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let long = format!("https://example.com/{}", "a".repeat(MAX_LENGTH));
        for (address, error) in [
            ("ftp://example.com", AddressError::NotHttp),
            ("https://example.com/\r\nset-cookie: a=b", AddressError::NotPrintable),
            (&long, AddressError::TooLong),
        ] {
            assert_eq!(Links::default().add(address), Err(error), "{address}");
        }
    }
}
