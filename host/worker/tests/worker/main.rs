//! Workers that lie, die and hang, and what the coordinator makes of it.

mod protocol;
