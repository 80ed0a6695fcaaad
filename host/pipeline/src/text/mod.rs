//! From text to trees of values that know where they are written.

pub(crate) mod expect;
pub(crate) mod load;
pub(crate) mod tree;

pub(crate) use load::{Document, load};
pub(crate) use tree::{Entry, Kind, Located, Table, Text, Value};
