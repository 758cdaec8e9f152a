//! Floor 6: devices and the terminal.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

extern crate alloc;

pub mod line_discipline;
