//! Process descriptors: Linux's calls and FreeBSD's, on the same object.

use super::create::clone_with;
use crate::Context;
use crate::handlers::signals::send_by_descriptor;
use abi::types::{Rusage, Siginfo};
use abi::{CloneFlags, Errno, Result, WaitFlags};
use alloc::sync::Arc;
use caps::{Rights, SlotFlags};
use mm::user::UserPtr;
use object::Held;
use process::fork::CloneRequest;
use process::pidfd::{AtClose, NewDescriptor, ProcessDescriptor};
use process::{Process, domination, registry, wait};

/// PIDFD_NONBLOCK, which is O_NONBLOCK.
const PIDFD_NONBLOCK: u32 = 0o4000;
/// PD_DAEMON: the child outlives its descriptor.
const PD_DAEMON: u32 = 1;
/// PD_CLOEXEC: exec closes the descriptor.
const PD_CLOEXEC: u32 = 2;

/// Makes a descriptor of any process, which exec closes; to close it does nothing to the process.
/// PIDFD_NONBLOCK is taken but changes nothing.
pub fn pidfd_open(cx: &mut Context, pid: i32, flags: u32) -> Result<usize> {
    if pid <= 0 || flags & !PIDFD_NONBLOCK != 0 {
        return Err(Errno::EINVAL);
    }
    let process = registry::find_process(pid).ok_or(Errno::ESRCH)?;
    let descriptor = mm::alloc::try_arc(ProcessDescriptor::new(process, AtClose::Nothing))?;
    let slot = cx.table.install(descriptor, Rights::ALL, SlotFlags::CLOSE_ON_EXEC)?;
    Ok(slot as usize)
}

/// Sends a signal to the process in the slot; without `info` it says the same as `kill`. EINVAL for any flags.
pub fn pidfd_send_signal(
    cx: &mut Context,
    process: Held,
    signal: i32,
    info: UserPtr<Siginfo>,
    flags: u32,
) -> Result<usize> {
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    send_by_descriptor(cx, &process, signal, info)
}

/// Copies what a slot of the process holds into the lowest free slot: with the rights that it has there, and taken back
/// with it. ESRCH once the process has ended; EPERM for one that may do what the caller may not.
pub fn pidfd_getfd(cx: &mut Context, process: Held, slot: i32, flags: u32) -> Result<usize> {
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let target = process_of(&process)?;
    let reservation = cx.table.reserve()?;
    let capability = domination::reach(cx, target, |target| target.table().ok_or(Errno::ESRCH)?.copy_of(slot))?;
    Ok(reservation.commit_capability(capability, SlotFlags::CLOSE_ON_EXEC) as usize)
}

/// `fork` with a descriptor of the child, which lives as long as that is held.
pub fn pdfork(cx: &mut Context, fd: UserPtr<i32>, flags: u32) -> Result<usize> {
    let descriptor = descriptor_for(flags)?;
    // Told now, since the child is there when the slot is stored.
    fd.write(&-1)?;
    let request = CloneRequest { flags: CloneFlags::PIDFD, pidfd: fd.address(), descriptor, ..CloneRequest::default() };
    clone_with(cx, &request)
}

/// What PD_* flags ask for.
pub(super) fn descriptor_for(flags: u32) -> Result<NewDescriptor> {
    if flags & !(PD_DAEMON | PD_CLOEXEC) != 0 {
        return Err(Errno::EINVAL);
    }
    let at_close = if flags & PD_DAEMON != 0 { AtClose::Nothing } else { AtClose::Kill };
    let flags = if flags & PD_CLOEXEC != 0 { SlotFlags::CLOSE_ON_EXEC } else { SlotFlags::empty() };
    Ok(NewDescriptor { at_close, flags })
}

/// Tells the id of the process in the slot.
pub fn pdgetpid(_cx: &mut Context, fd: Held, pid: UserPtr<i32>) -> Result<usize> {
    pid.write(&process_of(&fd)?.id()).map(|()| 0)
}

/// Sends a signal to the process in the slot; ESRCH once it has ended.
pub fn pdkill(cx: &mut Context, fd: Held, signal: i32) -> Result<usize> {
    send_by_descriptor(cx, &fd, signal, UserPtr::new(0))
}

/// Waits for the process in the slot, whoever's child it is, and returns its id; 0 with WNOHANG while it lives.
pub fn pdwait(
    cx: &mut Context,
    fd: Held,
    status: UserPtr<i32>,
    options: WaitFlags,
    usage: UserPtr<Rusage>,
) -> Result<usize> {
    if !WaitFlags::NO_HANG.contains(options) {
        return Err(Errno::EINVAL);
    }
    let target = Arc::clone(process_of(&fd)?);
    let Some(report) = wait::wait_for(&cx.task, &target, options)? else { return Ok(0) };
    if let Some(status) = status.non_null() {
        status.write(&report.status.to_wait_status())?;
    }
    if let Some(usage) = usage.non_null() {
        usage.write(&report.used.to_rusage())?;
    }
    Ok(report.pid as usize)
}

fn process_of(fd: &Held) -> Result<&Arc<Process>> {
    Ok(fd.downcast_ref::<ProcessDescriptor>().ok_or(Errno::EBADF)?.process())
}
