//! Core files: what a process was when a signal ended it, for debuggers.
//!
//! # Purpose
//! A process that dies by a signal whose default action is a core, or by a broken promise, leaves an ELF core file: the
//! registers of each thread, the memory that it changed, what was mapped where, and the record of the denial that ended it.
//!
//! # How it goes
//! Whoever takes the signal settles how the process ends, and with it that there will be a core ([`Dump`], in the state of
//! signals). Each thread comes here on its way out, before it gives anything up: the thread that took the signal waits for
//! the others and writes; the others lay their registers out and wait until that is done. So the memory is still and whole.
//!
//! # Whose authority
//! Where cores go is the system's choice ([`sink`]), and so is the file's authority: an absolute pattern names a place that the
//! kernel's own capability reaches. A relative pattern names a place where the dead process was, and the file comes to be
//! there only if the process itself could have made it: through its view, its working directory's rights, its user. A
//! confined process does not get a file anywhere by dying that it could not have made alive, but where the system
//! collects cores. Promises do not count: they are about calls.
//!
//! # The record
//! The note of the name `TESSERA` is written first, from the kernel's own copy: of type 1 the record of the denial that ended
//! the process, which no other thread's later denials can replace; of type 2 the last one of a process that ended otherwise.
//! It is not among the things that a limit on the file's size can cut off before it.
//!
//! # What it must not do
//! Run with a lock held, follow a link at the end of the path, or write into a file that was there before.

pub mod notes;
pub mod pattern;

#[cfg(target_os = "none")]
mod file;
#[cfg(target_os = "none")]
mod image;
#[cfg(target_os = "none")]
mod memory;
#[cfg(target_os = "none")]
mod rendezvous;
#[cfg(target_os = "none")]
pub mod sink;

#[cfg(target_os = "none")]
pub(crate) use image::ThreadImage;
#[cfg(target_os = "none")]
pub(crate) use image::shown;
#[cfg(target_os = "none")]
pub(crate) use rendezvous::{Dump, abort, take_part};
