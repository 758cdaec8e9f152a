//! Calls that end threads and processes, and that wait for children.

use crate::Context;
use crate::arguments::Slot;
use abi::types::{Rusage, Siginfo};
use abi::{Errno, ExitStatus, Result, Signal, WaitFlags};
use alloc::sync::Arc;
use caps::{KindSet, Rights};
use mm::user::UserPtr;
use process::pidfd::ProcessDescriptor;
use process::signal::details::{self, Sender};
use process::wait::{self, Report, Which};

/// Options that `wait4` knows.
const WAIT4_OPTIONS: WaitFlags = WaitFlags::NO_HANG
    .union(WaitFlags::STOPPED)
    .union(WaitFlags::CONTINUED)
    .union(WaitFlags::NO_THREAD)
    .union(WaitFlags::CLONE)
    .union(WaitFlags::ALL);
/// What `waitid` can wait for; one of them must be asked for.
const WAITID_EVENTS: WaitFlags = WaitFlags::EXITED.union(WaitFlags::STOPPED).union(WaitFlags::CONTINUED);

/// Ends the calling thread on its way back to user mode; of the code the low byte counts.
pub fn exit(cx: &mut Context, code: i32) -> Result<usize> {
    process::exit::leave_thread(&cx.task, code as u8);
    Ok(0)
}

/// Ends all threads of the process; of the code the low byte counts.
pub fn exit_group(cx: &mut Context, code: i32) -> Result<usize> {
    process::exit::leave_process(cx.process(), ExitStatus::Exited(code as u8));
    Ok(0)
}

/// Waits for a child and returns its id, or 0 with WNOHANG while there is nothing to tell.
pub fn wait4(
    cx: &mut Context,
    pid: i32,
    status: UserPtr<i32>,
    options: WaitFlags,
    usage: UserPtr<Rusage>,
) -> Result<usize> {
    if !WAIT4_OPTIONS.contains(options) {
        return Err(Errno::EINVAL);
    }
    let which = match pid {
        i32::MIN => return Err(Errno::ESRCH),
        -1 => Which::Any,
        0 => Which::Group(cx.process().group_id()),
        pid if pid < 0 => Which::Group(-pid),
        pid => Which::Child(pid),
    };
    let Some(report) = wait::wait(&cx.task, &which, options | WaitFlags::EXITED)? else { return Ok(0) };
    if let Some(status) = status.non_null() {
        status.write(&report.status.to_wait_status())?;
    }
    if let Some(usage) = usage.non_null() {
        usage.write(&report.used.to_rusage())?;
    }
    Ok(report.pid as usize)
}

/// Waits for what the options name, one thing at least (EINVAL), and describes it as its signal would.
/// With WNOHANG and nothing to tell, the description is all zero.
pub fn waitid(
    cx: &mut Context,
    kind: u32,
    id: i32,
    info: UserPtr<Siginfo>,
    options: WaitFlags,
    usage: UserPtr<Rusage>,
) -> Result<usize> {
    let known = WAIT4_OPTIONS | WAITID_EVENTS | WaitFlags::NO_REAP;
    if !known.contains(options) || !options.intersects(WAITID_EVENTS) {
        return Err(Errno::EINVAL);
    }
    let which = which(cx, kind, id)?;
    let report = wait::wait(&cx.task, &which, options)?;
    if let (Some(usage), Some(report)) = (usage.non_null(), &report) {
        usage.write(&report.used.to_rusage())?;
    }
    if let Some(info) = info.non_null() {
        info.write(&report.as_ref().map_or_else(Siginfo::default, describe))?;
    }
    Ok(0)
}

/// The children that an id of this kind means: P_ALL, P_PID, P_PGID, P_PIDFD.
fn which(cx: &Context, kind: u32, id: i32) -> Result<Which> {
    match kind {
        0 => Ok(Which::Any),
        1 if id > 0 => Ok(Which::Child(id)),
        2 if id > 0 => Ok(Which::Group(id)),
        2 if id == 0 => Ok(Which::Group(cx.process().group_id())),
        3 if id >= 0 => {
            let held = Slot::new(id).get_kind(cx, KindSet::PROCESS, Rights::PDWAIT, Errno::EBADF)?;
            let descriptor = held.downcast_ref::<ProcessDescriptor>().ok_or(Errno::EBADF)?;
            Ok(Which::Exactly(Arc::clone(descriptor.process())))
        }
        _ => Err(Errno::EINVAL),
    }
}

fn describe(report: &Report) -> Siginfo {
    let child = Sender { pid: report.pid, uid: report.uid };
    details::from_child(Signal::CHLD, child, report.status, 0, 0).to_siginfo()
}
