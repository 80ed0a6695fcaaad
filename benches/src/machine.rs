//! Machine: what the numbers were measured on, without saying whose it is.

use std::fs;
use std::thread;

/// One line: processors, kernel, how busy it was.
pub(crate) fn describe() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let cpu = first_value("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    // Only the version proper: what follows it is chosen by whoever built the kernel.
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel = kernel.split('-').next().unwrap_or_default().trim();
    let memory = first_value("/proc/meminfo", "MemTotal").unwrap_or_default();
    let memory: u64 = memory.trim_end_matches("kB").trim().parse().unwrap_or_default();
    format!("{cores} x {cpu}, {} GiB, {} {kernel}", memory >> 20, std::env::consts::OS)
}

/// How many threads wanted to run during the last minute, on average.
pub(crate) fn load() -> String {
    read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn first_value(path: &str, key: &str) -> Option<String> {
    let text = read(path);
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
