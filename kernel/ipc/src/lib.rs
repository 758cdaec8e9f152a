//! Floor 6: pipes, futexes and event objects.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod ring;
