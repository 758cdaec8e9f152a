//! Floor 6: processes, signals and program loading.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod exec;
pub mod id;
pub mod kin;
pub mod signal;
