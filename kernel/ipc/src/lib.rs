//! Floor 6: pipes, futexes and event objects.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(target_os = "none")]
pub mod pipe;
#[cfg(target_os = "none")]
pub mod pipe_end;
pub mod ring;
