//! The capability algebra: rights, capabilities, tables, derivation and narrowing.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod kind;
mod rights;

pub use kind::{Kind, KindSet};
pub use rights::Rights;
