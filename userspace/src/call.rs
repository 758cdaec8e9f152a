//! System calls by number.
#![allow(unsafe_code)]

use std::arch::asm;
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use abi::Errno;
use abi::table::FIRST_OWN_CALL;

/// The largest number that an error takes, as Linux has it.
const MAX_ERRNO: usize = 4095;

/// Makes the call `number` with all six arguments.
///
/// # Safety
/// The call must be one that does not make this program's own memory other than Rust believes it to be: whatever it
/// writes, maps, unmaps or starts must be the caller's to give.
pub unsafe fn call(number: u64, arguments: [u64; 6]) -> Result<usize, Errno> {
    let result: usize;
    // SAFETY: the system-call instruction clobbers rcx and r11 and nothing else that is not declared here; what the
    // kernel does to memory is the caller's promise.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as usize => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    if result > usize::MAX - MAX_ERRNO { Err(errno(result.wrapping_neg())) } else { Ok(result) }
}

/// An argument of one of Tessera's own calls. Memory is lent for as long as the call takes.
pub(crate) enum Word<'a> {
    /// A number.
    Number(u64),
    /// A slot.
    Slot(BorrowedFd<'a>),
    /// What the kernel reads.
    In(&'a [u8]),
    /// What the kernel fills.
    Out(&'a mut [u8]),
    /// A text, or NULL.
    Text(Option<&'a CStr>),
}

/// Makes one of Tessera's own calls. The modules of this crate alone make them, with buffers as long as the call's row says.
pub(crate) fn own<const N: usize>(number: u64, words: [Word<'_>; N]) -> crate::error::Result<usize> {
    debug_assert!(number >= FIRST_OWN_CALL);
    let mut arguments = [0; 6];
    for (argument, word) in arguments.iter_mut().zip(words) {
        *argument = match word {
            Word::Number(number) => number,
            Word::Slot(slot) => slot.as_raw_fd() as u64,
            Word::In(bytes) => bytes.as_ptr() as u64,
            Word::Out(bytes) => bytes.as_mut_ptr() as u64,
            Word::Text(text) => text.map_or(0, |text| text.as_ptr() as u64),
        };
    }
    // SAFETY: the kernel's own calls write to nothing but what their rows call outputs, which are borrowed here, mutably and in
    // the length that the row says; none maps, unmaps or starts anything in this program's memory.
    Ok(unsafe { call(number, arguments) }?)
}

/// The same for a call that returns a new slot.
pub(crate) fn new_slot<const N: usize>(number: u64, words: [Word<'_>; N]) -> crate::error::Result<OwnedFd> {
    let slot = own(number, words)?;
    // SAFETY: the kernel has just made this slot for this caller.
    Ok(unsafe { OwnedFd::from_raw_fd(slot as i32) })
}

/// Becomes the program in `program`; the error, if that cannot be.
pub(crate) fn execute(program: BorrowedFd<'_>, arguments: &[CString], environment: &[CString]) -> crate::error::Error {
    let pointers = |texts: &[CString]| texts.iter().map(|text| text.as_ptr() as u64).chain([0]).collect::<Vec<u64>>();
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    let flags = u64::from(abi::AtFlags::EMPTY_PATH.bits());
    let words = [
        program.as_raw_fd() as u64,
        c"".as_ptr() as u64,
        arguments.as_ptr() as u64,
        environment.as_ptr() as u64,
        flags,
        0,
    ];
    // SAFETY: the lists are of texts that live here, and end with NULL. On success this program is gone.
    match unsafe { call(abi::table::number::execveat, words) } {
        Ok(_) => Errno::ENOEXEC.into(),
        Err(error) => error.into(),
    }
}

/// What the monotonic clock says, in nanoseconds.
pub(crate) fn monotonic_ns() -> Result<u64, Errno> {
    const CLOCK_MONOTONIC: u64 = 1;
    let mut time = [0_u64; 2];
    // SAFETY: the call fills two words, which are here.
    unsafe { call(abi::table::number::clock_gettime, [CLOCK_MONOTONIC, time.as_mut_ptr() as u64, 0, 0, 0, 0]) }?;
    Ok(time[0] * 1_000_000_000 + time[1])
}

fn errno(number: usize) -> Errno {
    Errno::from_raw(number as i64).unwrap_or(Errno::EINVAL)
}
