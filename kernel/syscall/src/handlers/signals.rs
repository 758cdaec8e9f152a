//! Calls that send and take signals.

use crate::Context;
use abi::types::{Sigaction, Sigaltstack, Siginfo, Timespec};
use abi::{Errno, Promises, Result, Signal, SignalSet};
use alloc::sync::Arc;
use caps::Root;
use mm::user::UserPtr;
use object::Held;
use process::pidfd::ProcessDescriptor;
use process::signal::details::{self, Details, Sender};
use process::signal::{Loss, Origin, action, handler, mask};
use process::signal::{check_permission, send, send_to_task, sender};
use process::{Process, Task, gate, registry};

/// The smallest signal stack that may be set: MINSIGSTKSZ.
const STACK_MINIMUM: usize = 2048;

/// Sets what a signal does, null leaving it, and tells what it did. EINVAL for a set that is not of 8 bytes.
pub fn rt_sigaction(
    cx: &mut Context,
    signal: i32,
    new: UserPtr<Sigaction>,
    old: UserPtr<Sigaction>,
    size: usize,
) -> Result<usize> {
    check_size(size)?;
    let signal = Signal::new(signal).ok_or(Errno::EINVAL)?;
    let new = new.non_null().map(UserPtr::read).transpose()?;
    let before = action::replace(cx.process(), signal, new.as_ref())?;
    if let Some(old) = old.non_null() {
        old.write(&before)?;
    }
    Ok(0)
}

/// Adds to the thread's blocked signals, takes from them or replaces them, and tells what they were.
/// Without a new set, `how` is not looked at.
pub fn rt_sigprocmask(
    cx: &mut Context,
    how: i32,
    new: UserPtr<SignalSet>,
    old: UserPtr<SignalSet>,
    size: usize,
) -> Result<usize> {
    check_size(size)?;
    let before = cx.task.blocked();
    if let Some(new) = new.non_null() {
        let set = new.read()?;
        let after = match how {
            0 => before.union(set),
            1 => before.difference(set),
            2 => set,
            _ => return Err(Errno::EINVAL),
        };
        mask::set(&cx.task, after);
    }
    if let Some(old) = old.non_null() {
        old.write(&before)?;
    }
    Ok(0)
}

/// Goes back to what a handler interrupted, by the frame on the stack; SIGSEGV if that cannot be.
pub fn rt_sigreturn(cx: &mut Context) -> Result<usize> {
    match handler::leave(cx) {
        Ok(value) => Ok(value as usize),
        Err(_) => {
            // There is nothing to return to: a fault of the program.
            process::signal::force(&cx.task, Signal::SEGV, details::from_kernel(Signal::SEGV));
            Ok(0)
        }
    }
}

/// Sleeps until a signal comes that is handled or ends the process.
pub fn pause(_cx: &mut Context) -> Result<usize> {
    Err(mask::pause())
}

/// Sleeps with another mask until a signal comes; the handler still runs under that mask.
pub fn rt_sigsuspend(cx: &mut Context, set: UserPtr<SignalSet>, size: usize) -> Result<usize> {
    check_size(size)?;
    let set = set.read()?;
    Err(mask::suspend(&cx.task, set))
}

/// Tells the blocked signals that wait for the thread or the process.
pub fn rt_sigpending(cx: &mut Context, set: UserPtr<SignalSet>, size: usize) -> Result<usize> {
    // Smaller sizes are allowed here, as on Linux; the low bytes are written.
    if size > SignalSet::BYTES {
        return Err(Errno::EINVAL);
    }
    let pending = cx.task.pending().union(cx.process().shared_pending());
    let blocked = pending.intersection(cx.task.blocked());
    set.cast::<u8>().write_slice(&blocked.bits().to_le_bytes()[..size])?;
    Ok(0)
}

/// Takes a pending signal of the set and returns its number, waiting if need be.
/// EAGAIN at the deadline, EINTR when another comes.
pub fn rt_sigtimedwait(
    cx: &mut Context,
    set: UserPtr<SignalSet>,
    info: UserPtr<Siginfo>,
    timeout: UserPtr<Timespec>,
    size: usize,
) -> Result<usize> {
    check_size(size)?;
    let set = set.read()?;
    let deadline = match timeout.non_null() {
        Some(timeout) => Some(arch::clock::now_ns().saturating_add(nanoseconds(timeout.read()?)?)),
        None => None,
    };
    let (signal, details) = mask::wait_for(&cx.task, set, deadline)?;
    if let Some(info) = info.non_null() {
        info.write(&details.to_siginfo())?;
    }
    Ok(signal.number() as usize)
}

fn nanoseconds(time: Timespec) -> Result<u64> {
    if time.seconds < 0 || !(0..1_000_000_000).contains(&time.nanoseconds) {
        return Err(Errno::EINVAL);
    }
    Ok((time.seconds as u64).saturating_mul(1_000_000_000).saturating_add(time.nanoseconds as u64))
}

/// Sets the thread's stack for handlers and tells the one before, seen from the stack in use now.
pub fn sigaltstack(cx: &mut Context, new: UserPtr<Sigaltstack>, old: UserPtr<Sigaltstack>) -> Result<usize> {
    let pointer = cx.user.regs().rsp;
    let before = handler::shown_stack(&handler::alternate_stack(&cx.task), pointer);
    if let Some(new) = new.non_null() {
        handler::set_alternate_stack(&cx.task, pointer, &new.read()?, STACK_MINIMUM)?;
    }
    if let Some(old) = old.non_null() {
        old.write(&before)?;
    }
    Ok(0)
}

/// As there is no state to resume, a call that would be resumed has been ended.
pub fn restart_syscall(_cx: &mut Context) -> Result<usize> {
    Err(Errno::EINTR)
}

/// Signals a process, a group or everybody else but the first process; 0 only asks whether one could.
/// One success is success. Others than oneself take the root capability, and but for one's own group `proc`.
pub fn kill(cx: &mut Context, pid: i32, signal: i32) -> Result<usize> {
    let signal = signal_or_probe(signal)?;
    demand_target(cx, pid)?;
    let caller = Arc::clone(cx.process());
    let from = sender(&caller);
    match pid {
        1.. => send_one(&caller, &registry::find_process(pid).ok_or(Errno::ESRCH)?, signal, from)?,
        0 => send_group(&caller, caller.group_id(), signal, from)?,
        -1 => send_all(&caller, signal, from)?,
        i32::MIN => return Err(Errno::ESRCH),
        _ => send_group(&caller, -pid, signal, from)?,
    }
    Ok(0)
}

/// Only the caller itself, or with promises its own group, may be signalled without the promise and the root capability for
/// others.
fn demand_target(cx: &Context, pid: i32) -> Result<()> {
    match pid {
        1.. if pid == cx.process().id() => Ok(()),
        0 => gate::demand_root(cx, Root::Signal),
        _ => gate::demand_others(cx),
    }
}

/// The signal with this number; `None` for 0, which only asks whether one could be sent.
fn signal_or_probe(number: i32) -> Result<Option<Signal>> {
    match number {
        0 => Ok(None),
        _ => Signal::new(number).map(Some).ok_or(Errno::EINVAL),
    }
}

fn send_one(caller: &Process, target: &Arc<Process>, signal: Option<Signal>, from: Sender) -> Result<()> {
    check_permission(caller, target, signal)?;
    let Some(signal) = signal else { return Ok(()) };
    send(target, signal, details::from_process(signal, details::USER, from), Origin::User, Loss::Allowed)
}

fn send_group(caller: &Process, group: i32, signal: Option<Signal>, from: Sender) -> Result<()> {
    let group = registry::find_group(group).ok_or(Errno::ESRCH)?;
    let mut outcome = Err(Errno::ESRCH);
    group.for_each_member(|member| outcome = better(outcome, send_one(caller, member, signal, from)));
    outcome
}

/// `kill(-1)`: everybody but the first process and the caller.
fn send_all(caller: &Process, signal: Option<Signal>, from: Sender) -> Result<()> {
    let mut outcome = Err(Errno::ESRCH);
    let mut last = 1;
    while let Some(target) = registry::next_process(last) {
        last = target.id();
        if last != caller.id() {
            outcome = better(outcome, send_one(caller, &target, signal, from));
        }
    }
    outcome
}

/// One success is success; otherwise the last failure counts.
fn better(so_far: Result<()>, next: Result<()>) -> Result<()> {
    if so_far.is_ok() { so_far } else { next }
}

/// Signals the thread with this id, whatever its process. EINVAL for an id that is not positive.
pub fn tkill(cx: &mut Context, tid: i32, signal: i32) -> Result<usize> {
    if tid <= 0 {
        return Err(Errno::EINVAL);
    }
    gate::demand_naming(cx, tid)?;
    let task = registry::find_task(tid).ok_or(Errno::ESRCH)?;
    send_thread(cx.process(), &task, signal)
}

/// Signals a thread of a process: ESRCH if it is not, or no longer, one of it.
pub fn tgkill(cx: &mut Context, pid: i32, tid: i32, signal: i32) -> Result<usize> {
    gate::demand_naming(cx, tid)?;
    send_thread(cx.process(), &*find_thread(pid, tid)?, signal)
}

fn find_thread(pid: i32, tid: i32) -> Result<Arc<Task>> {
    if pid <= 0 || tid <= 0 {
        return Err(Errno::EINVAL);
    }
    registry::find_task(tid).filter(|task| task.process().id() == pid).ok_or(Errno::ESRCH)
}

fn send_thread(caller: &Process, task: &Task, signal: i32) -> Result<usize> {
    let signal = signal_or_probe(signal)?;
    check_permission(caller, task.process(), signal)?;
    if let Some(signal) = signal {
        let details = details::from_process(signal, details::THREAD, sender(caller));
        send_to_task(task, signal, details, Origin::User, Loss::Allowed)?;
    }
    Ok(0)
}

/// Signals a process with details of the caller's choice, which is refused rather than lost when too many wait.
/// EPERM for pretending to another that the kernel or `tgkill` sent it.
pub fn rt_sigqueueinfo(cx: &mut Context, pid: i32, signal: i32, info: UserPtr<Siginfo>) -> Result<usize> {
    let mut details = Details::from_siginfo(&info.read()?)?;
    let signal = signal_or_probe(signal)?;
    gate::demand_naming(cx, pid)?;
    let target = registry::find_process(pid).ok_or(Errno::ESRCH)?;
    check_origin(&details, cx.process().id() == pid)?;
    check_permission(cx.process(), &target, signal)?;
    if let Some(signal) = signal {
        details.signal = signal.number();
        send(&target, signal, details, Origin::User, Loss::Refused)?;
    }
    Ok(0)
}

/// Does the same to one thread of a process.
pub fn rt_tgsigqueueinfo(cx: &mut Context, pid: i32, tid: i32, signal: i32, info: UserPtr<Siginfo>) -> Result<usize> {
    let mut details = Details::from_siginfo(&info.read()?)?;
    let signal = signal_or_probe(signal)?;
    gate::demand_naming(cx, tid)?;
    let task = find_thread(pid, tid)?;
    check_origin(&details, cx.process().id() == pid)?;
    check_permission(cx.process(), task.process(), signal)?;
    if let Some(signal) = signal {
        details.signal = signal.number();
        send_to_task(&task, signal, details, Origin::User, Loss::Refused)?;
    }
    Ok(0)
}

/// Nobody may pretend to another process that a signal came from the kernel or from `tgkill`.
fn check_origin(details: &Details, is_own: bool) -> Result<()> {
    let pretends = details.code >= 0 || details.code == details::THREAD;
    if pretends && !is_own { Err(Errno::EPERM) } else { Ok(()) }
}

pub(crate) fn send_by_descriptor(cx: &Context, process: &Held, signal: i32, info: UserPtr<Siginfo>) -> Result<usize> {
    let signal = signal_or_probe(signal)?;
    let descriptor = process.downcast_ref::<ProcessDescriptor>().ok_or(Errno::EBADF)?;
    let target = descriptor.process();
    if !Arc::ptr_eq(target, cx.process()) {
        gate::demand(cx, Promises::PROC)?;
    }
    if target.has_ended() {
        return Err(Errno::ESRCH);
    }
    let Some(info) = info.non_null() else {
        return send_one(cx.process(), target, signal, sender(cx.process())).map(|()| 0);
    };
    let details = Details::from_siginfo(&info.read()?)?;
    if signal.map_or(0, Signal::number) != details.signal {
        return Err(Errno::EINVAL);
    }
    check_origin(&details, Arc::ptr_eq(target, cx.process()))?;
    check_permission(cx.process(), target, signal)?;
    if let Some(signal) = signal {
        send(target, signal, details, Origin::User, Loss::Refused)?;
    }
    Ok(0)
}

fn check_size(size: usize) -> Result<()> {
    if size == SignalSet::BYTES { Ok(()) } else { Err(Errno::EINVAL) }
}
