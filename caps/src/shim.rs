//! The atomics of what is shared without a lock. The loom models compile the same files over loom's.

pub(crate) use core::sync::atomic::{AtomicU64, Ordering};

/// A constructor that is `const` here; loom's atomics have none.
macro_rules! constructor {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),*) -> Self $body:block) => {
        $(#[$meta])* $visibility const fn $name($($argument: $type),*) -> Self $body
    };
}
pub(crate) use constructor;
