//! The client: what every connection of this crate has in common.

use std::io::Read as _;
use std::time::Duration;

use belljar_model::ports::{MAX_ANSWER, OutletError};
use ureq::config::{AutoHeaderValue, ConfigBuilder};
use ureq::typestate::AgentScope;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body};

use crate::inward::{Inward, System};

/// What we call ourselves.
const USER_AGENT: &str = concat!("belljar/", env!("CARGO_PKG_VERSION"));

/// How long a connection is kept for the next request. Shorter than any server's limit: one that
/// the other side has closed meanwhile would look like a deployment that failed.
const KEPT_FOR: Duration = Duration::from_secs(4);

/// A client that goes where it is sent and nowhere else: no redirects, no proxies of the
/// environment, no compression, and a status that means failure is an answer as any other.
pub(crate) fn settings() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .user_agent(USER_AGENT)
        .accept_encoding(AutoHeaderValue::None)
        .max_idle_age(KEPT_FOR)
}

/// Makes the client. It connects to no address within this machine by another name.
pub(crate) fn agent(settings: ConfigBuilder<AgentScope>) -> Agent {
    Agent::with_parts(settings.build(), DefaultConnector::default(), System::default())
}

/// Reads a whole body of at most [`MAX_ANSWER`] bytes.
pub(crate) fn read(body: Body) -> Result<Vec<u8>, ureq::Error> {
    let too_large = || ureq::Error::BodyExceedsLimit(MAX_ANSWER);
    let size = body.content_length().unwrap_or(0);
    if size > MAX_ANSWER {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // The client's own limit also refuses a body that is exactly as large.
    let limited = body.into_with_config().limit(MAX_ANSWER + 2).reader();
    limited.take(MAX_ANSWER + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_ANSWER {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Why there is no answer from `place`.
pub(crate) fn failure(place: &impl std::fmt::Display, error: ureq::Error) -> OutletError {
    use std::io::ErrorKind;
    match error {
        ureq::Error::Timeout(_) => OutletError::TimedOut,
        ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut => OutletError::TimedOut,
        ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..) => {
            OutletError::TooLarge
        }
        ureq::Error::Io(error) => OutletError::Unreachable(format!("{place}: {}", plain(&error))),
        ureq::Error::HostNotFound => {
            OutletError::Unreachable(format!("{place}: no host of this name is known"))
        }
        ureq::Error::Other(error) if error.is::<Inward>() => {
            error.downcast_ref::<Inward>().expect("it is one").stop()
        }
        error => OutletError::Unreachable(format!("{place}: {error}")),
    }
}

/// The system's message without the number that Rust adds, in lower case as all our messages.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    first.to_lowercase() + rest
}
