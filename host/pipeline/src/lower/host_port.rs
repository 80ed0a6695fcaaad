//! Hosts with their ports, such as `example.org:443` and `[::1]:8080`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Reads a host with its port, and returns the one form of it: lower case, and addresses as
/// short as they can be.
///
/// # Errors
/// Why it is none, as a fragment.
pub(crate) fn parse(text: &str) -> Result<String, &'static str> {
    if text.contains("://") {
        return Err("it is an address of the web, with a scheme");
    }
    if text.contains(['*', '?']) {
        return Err("wildcards are not allowed, each host is named");
    }
    if text.contains('/') {
        return Err("a path cannot be granted, only a whole host");
    }
    if let Some(inner) = text.strip_prefix('[') {
        let (address, rest) = inner.split_once(']').ok_or("the `[` is not closed")?;
        let address: Ipv6Addr = address.parse().map_err(|_| "it is no IPv6 address in brackets")?;
        let number = port(rest.strip_prefix(':').ok_or("it has no port")?)?;
        return Ok(format!("[{address}]:{number}"));
    }
    let (host, number) = text.rsplit_once(':').ok_or("it has no port")?;
    if host.contains(':') {
        return Err("an IPv6 address goes in brackets");
    }
    let number = port(number)?;
    let host = host.to_ascii_lowercase();
    check_host(&host)?;
    Ok(format!("{host}:{number}"))
}

fn port(text: &str) -> Result<u16, &'static str> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.filter(|number| *number > 0).ok_or("the port is a number from 1 to 65535")
}

fn check_host(host: &str) -> Result<(), &'static str> {
    if host.is_empty() {
        return Err("it has no host");
    }
    if !host.is_ascii() {
        return Err("the name has other letters than ASCII: write its `xn--` form");
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err("this cannot be the name of a host");
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) && host.parse::<Ipv4Addr>().is_err() {
        return Err("it is no IPv4 address");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_a_name_or_address_and_a_port() {
        belljar_cases::case!("E02");
        for (text, expected) in [
            ("index.example.org:443", "index.example.org:443"),
            ("Index.Example.ORG:0443", "index.example.org:443"),
            ("localhost:1", "localhost:1"),
            ("xn--bcher-kva.example:65535", "xn--bcher-kva.example:65535"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[0:0::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_with_a_port_is_refused_for_its_reason() {
        belljar_cases::case!("E01", "E02");
        for (text, reason) in [
            ("", "no port"),
            ("example.org", "no port"),
            (":443", "no host"),
            ("example.org:", "from 1 to 65535"),
            ("example.org:0", "from 1 to 65535"),
            ("example.org:65536", "from 1 to 65535"),
            ("example.org:+1", "from 1 to 65535"),
            ("example.org:https", "from 1 to 65535"),
            ("*.example.org:443", "wildcards"),
            ("*:443", "wildcards"),
            ("https://example.org:443", "scheme"),
            ("example.org:443/index", "path"),
            ("::1:80", "brackets"),
            ("[::1]", "no port"),
            ("[::1:80", "not closed"),
            ("[127.0.0.1]:80", "no IPv6"),
            ("[fe80::1%eth0]:80", "no IPv6"),
            ("256.0.0.1:80", "no IPv4"),
            ("1.2:80", "no IPv4"),
            ("a..b:80", "name of a host"),
            ("example.org.:80", "name of a host"),
            ("-a:80", "name of a host"),
            ("a b:80", "name of a host"),
            ("${vars.host}:80", "name of a host"),
            ("bücher.example:80", "xn--"),
        ] {
            let found = parse(text).expect_err(text);
            assert!(found.contains(reason), "{text}: {found}");
        }
    }
}
