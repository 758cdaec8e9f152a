//! Pledges and capability mode, and children that try something under them.
#![allow(unsafe_code, reason = "own calls by number")]

use crate::{Holds, child};
use abi::Errno;
use abi::table::number;
use std::ffi::CString;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    With(i32),
    /// By this signal.
    By(i32),
}

/// What a broken promise ends with.
pub const ABORTED: Ended = Ended::By(libc::SIGABRT);
/// The code of a child to whom something was refused with an error.
pub const REFUSED: i32 = 77;

/// `pledge`; `None` leaves a half as it is.
pub fn pledge(promises: Option<&str>, execpromises: Option<&str>) -> Result<(), Errno> {
    let text = |words: Option<&str>| words.map(|words| CString::new(words).unwrap_or_default());
    let (now, later) = (text(promises), text(execpromises));
    let address = |text: &Option<CString>| text.as_ref().map_or(0, |text| text.as_ptr() as u64);
    // SAFETY: the call only reads the texts.
    unsafe { tessera::call::call(number::pledge, [address(&now), address(&later), 0, 0, 0, 0]) }.map(drop)
}

/// `cap_enter`.
pub fn enter_capability_mode() -> Result<(), Errno> {
    // SAFETY: no memory is involved.
    unsafe { tessera::call::call(number::cap_enter, [0; 6]) }.map(drop)
}

/// `cap_getmode`.
pub fn is_in_capability_mode() -> Result<bool, Errno> {
    let mut mode = 0u32;
    // SAFETY: `mode` is valid for writing.
    unsafe { tessera::call::call(number::cap_getmode, [&raw mut mode as u64, 0, 0, 0, 0, 0]) }.map(|_| mode == 1)
}

/// How a child ends that runs `body`, whose code is its exit code.
pub fn child(body: impl FnOnce() -> i32) -> Result<Ended, String> {
    let pid = child::fork(body).map_err(|error| format!("fork: {error}"))?;
    ended(pid)
}

/// How a child that was made before ends.
pub fn ended(pid: i32) -> Result<Ended, String> {
    let (_, status) = child::wait(pid, 0).map_err(|error| format!("wait: {error}"))?;
    if libc::WIFSIGNALED(status) {
        Ok(Ended::By(libc::WTERMSIG(status)))
    } else {
        Ok(Ended::With(libc::WEXITSTATUS(status)))
    }
}

/// How a child ends that pledges, then runs `body`.
pub fn under(promises: &str, body: impl FnOnce() -> i32) -> Result<Ended, String> {
    child(|| if pledge(Some(promises), None).is_ok() { body() } else { 99 })
}

/// Holds if the child ended so.
pub fn ends(found: Result<Ended, String>, expected: Ended) -> Holds {
    match found {
        Ok(found) if found == expected => Ok(()),
        other => Err(format!("{other:?}, expected {expected:?}")),
    }
}

/// The exit code for the result of a C call: 0, [`REFUSED`] for EPERM, 134 and 135 for Tessera's own errors, 1 for others.
pub fn code(result: i64) -> i32 {
    if result >= 0 {
        return 0;
    }
    match std::io::Error::last_os_error().raw_os_error() {
        Some(libc::EPERM) => REFUSED,
        Some(own @ (134 | 135)) => own,
        _ => 1,
    }
}
