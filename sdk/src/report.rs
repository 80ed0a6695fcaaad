//! Ways to make findings and test cases.

use std::time::Duration;

use crate::{Attr, Edit, Finding, Severity, Span, TestCase, TestStatus};

impl Finding {
    /// Makes a finding of a severity: `rule` is a stable name such as `json-syntax`, `message`
    /// a sentence for the user.
    ///
    /// ```
    /// use belljar_sdk::{Finding, Severity, Span};
    ///
    /// let finding = Finding::error("json-syntax", "expected a value")
    ///     .at(Span::new("a.json", (1, 2), (1, 3)))
    ///     .fix(Span::point("a.json", 1, 2), "null");
    /// assert_eq!(finding.severity, Severity::Error);
    /// assert_eq!(finding.fixes[0].replacement, "null");
    /// ```
    pub fn new(severity: Severity, rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            severity,
            message: message.into(),
            at: None,
            fixes: Vec::new(),
            attrs: Vec::new(),
        }
    }

    /// Makes a finding that must be mended.
    pub fn error(rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, rule, message)
    }

    /// Makes a finding that should be mended.
    pub fn warning(rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, rule, message)
    }

    /// Makes a finding that is worth knowing.
    pub fn note(rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, rule, message)
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.at = Some(span);
        self
    }

    /// Adds an edit. All edits of a finding are applied together.
    #[must_use]
    pub fn fix(mut self, at: Span, replacement: impl Into<String>) -> Self {
        self.fixes.push(Edit { at, replacement: replacement.into() });
        self
    }

    /// Adds one named value for tools.
    #[must_use]
    pub fn attr(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attrs.push(Attr::new(key, value));
        self
    }
}

impl Span {
    /// Makes a region from two places, each a line and a column that count from 1; the end is
    /// exclusive.
    pub fn new(file: impl Into<String>, start: (u32, u32), end: (u32, u32)) -> Self {
        Self {
            file: file.into(),
            start_line: start.0,
            start_col: start.1,
            end_line: end.0,
            end_col: end.1,
        }
    }

    /// Makes an empty region at a line and a column that count from 1.
    pub fn point(file: impl Into<String>, line: u32, col: u32) -> Self {
        Self::new(file, (line, col), (line, col))
    }
}

impl TestCase {
    /// Makes a test case of group `suite`.
    pub fn new(suite: impl Into<String>, name: impl Into<String>, status: TestStatus) -> Self {
        Self {
            suite: suite.into(),
            name: name.into(),
            status,
            duration_us: 0,
            message: String::new(),
            at: None,
            attrs: Vec::new(),
        }
    }

    /// Says how long it took.
    #[must_use]
    pub fn took(mut self, duration: Duration) -> Self {
        self.duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self
    }

    /// Says what it said when it did not pass.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Says where it is written.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.at = Some(span);
        self
    }

    /// Adds one named value for tools.
    #[must_use]
    pub fn attr(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attrs.push(Attr::new(key, value));
        self
    }
}
