//! Floor 6: devices and the terminal.
#![no_std]
#![deny(unsafe_code)]
