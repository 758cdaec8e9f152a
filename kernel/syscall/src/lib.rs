//! Floor 7: the user loop and the system calls.
#![no_std]
#![forbid(unsafe_code)]
