//! The capability algebra: rights, capabilities, tables, derivation and narrowing.
#![no_std]
#![forbid(unsafe_code)]
