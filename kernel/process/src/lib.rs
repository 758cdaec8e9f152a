//! Floor 6: processes, signals and program loading.
//!
//! # Purpose
//! A process is a capability table, an address space and threads that share them; this crate makes them (fork, clone,
//! exec), ends them, tells their parents, and brings signals to them.
//!
//! # Shape
//! - [`Process`] and [`Task`] (one of its threads), [`ProcessGroup`] and [`Session`]; [`registry`] is the process list.
//! - [`audit`]: the records of denials, and lessons for those who learn what a program needs.
//! - [`fork`], [`exec`], [`exit`](mod@exit), [`wait`]: the life of a process. [`signal`]: what happens to it meanwhile.
//! - [`gate`] is what every call passes first: promises and root capabilities, with the rules of [`promise_rules`] for
//!   what depends on arguments. [`grace`] lets calls that began before a narrowing come to their end.
//! - [`core_dump`]: what is left of a process that a signal ended.
//! - [`domination`] says who may reach into whom; [`tracing`] is the way to control another process.
//! - [`clock`]: the clocks that programs name; [`itimer`] and [`posix_timer`]: what counts by them. Timers of used time are
//!   looked at when they can be due at the earliest, by the timer interrupt.
//! - [`Context`] is what a user thread has in hand in the kernel; the user loop on the floor above owns it.
//! - [`id`], [`id_table`], [`kin`], [`exec::image`], [`exec::script`], [`exec::stack`], [`signal::queue`], [`signal::actions`] and
//!   [`signal::frame`] are pure and tested on the host.
//!
//! # Invariants
//! 1. An id is live while it names a process, a task, a group or a session, and is not given out meanwhile.
//! 2. A process is in the list from fork until its status is collected; its parent's id there is 0 or names a process in
//!    the list. A process becomes a zombie after its table and its space are gone.
//! 3. Only a thread itself acts on its signals, changes its mask and its registers; others set attention bits.
//! 4. exec gives nothing up before all that can fail is done and all other threads are gone; a table that is shared with
//!    another process is copied after that, so that what the other threads narrowed is in the copy.
//! 5. When a narrowing call has returned, no other thread of the table is in a call that began before it.
//! 6. A broken promise ends the whole process by SIGABRT, whatever the state of its signals; no signal is sent.
//! 7. Table and address space are dropped with no lock held.
//!
//! # Locks, outermost first
//! The process list; the signal state of a process; the private queue of a task, or what changes rarely in a process.
//! All four are taken by interrupt handlers (terminals and timers signal). What mostly concerns a task itself has a
//! plain spinning lock under which nothing else is taken. Nothing here is held while user memory is touched.
//!
//! # What it must not do
//! Know any particular file, device or system-call number; the futex table and the user loop are reached through
//! [`Hooks`].
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod audit;
pub mod core_dump;
pub mod exec;
pub mod id;
pub mod id_table;
pub mod kin;
pub mod limits;
pub mod promise_rules;
pub mod signal;

#[cfg(target_os = "none")]
mod kernel_side {
    pub use super::caller::current;
    pub use super::context::Context;
    pub use super::group::{ProcessGroup, Session};
    pub use super::hooks::{Hooks, init};
    pub use super::init::start_init;
    pub use super::process::Process;
    pub use super::task::Task;
}
#[cfg(target_os = "none")]
pub use kernel_side::*;

#[cfg(target_os = "none")]
mod caller;
#[cfg(target_os = "none")]
pub mod clock;
#[cfg(target_os = "none")]
mod completion;
#[cfg(target_os = "none")]
pub mod context;
#[cfg(target_os = "none")]
pub mod domination;
#[cfg(target_os = "none")]
pub mod exit;
#[cfg(target_os = "none")]
pub mod fork;
#[cfg(target_os = "none")]
pub mod gate;
#[cfg(target_os = "none")]
pub mod grace;
#[cfg(target_os = "none")]
pub mod group;
#[cfg(target_os = "none")]
mod hooks;
#[cfg(target_os = "none")]
mod init;
#[cfg(target_os = "none")]
pub mod itimer;
#[cfg(target_os = "none")]
mod look;
#[cfg(target_os = "none")]
pub mod pidfd;
#[cfg(target_os = "none")]
pub mod posix_timer;
#[cfg(target_os = "none")]
pub mod process;
#[cfg(target_os = "none")]
pub mod program;
#[cfg(target_os = "none")]
pub mod registry;
#[cfg(target_os = "none")]
pub mod resources;
#[cfg(target_os = "none")]
pub mod spawn;
#[cfg(target_os = "none")]
pub mod task;
#[cfg(target_os = "none")]
pub mod tracing;
#[cfg(target_os = "none")]
pub mod usage;
#[cfg(target_os = "none")]
pub mod wait;
