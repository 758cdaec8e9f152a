//! The host's side of "the only program needed beforehand is cargo": finding, and where the user may do so
//! installing, everything else.
//!
//! **Purpose.** [`programs`] says what is there and asks for what is not; [`packages`] knows the names of packages;
//! [`apt`] and [`sources`] make a [`plan`] from what they read of the system, and [`install`] carries it out as root or
//! hands it to the person as one command. [`qemu`] judges versions, [`toolchain`] adds Rust's targets.
//!
//! **Invariants.**
//! - With everything in place no package manager is asked anything.
//! - What is missing for a boot is installed at once and before anything is built.
//! - An installation that was begun and did not end is begun again: a program that is there may lack its data.
//! - Where it fails, the last line says why and what to do.
//!
//! **Locks.** The file lock `packages`, by whoever installs; what is missing is looked for again under it.
//!
//! **What it must not do.** Remove packages, or touch the system's own lists of sources: it adds a list of its own.

pub mod apt;
pub mod install;
pub mod packages;
pub mod plan;
pub mod programs;
pub mod qemu;
pub mod sources;
pub mod toolchain;
