//! The door to the disk: the only crate of the host that calls the file system.
//!
//! Everything goes through a [`Root`], an open directory. Paths are relative to it, and no
//! symbolic link on the way can lead out of it: the kernel (or `cap-std`, where the kernel
//! cannot) refuses. Every error names the operation and the path.
//!
//! **Invariant:** a file that appears under its name is complete; writing goes to a temporary
//! file beside it, which is then renamed. The exception is `write_tail`, for records that hold
//! their own proof of being whole.

mod bound;
mod clear;
mod error;
mod hash;
mod lock;
mod look;
mod place;
mod random;
mod root;
mod stat;
mod sync;
mod tail;
mod temp;

pub use bound::{Bound, Item, Swept};
pub use error::{DiskError, Trouble};
pub use hash::Hashed;
pub use lock::Lock;
pub use look::Listed;
pub use random::random;
pub use root::Root;
pub use stat::{Kind, Stat};
pub use sync::Barrier;
pub use temp::{Durability, Mode, TEMP_PREFIX, Temp};
