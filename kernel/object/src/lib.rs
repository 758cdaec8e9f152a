//! Floor 5: kernel objects, capability tables and the namespace.
#![no_std]
#![forbid(unsafe_code)]
