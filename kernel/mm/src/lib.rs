//! Floor 3: physical and virtual memory.
#![no_std]
#![deny(unsafe_code)]
