//! Typed arguments: what handlers get for the words of the registers.

mod at;
mod iovecs;
mod path;
mod slot;

pub use at::{At, Base};
pub use iovecs::Iovecs;
pub use path::UserPath;
pub use slot::Slot;

/// The errors of slots that hold another kind of object than the call is for, by the kind sought.
pub(crate) use abi::Errno as WrongKind;
