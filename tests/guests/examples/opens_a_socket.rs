//! Imports what no step is ever given: the network.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Imports what no step is ever given: the network.
#[belljar_sdk::step(name = "opens-a-socket")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    let answered = std::net::TcpStream::connect("127.0.0.1:80").is_ok();
    Ok(Outcome::new(format!("connected: {answered}")))
}
