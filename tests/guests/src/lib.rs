//! Guests for tests. Each file of `examples/` is one component; `tests/e2e` holds a test for
//! each, and does not compile while one has none.
