//! The SDK: what a program needs beyond `std` to use Tessera's own calls.
//!
//! # Big theory
//!
//! **Purpose.** `std` speaks Linux, and Tessera answers it. This crate speaks the rest: safe Rust for what a process may do
//! with its own authority. A process holds one table of capabilities: its slots are the file descriptors, and beside them
//! stand the roots of what Unix leaves ambient (the file tree, signals, networks, …). All that a program can do to its own
//! table is to narrow it, to lend from it and to take back:
//!
//! | to | use |
//! |---|---|
//! | give up what may be done through one descriptor | [`slot::limit`] |
//! | lend a descriptor and take it back | [`Loan`] |
//! | give up calls | [`pledge()`] |
//! | give up paths | [`view::unveil`] |
//! | give up everything that is not in a slot | [`mode::enter`] |
//! | make a child that has what is named and nothing else | [`Spawn`] |
//! | give up many of these in one step, all or none, for all threads | [`Narrowing`] |
//!
//! What is given up is gone for all threads of the process when the call returns, and for its children.
//!
//! **Invariants.** Every function compiles and runs on Linux too; there, what only Tessera has ends with
//! [`Error::Unsupported`] and changes nothing. All `unsafe` code is in [`call`]; all else is safe.
//!
//! **What it must not do.** Keep state: the kernel's table is the truth, and this crate only asks.
#![deny(unsafe_code)]

pub mod call;
mod error;
mod learn;
mod loan;
pub mod manifest;
pub mod mode;
mod narrowing;
mod pledge;
pub mod program;
pub mod slot;
pub mod spawn;
pub mod system;
pub mod view;

pub use abi::Errno;
pub use caps::{FcntlSet, Kind, PathPermissions, Promises, Rights, RightsText, Root, RootSet};
pub use error::{Error, Result};
pub use learn::learn;
pub use loan::{Loan, derive};
pub use manifest::{Manifest, ManifestError, SlotNeeds};
pub use narrowing::{Narrowing, SlotLimit, When};
pub use pledge::{pledge, pledge_after_exec};
pub use spawn::{Spawn, Spawned};
