//! Futexes and robust lists.

use crate::{Context, timeout};
use abi::consts::general;
use abi::types::{FutexWaitv, RobustListHead, Timespec};
use abi::{Errno, Result};
use core::num::NonZeroU32;
use core::sync::atomic::Ordering;
use ipc::futex::inheritance::{self, Patience};
use ipc::futex::{self, ANY_BIT, Part, Requeue, WakeOp, Word};
use mm::space::KeyScope;
use mm::user::UserPtr;
use sched::Wait;

const PRIVATE: u32 = general::FUTEX_PRIVATE_FLAG;
const CLOCK_REALTIME: u32 = general::FUTEX_CLOCK_REALTIME;

/// Waits on a word of memory, or wakes or moves those who wait; takes and releases locks with priority inheritance.
/// A relative wait that a signal cut short begins anew with its first deadline.
pub fn futex(
    cx: &mut Context,
    word: u64,
    operation: u32,
    value: u32,
    timeout: u64,
    word2: u64,
    value3: u32,
) -> Result<usize> {
    let scope = if operation & PRIVATE != 0 { KeyScope::Private } else { KeyScope::Any };
    let command = operation & !(PRIVATE | CLOCK_REALTIME);
    let is_timed_by_clock = matches!(
        command,
        general::FUTEX_WAIT_BITSET | general::FUTEX_WAIT | general::FUTEX_LOCK_PI2 | general::FUTEX_WAIT_REQUEUE_PI
    );
    if operation & CLOCK_REALTIME != 0 && !is_timed_by_clock {
        return Err(Errno::ENOSYS);
    }
    // Where there is no timeout, its place holds a count.
    let value2 = timeout as u32;
    match command {
        general::FUTEX_WAIT => {
            let deadline = relative_deadline(cx, timeout)?;
            wait(cx, Word::at(word, scope)?, value, ANY_BIT, deadline)
        }
        general::FUTEX_WAIT_BITSET => {
            let bits = NonZeroU32::new(value3).ok_or(Errno::EINVAL)?;
            let deadline = absolute_deadline(timeout, operation)?;
            wait(cx, Word::at(word, scope)?, value, bits, deadline)
        }
        general::FUTEX_WAKE => futex::wake(Word::at(word, scope)?, count(value)?, ANY_BIT),
        general::FUTEX_WAKE_BITSET => {
            let bits = NonZeroU32::new(value3).ok_or(Errno::EINVAL)?;
            futex::wake(Word::at(word, scope)?, count(value)?, bits)
        }
        general::FUTEX_REQUEUE | general::FUTEX_CMP_REQUEUE => {
            let is_compared = command == general::FUTEX_CMP_REQUEUE;
            let request = Requeue {
                wake: exact_count(value)?,
                requeue: exact_count(value2)?,
                expected: is_compared.then_some(value3),
            };
            let (woken, moved) = futex::requeue(Word::at(word, scope)?, Word::at(word2, scope)?, request)?;
            Ok(if is_compared { woken + moved } else { woken })
        }
        general::FUTEX_WAKE_OP => {
            let operation = WakeOp::decode(value3).ok_or(Errno::ENOSYS)?;
            let counts = (count(value)?, count(value2)?);
            futex::wake_op(Word::at(word, scope)?, Word::at(word2, scope)?, counts, operation)
        }
        general::FUTEX_LOCK_PI | general::FUTEX_LOCK_PI2 => {
            // The older of the two always counts by the calendar.
            let clock = if command == general::FUTEX_LOCK_PI { CLOCK_REALTIME } else { operation };
            let how = until(absolute_deadline(timeout, clock)?);
            lock(cx, Word::at(word, scope)?, Patience::Wait(how))
        }
        general::FUTEX_TRYLOCK_PI => lock(cx, Word::at(word, scope)?, Patience::None),
        general::FUTEX_UNLOCK_PI => {
            inheritance::unlock(Word::at(word, scope)?, cx.task.id() as u32)?;
            Ok(0)
        }
        general::FUTEX_WAIT_REQUEUE_PI => {
            let bits = NonZeroU32::new(value3).ok_or(Errno::EINVAL)?;
            let how = until(absolute_deadline(timeout, operation)?);
            let (word, target) = distinct(Word::at(word, scope)?, Word::at(word2, scope)?)?;
            futex::wait_for_requeue(word, value, bits, target, how).map_err(restarting)?;
            lock(cx, target, Patience::Wait(how))
        }
        general::FUTEX_CMP_REQUEUE_PI => {
            // One is meant to get the lock at once.
            if value != 1 {
                return Err(Errno::EINVAL);
            }
            let (word, target) = distinct(Word::at(word, scope)?, Word::at(word2, scope)?)?;
            futex::requeue_to_lock(word, target, value3, exact_count(value2)?.saturating_add(1))
        }
        _ => Err(Errno::ENOSYS),
    }
}

/// Two words that are not one. EINVAL.
fn distinct(word: Word, target: Word) -> Result<(Word, Word)> {
    if word.is_same(&target) { Err(Errno::EINVAL) } else { Ok((word, target)) }
}

/// A wait that a signal cut short, or that is to look again, begins anew.
fn restarting(error: Errno) -> Errno {
    if error == Errno::EINTR { Errno::ERESTARTSYS } else { error }
}

fn until(deadline: Deadline) -> Wait {
    let deadline_ns = match deadline {
        Deadline::Never => None,
        Deadline::At(deadline) | Deadline::After(deadline) => Some(deadline),
    };
    Wait { deadline_ns, ..Wait::INTERRUPTIBLE }
}

/// Takes a lock with priority inheritance.
fn lock(cx: &Context, word: Word, patience: Patience) -> Result<usize> {
    let find = |tid: u32| process::registry::find_task(tid as i32).and_then(|task| task.thread().cloned());
    inheritance::lock(word, cx.task.id() as u32, patience, &find)?;
    Ok(0)
}

/// Waits on several words at once; which of them was woken.
pub fn futex_waitv(
    _cx: &mut Context,
    waiters: UserPtr<FutexWaitv>,
    count: u32,
    flags: u32,
    timeout: UserPtr<Timespec>,
    clock: i32,
) -> Result<usize> {
    const SIZE_32: u32 = 2;
    const PARTS_MAX: u32 = 128;
    if flags != 0 || !(1..=PARTS_MAX).contains(&count) {
        return Err(Errno::EINVAL);
    }
    let deadline = match (timeout.non_null(), clock as u32) {
        (None, _) => Deadline::Never,
        (Some(_), general::CLOCK_MONOTONIC) => absolute_deadline(timeout.address(), 0)?,
        (Some(_), general::CLOCK_REALTIME) => absolute_deadline(timeout.address(), CLOCK_REALTIME)?,
        _ => return Err(Errno::EINVAL),
    };
    let mut parts = mm::alloc::try_vec(count as usize)?;
    for index in 0..u64::from(count) {
        let at = waiters.address().wrapping_add(index * size_of::<FutexWaitv>() as u64);
        let FutexWaitv { value, address, flags, reserved } = UserPtr::<FutexWaitv>::new(at).read()?;
        if flags & !PRIVATE != SIZE_32 || reserved != 0 {
            return Err(Errno::EINVAL);
        }
        let scope = if flags & PRIVATE != 0 { KeyScope::Private } else { KeyScope::Any };
        parts.push(Part { word: Word::at(address, scope)?, expected: value as u32 });
    }
    futex::wait_for_any(&parts, until(deadline)).map_err(restarting)
}

/// A count of waiters to wake: an int of which nothing or less means one, as on Linux.
fn count(value: u32) -> Result<usize> {
    Ok(usize::try_from(value as i32).unwrap_or(1).max(1))
}

/// A count that is taken as it is.
fn exact_count(value: u32) -> Result<usize> {
    usize::try_from(value as i32).map_err(|_| Errno::EINVAL)
}

/// A wait's deadline, and whether the call can be begun anew with the same arguments.
#[derive(Clone, Copy)]
enum Deadline {
    Never,
    At(u64),
    After(u64),
}

fn relative_deadline(cx: &Context, timeout: u64) -> Result<Deadline> {
    let fresh = timeout::after_timespec(UserPtr::new(timeout))?;
    Ok(match cx.task.restart_deadline().or(fresh) {
        Some(deadline) => Deadline::After(deadline),
        None => Deadline::Never,
    })
}

fn absolute_deadline(timeout: u64, operation: u32) -> Result<Deadline> {
    let Some(time) = UserPtr::<Timespec>::new(timeout).non_null() else { return Ok(Deadline::Never) };
    let time = time.read()?;
    let is_calendar = operation & CLOCK_REALTIME != 0;
    Ok(Deadline::At(if is_calendar { timeout::at_wall_clock(time)? } else { timeout::duration_ns(time)? }))
}

fn wait(cx: &Context, word: Word, expected: u32, bits: NonZeroU32, deadline: Deadline) -> Result<usize> {
    let how = until(deadline);
    match (futex::wait(word, expected, bits, how), deadline) {
        (Err(Errno::EINTR), Deadline::After(deadline)) => {
            cx.task.keep_restart_deadline(deadline);
            Err(Errno::ERESTART_RESTARTBLOCK)
        }
        (Err(Errno::EINTR), _) => Err(Errno::ERESTARTSYS),
        (result, _) => result.map(|()| 0),
    }
}

/// Notes where the thread's robust list is, for when it ends; EINVAL for another size than the one known.
pub fn set_robust_list(cx: &mut Context, head: u64, size: usize) -> Result<usize> {
    if size != size_of::<RobustListHead>() {
        return Err(Errno::EINVAL);
    }
    cx.task.robust_list.store(head, Ordering::Relaxed);
    Ok(0)
}

/// Tells where a thread's robust list is, to whoever may signal it; Linux asks for the right to trace it.
pub fn get_robust_list(cx: &mut Context, pid: i32, head: UserPtr<u64>, size: UserPtr<u64>) -> Result<usize> {
    let address = match pid {
        0 => cx.task.robust_list.load(Ordering::Relaxed),
        _ => {
            let task = process::registry::find_task(pid).ok_or(Errno::ESRCH)?;
            process::signal::check_permission(cx.process(), task.process(), None)?;
            task.robust_list.load(Ordering::Relaxed)
        }
    };
    size.write(&(size_of::<RobustListHead>() as u64))?;
    head.write(&address)?;
    Ok(0)
}
