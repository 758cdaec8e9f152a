//! What the trial programs share.
//!
//! A trial is a program that runs in a guest, and as it is on Linux. It prints one line for each thing that holds, says on standard
//! error what does not, and exits with 1 if anything did not.
#![deny(unsafe_code)]

pub mod child;
pub mod confined;
pub mod lend;
pub mod narrowing;
pub mod pledged;
pub mod raw;

use std::fmt::Display;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

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

    /// Tries a case and enters what it comes to.
    pub fn try_case<F: Finding>(&mut self, what: impl Display, case: impl FnOnce() -> F) {
        self.check(what, case().judge());
    }

    /// The exit code for everything entered.
    pub fn finish(self) -> ExitCode {
        if self.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Whether something holds, or why not.
pub type Holds = Result<(), String>;

/// What a case comes to: whether it holds, or that it could not be tried.
pub type Outcome<E = std::io::Error> = Result<Holds, E>;

/// What a case may answer.
pub trait Finding {
    /// Whether it holds; a case that could not be tried does not.
    fn judge(self) -> Holds;
}

impl Finding for Holds {
    fn judge(self) -> Holds {
        self
    }
}

impl<E: Display> Finding for Outcome<E> {
    fn judge(self) -> Holds {
        self.unwrap_or_else(|error| Err(format!("unexpected {error}")))
    }
}

impl<E: Display> Finding for Result<Vec<Holds>, E> {
    fn judge(self) -> Holds {
        self.map(all).judge()
    }
}

/// Holds if all of these do; tells the first that does not, and its place.
pub fn all(holds: impl IntoIterator<Item = Holds>) -> Holds {
    let failure = |(at, held): (usize, Holds)| held.err().map(|why| format!("{at}: {why}"));
    holds.into_iter().enumerate().find_map(failure).map_or(Ok(()), Err)
}

/// Holds if both are equal.
pub fn equal<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Holds {
    if found == expected { Ok(()) } else { Err(format!("found {found:?}, expected {expected:?}")) }
}

/// A command that starts this program again, with other arguments.
pub fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe")))
}

/// The number that follows `name` in the arguments, or `default`.
pub fn number_argument(name: &str, default: u64) -> u64 {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A pseudo-random sequence (xorshift), the same in every run.
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
