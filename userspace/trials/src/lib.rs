//! What the trial programs share.
//!
//! A trial is a program that runs in a guest, and as it is on Linux. It prints one line for each thing that holds, says on standard
//! error what does not, and exits with 1 if anything did not.
#![deny(unsafe_code)]

use std::fmt::Display;
use std::process::ExitCode;

/// Counts what held and what did not.
#[derive(Debug, Default)]
pub struct Report {
    failures: usize,
}

impl Report {
    /// A report without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters whether `what` holds.
    pub fn check(&mut self, what: impl Display, holds: Holds) {
        match holds {
            Ok(()) => println!("ok {what}"),
            Err(why) => {
                self.failures += 1;
                eprintln!("FAILED {what}: {why}");
            }
        }
    }

    /// The exit code for everything entered.
    pub fn finish(self) -> ExitCode {
        if self.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Whether something holds, or why not.
pub type Holds = Result<(), String>;

/// Holds if both are equal.
pub fn equal<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Holds {
    if found == expected { Ok(()) } else { Err(format!("found {found:?}, expected {expected:?}")) }
}
