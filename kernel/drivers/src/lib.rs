//! Floor 6: devices and the terminal.
//!
//! # Purpose
//! The console on COM1 with its line discipline, pseudo-terminals, the host link on COM3, the ring of the kernel's log,
//! and the end of the machine. COM2 belongs to `arch` and the log, since a panic must reach it without any of this.
//!
//! # Invariants
//! - Interrupt handlers only move bytes between a device and a bounded ring, and wake a thread. What may take other
//!   locks, such as sending a signal for a key, happens in that thread.
//! - No byte is lost on the way: a full ring closes the device's receive interrupt, so that the far end waits; a full
//!   device makes senders wait. The exceptions are POSIX's own: a terminal line longer than its buffer, and echo that
//!   nobody reads.
//! - A frame on the host link is sent whole.
//!
//! # Locks
//! In this order: `Terminal` (sleeping; a reader's or a frame's turn, held while user memory is copied), `Device`
//! (sleeping; the turn to send on a port), `ObjectState` (a terminal's state), `PtyRegistry`, `PtyRing` (a
//! pseudo-terminal's master side), `DeviceRegisters` (a port). Signals are sent with none of them held.
//!
//! # What it must not do
//! Know processes (it sees them through [`object::Caller`] and [`object::ProcessGroup`]) or file systems (the
//! composition root puts its devices into `/dev`).
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

extern crate alloc;

pub mod line_discipline;

#[cfg(target_os = "none")]
pub mod console;
#[cfg(target_os = "none")]
pub mod device;
#[cfg(target_os = "none")]
pub mod host;
#[cfg(target_os = "none")]
pub mod irq;
#[cfg(target_os = "none")]
pub mod kmsg;
#[cfg(target_os = "none")]
mod patience;
#[cfg(target_os = "none")]
mod ports;
#[cfg(target_os = "none")]
pub mod power;
#[cfg(target_os = "none")]
pub mod pty;
#[cfg(target_os = "none")]
mod serial;
#[cfg(target_os = "none")]
pub mod tty;

/// Starts the console and the host link. Needs interrupts, threads and their routing; before the first program.
///
/// A machine without one of the ports runs on without it.
#[cfg(target_os = "none")]
pub fn start() {
    if let Err(errno) = console::start() {
        log::warn!("no console on COM1: {errno}");
    }
    if let Err(errno) = host::start() {
        log::warn!("no host link on COM3: {errno}");
    }
}
