//! Raw system calls, so that no library comes between a trial and the kernel.
#![allow(unsafe_code, reason = "raw system calls")]

use std::ffi::CString;

use abi::table::number;
use abi::{Errno, Result};

use crate::Holds;

/// The working directory, where a call takes a directory.
pub const AT_FDCWD: usize = -100_isize as usize;
/// A slot that is never open.
pub const CLOSED: usize = 999;

/// The call with this number.
pub fn call(number: u64, words: &[usize]) -> Result<usize> {
    let mut all = [0; 6];
    all[..words.len()].copy_from_slice(words);
    let [a, b, c, d, e, f] = all;
    // SAFETY: each trial passes pointers to memory that lives over the call, or wrong ones for the kernel to refuse.
    let result = unsafe { libc::syscall(number as i64, a, b, c, d, e, f) };
    if result >= 0 {
        return Ok(result as usize);
    }
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    Err(Errno::from_raw(errno.into()).unwrap_or(Errno::EIO))
}

/// The address of a text that is never given back: a trial is short.
pub fn text(text: &str) -> usize {
    CString::new(text).unwrap_or_default().into_raw() as usize
}

/// Opens a path.
pub fn open(path: &str, flags: i32) -> Result<usize> {
    open_at(AT_FDCWD, path, flags)
}

/// Opens a path beneath a directory.
pub fn open_at(directory: usize, path: &str, flags: i32) -> Result<usize> {
    call(number::openat, &[directory, text(path), flags as usize, 0o644])
}

/// Closes a slot.
pub fn close(slot: usize) -> Result<usize> {
    call(number::close, &[slot])
}

/// Duplicates a slot.
pub fn dup(slot: usize) -> Result<usize> {
    call(number::dup, &[slot])
}

/// A pipe: its reading and its writing end.
pub fn pipe() -> Result<[usize; 2]> {
    let mut ends = [0_i32; 2];
    call(number::pipe2, &[ends.as_mut_ptr() as usize, 0])?;
    Ok(ends.map(|end| end as usize))
}

/// Reads at most `count` bytes.
pub fn read(slot: usize, count: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; count];
    let read = call(number::read, &[slot, buffer.as_mut_ptr() as usize, count])?;
    buffer.truncate(read);
    Ok(buffer)
}

/// Writes bytes.
pub fn write(slot: usize, bytes: &[u8]) -> Result<usize> {
    call(number::write, &[slot, bytes.as_ptr() as usize, bytes.len()])
}

/// Polls one slot: what it reports.
pub fn poll(slot: usize, events: i16, timeout_ms: i32) -> Result<i16> {
    let mut asked = libc::pollfd { fd: slot as i32, events, revents: 0 };
    call(number::poll, &[&raw mut asked as usize, 1, timeout_ms as usize])?;
    Ok(asked.revents)
}

/// Maps the first page of a slot. Its address.
pub fn map(slot: usize, protection: i32, flags: i32) -> Result<usize> {
    call(number::mmap, &[0, 4096, protection as usize, flags as usize, slot, 0])
}

/// The byte at an address that may have gone: `None` if it cannot be read. The kernel is asked to read it, so nobody
/// falls over.
pub fn peek(address: usize) -> Option<u8> {
    let ends = pipe().ok()?;
    let written = call(number::write, &[ends[1], address, 1]);
    let found = written.is_ok().then(|| read(ends[0], 1).ok()?.first().copied()).flatten();
    let _ = (close(ends[0]), close(ends[1]));
    found
}

/// Holds if a result is this error.
pub fn fails<T: std::fmt::Debug + PartialEq>(result: Result<T>, errno: Errno) -> Holds {
    crate::equal(result, Err(errno))
}

/// Holds if a result is none.
pub fn works<T: std::fmt::Debug>(result: Result<T>) -> Holds {
    result.map(drop).map_err(|errno| format!("failed with {errno}"))
}

/// Ends the trial by SIGALRM when it has taken this long: a wait that does not end is a failure.
pub fn give_up_after(seconds: u32) {
    let _ = call(number::alarm, &[seconds as usize]);
}
