//! Floor 6: pipes, futexes and event objects.
#![no_std]
#![forbid(unsafe_code)]
