//! One boot from start to end: feeding the guest, passing on what it says, and judging how it ended.
//!
//! Threads do the blocking reads (log, host link, console, standard input, signals) and tell the main thread, which
//! alone decides. It never blocks but in waiting for them with a deadline, so nothing that the guest does or omits
//! can hang this process. Writing to the host link is a thread's work too, for a guest that does not read must not
//! stop us.

pub mod feed;
pub mod outcome;
pub mod readers;
pub mod supervisor;
pub mod terminal;
pub mod trace;
pub mod watchdog;

use crate::link::Message;

/// What the main thread is told.
#[derive(Debug)]
pub enum Event {
    /// Bytes of the kernel's log.
    Log(Vec<u8>),
    /// A message of the guest.
    Link(Message),
    /// Bytes for the terminal.
    Console(Vec<u8>),
    /// One of the lines into the machine has been closed by it; there are [`LINES`].
    Closed,
    /// This process was sent a signal.
    Signal(i32),
    /// The person at the terminal wants to leave.
    Quit,
}

/// Lines that end with the machine: log, host link, console.
pub const LINES: usize = 3;
