//! A file becomes devices to work on and entries refused: the rules, without any AWS.
//!
//! The function `decode` applies them to a file in a bucket and writes what comes out to the run;
//! `cargo xtask check` applies them to a file at hand and tells a person. So both judge alike.
//!
//! [`Reader`] turns the bytes into [`Item`]s, an entry at a time; [`Sorting`] keeps the books over
//! them and finds what is there twice; [`stop`] says why a file is not used as a whole.

mod duplicates;
mod names;
mod read;
mod sorting;
mod stop;
mod trust;

pub use duplicates::{Duplicate, Duplicates};
pub use read::{Device, Item, Known, ProfileError, Reader, Refusal, notes, number_of};
pub use sorting::{Books, Signatures, Sorting};
pub use stop::{broken, without_entries};
pub use trust::{Trust, trusted};
