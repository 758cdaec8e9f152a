//! The binary interface: the system-call table, error numbers and the types shared with user programs.
//!
//! # What this floor is
//! Everything that a user program and the kernel must agree on byte for byte, and nothing that runs.
//! Below 0x1000 it is Linux's x86-64 interface (numbers and layouts are checked in tests against
//! `linux-raw-sys`); from 0x1000 on it is Tessera's own.
//!
//! * [`Errno`]: the one error type; [`Signal`], [`SignalSet`].
//! * [`types`]: structures as they lie in user memory, plain data without padding holes, so that no kernel byte
//!   leaks through one.
//! * [`flags`] (re-exported at the root): flag words.
//! * [`table`]: every system call as a row of data, from [`system_calls!`], which also yields the kernel's dispatch and the
//!   stubs of user programs. [`Promises`] and [`RootSet`] are the words of its columns.
//! * [`exit_status`]: wait statuses. [`host_link`]: the framing between host and guest. [`trace`]: what the kernel records.
//! * [`consts`]: Linux's constants under their own names.
//!
//! # What it must not do
//! No unsafe code, no allocation, no state, no kernel dependency: the host's tools and user programs use it too.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

pub mod errno;
pub mod exit_status;
pub mod flags;
pub mod host_link;
pub mod signal;
pub mod table;
pub mod trace;
pub mod types;

pub use caps::{Promises, Root, RootSet};
pub use errno::{Errno, Result};
pub use exit_status::{CoreWritten, ExitStatus};
pub use flags::*;
pub use signal::{DefaultAction, Signal, SignalSet};

/// Linux's constants, as `linux-raw-sys` has them.
pub mod consts {
    pub use linux_raw_sys::auxvec;
    pub use linux_raw_sys::elf;
    pub use linux_raw_sys::general;
    pub use linux_raw_sys::ioctl;
    pub use linux_raw_sys::net;
    pub use linux_raw_sys::prctl;
    pub use linux_raw_sys::ptrace;
    pub use linux_raw_sys::system;
}
