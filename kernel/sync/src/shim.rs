//! The atomics of the lock-free protocols. The loom models compile the same protocol files over loom's.

pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

/// A constructor that is `const` here; loom's atomics have none.
macro_rules! constructor {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident() -> Self $body:block) => {
        $(#[$meta])* $visibility const fn $name() -> Self $body
    };
}
pub(crate) use constructor;
