//! The few files of `/etc` that a tool finds.

use super::namespaces::HOME;

/// Files of the machine that say nothing about it: what the dynamic loader knows, and which
/// program stands behind a name.
pub(super) const OF_THE_MACHINE: &[&str] = &["/etc/ld.so.cache", "/etc/alternatives"];

/// More for a tool that connects to a host.
pub(super) const NETWORK: &[&str] =
    &["/etc/resolv.conf", "/etc/ssl", "/etc/pki", "/etc/ca-certificates"];

/// Where a tool finds each file, and its text.
pub(super) fn files() -> [(&'static str, String); 4] {
    let user = rustix::process::geteuid().as_raw();
    let group = rustix::process::getegid().as_raw();
    let mut passwd = String::new();
    let mut groups = String::new();
    // The first of a number is the one that is found, so the tool's own comes first.
    for (name, number, group_number) in
        [("belljar", user, group), ("root", 0, 0), ("nobody", 65_534, 65_534)]
    {
        passwd += &format!("{name}:x:{number}:{group_number}::{HOME}:/bin/sh\n");
        groups += &format!("{name}:x:{group_number}:\n");
    }
    let hosts = "127.0.0.1 localhost belljar\n::1 localhost\n".to_owned();
    let switch = "passwd: files\ngroup: files\nhosts: files dns\n".to_owned();
    [
        ("/etc/passwd", passwd),
        ("/etc/group", groups),
        ("/etc/hosts", hosts),
        ("/etc/nsswitch.conf", switch),
    ]
}
