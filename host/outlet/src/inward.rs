//! Inward: a granted name must not lead back into this machine.
//!
//! Whoever answers for a name decides where it leads. So a name is looked up once, addresses that
//! only mean something within this machine or to the cloud that runs it are left out, and the
//! connection goes to one of those that are left. Only a grant of the very address reaches it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use belljar_model::ports::OutletError;
use belljar_model::{Blame, Fault};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::code::HOST_NOT_GRANTED;

/// The one name that means this machine to everybody.
const LOCALHOST: &str = "localhost";

/// Looks names up and leaves out what leads into this machine.
#[derive(Debug, Default)]
pub(crate) struct Outward<R>(R);

/// Outward, as a connection uses it.
pub(crate) type System = Outward<DefaultResolver>;

/// A name that leads nowhere but into this machine.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` leads to {address}, which is {place}")]
pub(crate) struct Inward {
    host: String,
    address: IpAddr,
    place: &'static str,
}

impl Inward {
    /// Ends the plugin, and says what would allow it.
    pub(crate) fn stop(&self) -> OutletError {
        let fault = Fault::new(Blame::Policy, HOST_NOT_GRANTED, self.to_string());
        OutletError::Stop(fault.help(format!(
            "if it should, grant that address instead of the name: `hosts = [\"{}:PORT\"]`",
            match self.address {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            }
        )))
    }
}

impl<R: Resolver> Resolver for Outward<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() || host.eq_ignore_ascii_case(LOCALHOST) {
            return Ok(found);
        }
        let mut outward = self.empty();
        let mut inward = None;
        for address in &found {
            match place(address.ip()) {
                None => outward.push(*address),
                Some(place) => {
                    inward = Some(Inward { host: host.to_owned(), address: address.ip(), place });
                }
            }
        }
        match inward {
            Some(inward) if outward.is_empty() => Err(ureq::Error::Other(Box::new(inward))),
            _ => Ok(outward),
        }
    }
}

/// What an address is if it leads into this machine, or to the cloud that runs it.
fn place(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => place_of_four(address),
        IpAddr::V6(address) => {
            embedded(address).map_or_else(|| place_of_six(address), place_of_four)
        }
    }
}

fn place_of_four(address: Ipv4Addr) -> Option<&'static str> {
    if address.is_loopback() || address.octets()[0] == 0 {
        return Some("this machine");
    }
    if address.is_link_local() || address == Ipv4Addr::new(100, 100, 100, 200) {
        return Some("where a cloud gives out credentials, or this machine's own link");
    }
    (address.is_broadcast() || address.is_multicast()).then_some("no single host")
}

fn place_of_six(address: Ipv6Addr) -> Option<&'static str> {
    if address.is_loopback() || address.is_unspecified() {
        return Some("this machine");
    }
    let cloud = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    if address.is_unicast_link_local() || address == cloud {
        return Some("where a cloud gives out credentials, or this machine's own link");
    }
    address.is_multicast().then_some("no single host")
}

/// The address of version 4 that one of version 6 stands for: mapped, or through a translator.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let translated = address.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
    let [.., a, b, c, d] = address.octets();
    let four = Ipv4Addr::new(a, b, c, d);
    translated.then_some(four).or_else(|| address.to_ipv4_mapped())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    /// Answers every name with these addresses.
    #[derive(Debug)]
    struct Told(Vec<IpAddr>);

    impl Resolver for Told {
        fn resolve(
            &self,
            _: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let mut found = self.empty();
            self.0.iter().for_each(|address| found.push(SocketAddr::new(*address, 80)));
            Ok(found)
        }
    }

    fn looked_up(host: &str, told: &[&str]) -> Result<Vec<String>, ureq::Error> {
        let told = told.iter().map(|text| text.parse().expect("an address")).collect();
        let uri = Uri::try_from(format!("http://{host}/")).expect("an address of the web");
        let timeout = NextTimeout::default();
        let found = Outward(Told(told)).resolve(&uri, &Config::default(), timeout)?;
        Ok(found.iter().map(|address| address.ip().to_string()).collect())
    }

    #[test]
    fn a_name_that_leads_inward_is_not_followed() {
        belljar_cases::case!("E01", "E03");
        for inward in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "100.100.100.200",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
        ] {
            for host in ["deploy.example", "2130706433", "127.1", "metadata.google.internal"] {
                let error = looked_up(host, &[inward]).expect_err(inward);
                let ureq::Error::Other(error) = error else { panic!("{error}") };
                let inward = error.downcast_ref::<Inward>().expect("it says why");
                let OutletError::Stop(fault) = inward.stop() else { panic!("it goes on") };
                assert_eq!((fault.blame, &fault.code), (Blame::Policy, &HOST_NOT_GRANTED));
                assert!(fault.message.contains(host), "{fault}");
            }
        }
    }

    #[test]
    fn of_several_addresses_those_that_lead_outward_are_left() {
        belljar_cases::case!("E03");
        let found = looked_up("deploy.example", &["127.0.0.1", "192.0.2.7", "::1", "10.0.0.9"]);
        assert_eq!(found.expect("some are left"), ["192.0.2.7", "10.0.0.9"]);
    }

    #[test]
    fn an_address_that_was_granted_itself_and_localhost_are_what_they_say() {
        belljar_cases::case!("E01", "E02");
        assert_eq!(looked_up("127.0.0.1", &["127.0.0.1"]).expect("granted"), ["127.0.0.1"]);
        assert_eq!(looked_up("[::1]", &["::1"]).expect("granted"), ["::1"]);
        assert_eq!(looked_up("localhost:80", &["127.0.0.1"]).expect("granted"), ["127.0.0.1"]);
    }
}
