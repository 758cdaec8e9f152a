//! Calls that make processes and threads.

use crate::Context;
use abi::types::CloneArgs;
use abi::{CloneFlags, Errno, Result, Signal};
use mm::user::UserPtr;
use process::fork::{self, CloneRequest};
use process::{gate, promise_rules};
use zerocopy::IntoBytes;

/// The low byte of `clone`'s flags is the signal for the parent.
const SIGNAL_BITS: u64 = 0xff;
/// The first published size of `struct clone_args`.
const ARGUMENTS_SIZE_FIRST: usize = 64;

/// Makes a process with a copy of the memory, and tells the parent its id.
pub fn fork(cx: &mut Context) -> Result<usize> {
    clone_with(cx, &CloneRequest { exit_signal: Signal::CHLD.number(), ..CloneRequest::default() })
}

/// Makes a process that borrows the memory; the parent waits until it executes something or ends.
pub fn vfork(cx: &mut Context) -> Result<usize> {
    let flags = CloneFlags::VM | CloneFlags::VFORK;
    clone_with(cx, &CloneRequest { flags, exit_signal: Signal::CHLD.number(), ..CloneRequest::default() })
}

/// Makes a process or a thread as the flags say, with the signal of its end in their low byte.
/// Unknown flags are ignored.
pub fn clone(
    cx: &mut Context,
    flags: CloneFlags,
    stack: u64,
    parent_tid: UserPtr<i32>,
    child_tid: UserPtr<i32>,
    tls: u64,
) -> Result<usize> {
    let request = CloneRequest {
        // Unknown bits are ignored, as this call always has.
        flags: CloneFlags::from_bits_truncate(flags.bits() & !SIGNAL_BITS & u64::from(u32::MAX)),
        exit_signal: (flags.bits() & SIGNAL_BITS) as i32,
        stack_pointer: stack,
        tls,
        parent_tid: parent_tid.address(),
        child_tid: child_tid.address(),
        pidfd: parent_tid.address(),
        ..CloneRequest::default()
    };
    clone_with(cx, &request)
}

/// Does the same with a structure: here unknown flags are EINVAL, as are ids chosen by the caller.
pub fn clone3(cx: &mut Context, arguments: UserPtr<CloneArgs>, size: usize) -> Result<usize> {
    let arguments = read_arguments(arguments, size)?;
    let flags = CloneFlags::from_bits(arguments.flags).ok_or(Errno::EINVAL)?;
    let has_stack = arguments.stack != 0;
    let no_signal = flags.intersects(CloneFlags::THREAD | CloneFlags::PARENT);
    let invalid = flags.bits() & SIGNAL_BITS != 0
        || flags.contains(CloneFlags::DETACHED)
        || flags.contains(CloneFlags::CLEAR_SIGHAND | CloneFlags::SIGHAND)
        || has_stack != (arguments.stack_size != 0)
        || arguments.exit_signal > Signal::COUNT as u64
        || no_signal && arguments.exit_signal != 0
        || arguments.set_tid_size != 0
        || arguments.set_tid != 0;
    if invalid {
        return Err(Errno::EINVAL);
    }
    let request = CloneRequest {
        flags,
        exit_signal: arguments.exit_signal as i32,
        stack_pointer: arguments.stack.checked_add(arguments.stack_size).ok_or(Errno::EINVAL)?,
        tls: arguments.tls,
        parent_tid: arguments.parent_tid,
        child_tid: arguments.child_tid,
        pidfd: arguments.pidfd,
        ..CloneRequest::default()
    };
    clone_with(cx, &request)
}

pub(super) fn clone_with(cx: &mut Context, request: &CloneRequest) -> Result<usize> {
    gate::demand(cx, promise_rules::clone(request.flags))?;
    Ok(fork::clone(cx, request)? as usize)
}

/// Reads the structure at the size that the caller knows: what is missing is zero, and what is more must be.
fn read_arguments(at: UserPtr<CloneArgs>, size: usize) -> Result<CloneArgs> {
    if size < ARGUMENTS_SIZE_FIRST {
        return Err(Errno::EINVAL);
    }
    if size > arch::PAGE_SIZE {
        return Err(Errno::E2BIG);
    }
    let bytes = at.cast::<u8>().read_slice(size)?;
    let known = size.min(size_of::<CloneArgs>());
    if bytes[known..].iter().any(|&byte| byte != 0) {
        return Err(Errno::E2BIG);
    }
    let mut arguments = CloneArgs::default();
    arguments.as_mut_bytes()[..known].copy_from_slice(&bytes[..known]);
    Ok(arguments)
}
