//! The house rules, as tests: what a reviewer would otherwise have to remember.
//!
//! Each module holds one group of rules. A rule is a function from text to problems, so that
//! it is tested on a text that breaks it, and then run on the project's own tree. Every
//! problem names the file, and says what to do.

mod cases;
mod clippy_files;
mod codes;
mod docs;
mod examples;
mod layers;
mod manifests;
mod modules;
mod names;
mod sources;
mod tree;
mod words;
