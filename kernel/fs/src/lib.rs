//! Floor 6: file systems.
#![no_std]
#![forbid(unsafe_code)]
