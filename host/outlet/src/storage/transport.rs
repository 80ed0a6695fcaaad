//! Transport: how a bucket is spoken to. One client for all that leaves, and one place to go.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use belljar_model::ports::OutletError;
use futures_core::Stream;
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport};
use ureq::Agent;
use ureq::http::{Request, Response};

use crate::client::{agent, failure, read, settings};
use crate::hosts::Authority;

const TO_CONNECT: Duration = Duration::from_secs(10);
const TO_ANSWER: Duration = Duration::from_secs(60);
/// Between two pieces of a body, in either direction.
const TO_MOVE: Duration = Duration::from_secs(30);

/// Sends the requests of the S3 client to one endpoint, and blocks meanwhile.
pub(crate) struct Transport {
    agent: Agent,
    endpoint: Authority,
}

impl Transport {
    pub(crate) fn new(endpoint: Authority) -> Self {
        let settings = settings()
            .timeout_connect(Some(TO_CONNECT))
            .timeout_recv_response(Some(TO_ANSWER))
            .timeout_per_read(Some(TO_MOVE))
            .timeout_per_write(Some(TO_MOVE));
        Self { agent: agent(settings), endpoint }
    }

    fn exchange(&self, request: Request<Buffer>) -> Result<Response<HttpBody>, OutletError> {
        let to = Authority::of(request.uri()).map_err(OutletError::Denied)?;
        if to != self.endpoint {
            let endpoint = &self.endpoint;
            return Err(OutletError::Denied(format!("`{to}` is not the endpoint `{endpoint}`")));
        }
        let has_body = !request.body().is_empty() || request.method() == "PUT";
        let answer = if has_body {
            self.agent.run(request.map(|body| body.to_vec()))
        } else {
            self.agent.run(request.map(drop))
        };
        let (parts, body) = answer.map_err(|error| failure(&to, error))?.into_parts();
        let body = read(body).map_err(|error| failure(&to, error))?;
        let body = HttpBody::new(Whole(Some(Buffer::from(body))), None);
        Ok(Response::from_parts(parts, body))
    }
}

impl HttpTransport for Transport {
    fn fetch(
        &self,
        request: Request<Buffer>,
    ) -> impl Future<Output = opendal::Result<Response<HttpBody>>> + Send {
        let answer = self.exchange(request);
        // The error itself goes along: it says more than the kinds of the S3 client.
        std::future::ready(answer.map_err(|error| {
            Error::new(ErrorKind::Unexpected, "the request failed").set_source(error)
        }))
    }
}

/// A body in one piece.
struct Whole(Option<Buffer>);

impl Stream for Whole {
    type Item = opendal::Result<Buffer>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}
