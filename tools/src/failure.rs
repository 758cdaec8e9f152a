//! Why a command could not be carried out, and the exit code that says so.

use std::fmt;

/// The command line was wrong.
pub const USAGE: u8 = 2;
/// `--timeout` ran out.
pub const TIMED_OUT: u8 = 124;
/// The machine, or what is needed to start it, failed: panic, hang, missing package, broken build.
pub const MACHINE: u8 = 125;
/// The program exists but cannot be executed.
pub const NOT_EXECUTABLE: u8 = 126;
/// The program was not found.
pub const NOT_FOUND: u8 = 127;
/// Added to a signal's number when a signal ended the program or this tool.
pub const SIGNAL_BASE: u8 = 128;

/// A message for the person and the exit code for the caller.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// One or more lines, without a trailing newline.
    pub message: String,
}

/// The result of anything that may end the command.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The command line was wrong: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, message: message.into() }
    }

    /// The machine or its preparation failed: exit code 125.
    pub fn machine(message: impl Into<String>) -> Self {
        Self { code: MACHINE, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// Says what was being done when something went wrong.
pub trait Context<T> {
    /// Turns the error into a [`Failure`] of code 125 that begins with `doing`.
    fn context(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure::machine(format!("{}: {error}", doing())))
    }
}
