//! The way out: HTTP requests and storage, for environments that were granted them.
