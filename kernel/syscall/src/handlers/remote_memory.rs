//! Calls on the memory of other processes.

use crate::Context;
use crate::arguments::Iovecs;
use abi::types::Iovec;
use abi::{Errno, Result};
use alloc::sync::Arc;
use arch::PAGE_SIZE;
use caps::Root;
use mm::AddressSpace;
use process::{Process, domination, gate, registry};

/// Copies memory of another process, which the caller must dominate, into the caller's own: as much as both lists have, up
/// to the first byte that cannot be copied; EFAULT where that is the first of all.
pub fn process_vm_readv(cx: &mut Context, pid: i32, local: Iovecs, remote: Iovecs, flags: u32) -> Result<usize> {
    let mut to = local.sink()?;
    if is_nothing(to.remaining(), &remote, flags)? {
        return Ok(0);
    }
    let space = space_of(cx, pid)?;
    copy(cx, remote.pieces(), |address, buffer| {
        let count = buffer.len().min(to.remaining());
        space.copy_from_as_own(address, &mut buffer[..count]).map_err(|_| Errno::EFAULT)?;
        to.write(&buffer[..count])
    })
}

/// Does the same in the other direction.
pub fn process_vm_writev(cx: &mut Context, pid: i32, local: Iovecs, remote: Iovecs, flags: u32) -> Result<usize> {
    let mut from = local.source()?;
    if is_nothing(from.remaining(), &remote, flags)? {
        return Ok(0);
    }
    let space = space_of(cx, pid)?;
    copy(cx, remote.pieces(), |address, buffer| {
        let count = from.copy_to(buffer)?;
        space.copy_to_as_own(address, &buffer[..count]).map_err(|_| Errno::EFAULT).map(|()| count)
    })
}

/// Whether there is nothing to copy, so that nobody need be looked for. EINVAL for flags.
fn is_nothing(local: usize, remote: &Iovecs, flags: u32) -> Result<bool> {
    match flags {
        0 => Ok(local == 0 || remote.pieces().iter().all(|piece| piece.length == 0)),
        _ => Err(Errno::EINVAL),
    }
}

/// The memory of the process, or of that of the thread, with this id.
fn space_of(cx: &Context, pid: i32) -> Result<Arc<AddressSpace>> {
    let named = registry::find_task(pid).map(|task| Arc::clone(task.process()));
    let target = named.or_else(|| registry::find_process(pid)).ok_or(Errno::ESRCH)?;
    if !Arc::ptr_eq(&target, cx.process()) {
        gate::demand_root(cx, Root::Signal)?;
    }
    domination::reach(cx, &target, |target: &Process| target.space().ok_or(Errno::ESRCH))
}

/// Has `step` copy the pieces one part of a page after the other. It says how much it copied; less than it was asked for
/// is the end.
fn copy(cx: &Context, pieces: &[Iovec], mut step: impl FnMut(u64, &mut [u8]) -> Result<usize>) -> Result<usize> {
    let mut buffer = mm::alloc::try_vec(PAGE_SIZE)?;
    buffer.resize(PAGE_SIZE, 0);
    let mut done = 0;
    for piece in pieces {
        let (mut at, mut left) = (piece.base, piece.length as usize);
        while left > 0 {
            let count = left.min(PAGE_SIZE - at as usize % PAGE_SIZE);
            // A process that is to end does not copy gigabytes first.
            let copied = if cx.task.must_end() {
                0
            } else {
                step(at, &mut buffer[..count]).or_else(|error| ended(done, error))?
            };
            done += copied;
            if copied < count {
                return Ok(done);
            }
            at = at.wrapping_add(count as u64);
            left -= count;
        }
    }
    Ok(done)
}

/// What an error comes to after `done` bytes.
fn ended(done: usize, error: Errno) -> Result<usize> {
    if done > 0 { Ok(0) } else { Err(error) }
}
