//! The system-call table, error numbers and the types shared with userspace.
#![no_std]
#![forbid(unsafe_code)]
