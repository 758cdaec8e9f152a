//! The SDK: what a program needs beyond `std` to use Tessera's own calls.
//!
//! # Big theory
//!
//! **Purpose.** `std` speaks Linux, and Tessera answers it. This crate speaks the rest: the calls from
//! [`abi::table::FIRST_OWN_CALL`] on, and any call by its number.
//!
//! **Invariants.** Every function compiles and runs on Linux too; there, what only Tessera has ends with an error and
//! changes nothing. All `unsafe` code is in [`call`]; all else is safe.
//!
//! **What it must not do.** Keep state: the kernel's table is the truth, and this crate only asks.
#![deny(unsafe_code)]

pub mod call;
pub mod system;

pub use abi::Errno;
