//! How a step says that it did not pass, and whose fault that is.

#[cfg(target_arch = "wasm32")]
use crate::bindings::belljar::step::types as wit;
use crate::{Attr, ConfigProblem, Outcome, Problem};

/// What a step returns.
pub type StepResult = Result<Outcome, StepError>;

/// Why a step did not pass.
///
/// It is deliberately no [`std::error::Error`]: so `?` turns every error of the standard
/// library and of other crates into [`StepError::Internal`].
///
/// ```
/// use belljar_sdk::StepError;
///
/// fn parse(text: &str) -> Result<u32, StepError> {
///     Ok(text.parse::<u32>()?)
/// }
/// assert!(matches!(parse("x"), Err(StepError::Internal(_))));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepError {
    /// The project is at fault. The host remembers this answer.
    Failed(Problem),
    /// The step's configuration is wrong, at each of these places.
    InvalidConfig(Vec<ConfigProblem>),
    /// The plugin or what it stands on is at fault. The host may try again.
    Internal(Problem),
    /// The step was asked to stop, and did.
    Cancelled,
}

impl StepError {
    /// The project is at fault: `code` is for tools, such as `lint-errors`; `message` is for
    /// the user, lower-case and without a final period.
    pub fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Failed(Problem { code: code.into(), message: message.into(), attrs: Vec::new() })
    }

    /// One place of the configuration is wrong: `pointer` is a JSON pointer such as
    /// `/files/0/from`.
    pub fn invalid_config(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::InvalidConfig(vec![ConfigProblem::new(pointer, message)])
    }

    /// The plugin is at fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(Problem {
            code: "internal".to_owned(),
            message: message.into(),
            attrs: Vec::new(),
        })
    }

    /// Adds one named value for tools to a [`StepError::Failed`] or [`StepError::Internal`];
    /// the others carry none.
    #[must_use]
    pub fn attr(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        if let Self::Failed(problem) | Self::Internal(problem) = &mut self {
            problem.attrs.push(Attr::new(key, value));
        }
        self
    }
}

impl<E: std::error::Error> From<E> for StepError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::internal(message)
    }
}

#[cfg(target_arch = "wasm32")]
impl StepError {
    /// Gives the error the form in which it crosses the boundary.
    pub(crate) fn into_wit(self) -> wit::StepError {
        match self {
            Self::Failed(problem) => wit::StepError::Failed(problem),
            Self::InvalidConfig(problems) => wit::StepError::InvalidConfig(problems),
            Self::Internal(problem) => wit::StepError::Internal(problem),
            Self::Cancelled => wit::StepError::Cancelled,
        }
    }
}

impl ConfigProblem {
    /// One mistake at `pointer`, a JSON pointer into the configuration.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl Attr {
    /// One named value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

impl Outcome {
    /// The step passed: `summary` is one short line for the report, such as `3 files checked`.
    pub fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), attrs: Vec::new() }
    }

    /// Adds one named value for tools.
    #[must_use]
    pub fn attr(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attrs.push(Attr::new(key, value));
        self
    }
}

/// Ends the step because the project is at fault: a code for tools, then a formatted message.
///
/// ```
/// use belljar_sdk::prelude::*;
///
/// fn check(files: usize) -> StepResult {
///     if files == 0 {
///         fail!("no-files", "no file matches, of {files}");
///     }
///     Ok(Outcome::new("checked"))
/// }
/// assert_eq!(check(0), Err(StepError::failed("no-files", "no file matches, of 0")));
/// ```
#[macro_export]
macro_rules! fail {
    ($code:expr, $($message:tt)+) => {
        return ::core::result::Result::Err($crate::StepError::failed($code, ::std::format!($($message)+)))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("bad port")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_foreign_error_becomes_internal_with_its_causes() {
        let error = StepError::from(Outer("x".parse::<u8>().unwrap_err()));
        assert_eq!(error, StepError::internal("bad port: invalid digit found in string"));
    }

    #[test]
    fn attrs_go_to_the_problem_of_an_error() {
        let StepError::Failed(problem) = StepError::failed("code", "message").attr("key", "value")
        else {
            panic!("not failed");
        };
        assert_eq!(problem.attrs, [Attr::new("key", "value")]);
    }
}
