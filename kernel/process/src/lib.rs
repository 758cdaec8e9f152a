//! Floor 6: processes, signals and program loading.
#![no_std]
#![forbid(unsafe_code)]
