//! What a deployment does outside, and what it is answered.

use std::fmt;

use belljar_sdk::deploy::{EffectToolCommand, HttpProblem, RequestWire, ResponseWire};

/// One thing that a deployment did outside, or would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// It sent a request.
    Http(RequestWire),
    /// It put an artifact into the storage.
    Put {
        /// Where.
        path: String,
        /// Which artifact.
        artifact: String,
    },
    /// It wrote into the storage.
    Write {
        /// Where.
        path: String,
        /// What.
        data: Vec<u8>,
    },
    /// It replaced a small object.
    Swap {
        /// Where.
        path: String,
        /// What it expected there.
        expected: Option<Vec<u8>>,
        /// What it wrote.
        data: Vec<u8>,
    },
    /// It removed an object.
    Remove {
        /// Which.
        path: String,
    },
    /// It ran a tool.
    Tool(EffectToolCommand),
}

/// One short line, easy to compare: `PUT https://example.com/a`, `put dist/a`, `run kubectl get`.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(request) => write!(f, "{} {}", request.method, request.url),
            Self::Put { path, .. } => write!(f, "put {path}"),
            Self::Write { path, .. } => write!(f, "write {path}"),
            Self::Swap { path, .. } => write!(f, "swap {path}"),
            Self::Remove { path } => write!(f, "remove {path}"),
            Self::Tool(command) => {
                let words = std::iter::once(&command.tool).chain(&command.args);
                let words: Vec<&str> = words.map(String::as_str).collect();
                write!(f, "run {}", words.join(" "))
            }
        }
    }
}

/// What a request is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpAnswer {
    wire: Result<ResponseWire, HttpProblem>,
}

impl HttpAnswer {
    /// Starts with a status. The answer has no headers and no body.
    pub fn status(status: u16) -> Self {
        Self { wire: Ok(ResponseWire { status, headers: Vec::new(), body: Vec::new() }) }
    }

    /// There is no answer.
    pub fn none(problem: HttpProblem) -> Self {
        Self { wire: Err(problem) }
    }

    /// Adds a header; its name in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok(response) = &mut self.wire {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sets what comes back.
    #[must_use]
    pub fn body(mut self, bytes: impl AsRef<[u8]>) -> Self {
        if let Ok(response) = &mut self.wire {
            response.body = bytes.as_ref().to_vec();
        }
        self
    }

    pub(crate) fn into_wire(self) -> Result<ResponseWire, HttpProblem> {
        self.wire
    }
}
