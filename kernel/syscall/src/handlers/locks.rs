//! Locks on files.

use crate::Context;
use crate::arguments::Slot;
use abi::types::Flock;
use abi::{Errno, Result};
use mm::user::UserPtr;

/// Who owns a record lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The process.
    Process,
    /// The open file description.
    OpenFile,
}

pub(crate) fn record_lock(
    _cx: &Context,
    _fd: Slot,
    _command: u32,
    _lock: UserPtr<Flock>,
    _scope: Scope,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}
