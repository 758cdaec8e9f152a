//! Learn mode: finding out what a program needs.

use std::os::fd::OwnedFd;

use abi::table::number;

use crate::call::{Word, new_slot};
use crate::error::Result;

/// The flag of `cap_learn`: this program itself is not watched.
const FROM_NEXT_EXEC: u64 = 1;

/// From the next exec on, in this process and in those that it makes, nothing is denied, and what is needed is noted. Reading the
/// slot gives the needs so far as a [`Manifest`](crate::Manifest).
pub fn learn() -> Result<OwnedFd> {
    new_slot(number::cap_learn, [Word::Number(FROM_NEXT_EXEC)])
}
