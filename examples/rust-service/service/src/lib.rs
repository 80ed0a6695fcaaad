//! A service that gives short names to long links, and leads from one to the other.

mod links;
mod routes;

pub use links::Links;
pub use routes::answer;
