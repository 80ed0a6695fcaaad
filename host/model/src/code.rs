//! Code: the stable name of an error, which `belljar explain` tells more about.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A stable error code, such as `E0201`. Every code has a page `docs/errors/<code>.md`.
///
/// | range | about |
/// |---|---|
/// | E01xx | the text of a pipeline file |
/// | E02xx | names and the graph of steps |
/// | E03xx | plugins: loading, world, imports, configuration |
/// | E04xx | the execution of a step |
/// | E05xx | grants |
/// | E06xx | the store and the machine |
/// | E07xx | outputs |
/// | E08xx | tools |
/// | E09xx | delivery and the ledger |
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// Names a code that has a page.
    pub const fn new(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
