//! Hosts: where requests may go.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv6Addr;
use std::num::NonZeroU16;

use belljar_model::ports::OutletError;
use belljar_model::{Blame, Fault};
use ureq::http::Uri;

use crate::code::{HOST_NOT_GRANTED, MALFORMED_HOST, malformed};

/// A host and a port, in the one form in which they are compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Authority {
    /// In lower case; an IPv6 address in brackets and in its shortest form.
    host: String,
    port: u16,
}

impl Authority {
    /// The host and port that an address leads to.
    pub(crate) fn of(uri: &Uri) -> Result<Self, String> {
        let default = match uri.scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            _ => return Err("its scheme is neither `http` nor `https`".to_owned()),
        };
        let authority = uri.authority().ok_or("it names no host")?;
        let host = authority.host();
        // What is not the host and a port is a name and password, or a port that is none.
        let port = match (authority.as_str().strip_prefix(host), authority.port()) {
            (Some(""), None) => default,
            (Some(rest), Some(port)) if rest.strip_prefix(':') == Some(port.as_str()) => {
                port.as_u16()
            }
            _ => return Err("it holds more than a host and a port before its path".to_owned()),
        };
        Ok(Self { host: normal(host)?, port })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').ok_or("the port is missing")?;
        if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("`{port}` is not a port"));
        }
        let port: NonZeroU16 = port.parse().map_err(|_| format!("`{port}` is not a port"))?;
        Ok(Self { host: normal(host)?, port: port.get() })
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.host, self.port)
    }
}

/// The form in which hosts are compared.
fn normal(host: &str) -> Result<String, String> {
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        let address = address.ok_or_else(|| format!("`{host}` is not an IPv6 address"))?;
        return Ok(format!("[{address}]"));
    }
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if host.is_empty() || !host.bytes().all(is_letter) {
        return Err(format!("`{host}` is not the name of a host"));
    }
    Ok(host.to_ascii_lowercase())
}

/// Parses an address as the client does that will connect to it.
pub(crate) fn parse_url(url: &str) -> Result<(Uri, Authority), String> {
    // The client would take some of these, and drop what others see.
    if let Some(odd) =
        url.chars().find(|letter| !letter.is_ascii_graphic() || r"\#".contains(*letter))
    {
        return Err(format!("it holds `{}`", odd.escape_default()));
    }
    let uri = Uri::try_from(url).map_err(|error| error.to_string())?;
    let authority = Authority::of(&uri)?;
    Ok((uri, authority))
}

/// The hosts that one environment may send requests to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hosts {
    environment: String,
    granted: BTreeSet<Authority>,
}

impl Hosts {
    /// Reads the list of an environment: `host:port`, an IPv6 address in brackets.
    ///
    /// # Errors
    /// When an entry is something else.
    pub fn new(environment: &str, granted: &[String]) -> Result<Self, Fault> {
        let read = |text: &String| {
            Authority::parse(text).map_err(|reason| {
                let message =
                    format!("environment `{environment}` grants the host `{text}`: {reason}");
                Fault::new(Blame::Configuration, MALFORMED_HOST, message)
                    .help("write `HOST:PORT`, such as `example.com:443` or `[::1]:8080`")
            })
        };
        let granted = granted.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { environment: environment.to_owned(), granted })
    }

    /// The environment whose hosts these are.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Parses the address of a request that may be sent.
    pub(crate) fn admit(&self, url: &str) -> Result<(Uri, Authority), OutletError> {
        let (uri, authority) = parse_url(url)
            .map_err(|why| malformed(format!("no request can be sent to `{url}`: {why}")))?;
        if self.granted.contains(&authority) {
            return Ok((uri, authority));
        }
        let environment = &self.environment;
        let message = format!("environment `{environment}` may not send requests to `{authority}`");
        let fault = Fault::new(Blame::Policy, HOST_NOT_GRANTED, message).help(format!(
            "if it should, add `hosts = [\"{authority}\"]` to `[environment.{environment}]`"
        ));
        Err(OutletError::Stop(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        let granted = ["good.example:443", "good.example:80", "Up.Example:8443", "[0:0::1]:80"];
        Hosts::new("prod", &granted.map(str::to_owned)).unwrap()
    }

    #[test]
    fn a_granted_host_is_known_in_every_way_to_write_it() {
        belljar_cases::case!("E02");
        for (url, to) in [
            ("https://good.example", "good.example:443"),
            ("https://good.example/a?b=http://evil.example/", "good.example:443"),
            ("http://GOOD.example:80/", "good.example:80"),
            ("https://up.example:8443/", "up.example:8443"),
            ("http://[::1]/", "[::1]:80"),
            ("http://[0000::0001]:80/", "[::1]:80"),
            ("https://good.example:0443/", "good.example:443"),
        ] {
            let (uri, authority) =
                hosts().admit(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(authority.to_string(), to, "{url}");
            assert!(to.starts_with(&uri.host().unwrap().to_lowercase()) || url.contains('['));
        }
    }

    #[test]
    fn every_other_address_is_stopped() {
        belljar_cases::case!("E02", "E06");
        let check = |url: &str, code: &str| {
            let Err(OutletError::Stop(fault)) = hosts().admit(url) else {
                panic!("`{url}` was let through")
            };
            assert_eq!(fault.code.as_str(), code, "{url}: {fault}");
        };
        for url in [
            "https://evil.example/",
            "https://good.example:8443/",
            "http://up.example/",
            "https://good.example./",
            "https://sub.good.example/",
            "https://good.example.evil.example/",
            "https://evil.example/good.example",
            "https://evil.example?good.example:443/",
            "https://xn--god-1na.example/",
            "http://[::2]/",
            "http://2130706433/",
            "http://127.1/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            check(url, "E0910");
        }
        for url in [
            "https://good.example@evil.example/",
            "https://good.example:443@evil.example/",
            "https://evil.example@good.example/",
            "https://user:password@good.example/",
            "https://evil.example\\@good.example/",
            "https://good.example\\.evil.example/",
            "https://evil.example#@good.example/",
            "https://good.example/#fragment",
            "https://good.example:99999/",
            "https://good.example:/",
            "https://good.example:443:80/",
            "https://göod.example/",
            "https://g%6fod.example/",
            "https://good.example /",
            "https://good.example/\r\nhost: evil.example",
            "https://good.example/\ta",
            "https:///good.example/",
            "https:good.example",
            "//good.example/",
            "good.example:443",
            "/path",
            "",
            "ftp://good.example/",
            "file:///etc/passwd",
            "unix://good.example/",
            "http://[::1%25eth0]/",
            "http://[::1/",
        ] {
            check(url, "E0912");
        }
    }

    #[test]
    fn a_refusal_says_what_to_add() {
        let Err(OutletError::Stop(fault)) = hosts().admit("https://API.example/v1") else {
            panic!()
        };
        assert_eq!(fault.blame, Blame::Policy);
        assert_eq!(
            fault.to_string(),
            "environment `prod` may not send requests to `api.example:443`"
        );
        assert_eq!(
            fault.help.unwrap(),
            "if it should, add `hosts = [\"api.example:443\"]` to `[environment.prod]`"
        );
    }

    #[test]
    fn a_grant_is_a_host_and_a_port() {
        belljar_cases::case!("E01");
        for text in [
            "", "a", "a:", ":1", "a:b", "a:99999", "a:0", "a:+1", "a/b:1", "u@a:1", "::1:80",
            "*:80",
        ] {
            let fault = Hosts::new("e", &[text.to_owned()]).unwrap_err();
            assert_eq!(fault.code.as_str(), "E0917", "{text}");
        }
    }
}
