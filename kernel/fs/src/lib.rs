//! Floor 6: file systems.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod cpio;
pub mod entries;
pub mod radix;
pub mod procfs;
