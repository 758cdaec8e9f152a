//! The epoll calls.

use super::with_mask;
use crate::arguments::Slot;
use crate::handlers::descriptors::install;
use crate::{Context, timeout};
use abi::consts::general;
use abi::types::{EpollEvent, Timespec};
use abi::{Errno, OpenFlags, Result, SignalSet};
use caps::Rights;
use ipc::epoll::{Change, EpollSet};
use mm::user::UserPtr;
use object::Held;
use object::revocation::Waited;
use sched::Wait;

/// The most events that one call may ask for, so that their bytes can be counted in an int.
const EVENTS_MAX: i32 = i32::MAX / size_of::<EpollEvent>() as i32;

/// Makes a set without flags; the size must be positive and means nothing.
pub fn epoll_create(cx: &mut Context, size: i32) -> Result<usize> {
    if size <= 0 {
        return Err(Errno::EINVAL);
    }
    epoll_create1(cx, 0)
}

/// Makes an empty set of slots to wait for.
pub fn epoll_create1(cx: &mut Context, flags: u32) -> Result<usize> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !OpenFlags::CLOSE_ON_EXEC.contains(flags) {
        return Err(Errno::EINVAL);
    }
    install(cx, EpollSet::new()?, flags)
}

/// Adds a slot to the set, changes what it is waited for, or takes it out.
pub fn epoll_ctl(cx: &mut Context, set: Held, operation: i32, fd: Slot, event: UserPtr<EpollEvent>) -> Result<usize> {
    // Copied in even for an operation that there is not.
    let event = if operation as u32 == general::EPOLL_CTL_DEL { EpollEvent::default() } else { event.read()? };
    let change = match operation as u32 {
        general::EPOLL_CTL_ADD => Change::Add,
        general::EPOLL_CTL_DEL => Change::Delete,
        general::EPOLL_CTL_MOD => Change::Modify,
        _ => return Err(Errno::EINVAL),
    };
    let held = fd.get(cx, Rights::EVENT)?;
    set_of(&set)?.change(change, fd.number(), &Waited::new(&held), event).map(|()| 0)
}

/// Waits for events of the set, at most `max`, and says how many there are; a negative time has no end.
pub fn epoll_wait(
    cx: &mut Context,
    set: Held,
    events: UserPtr<EpollEvent>,
    max: i32,
    timeout_ms: i32,
) -> Result<usize> {
    let _ = cx;
    wait(&set, events, max, timeout::after_ms(timeout_ms))
}

/// Does the same with another signal mask meanwhile.
pub fn epoll_pwait(
    cx: &mut Context,
    set: Held,
    events: UserPtr<EpollEvent>,
    max: i32,
    timeout_ms: i32,
    mask: UserPtr<SignalSet>,
    size: usize,
) -> Result<usize> {
    with_mask(cx, mask, size, |_| wait(&set, events, max, timeout::after_ms(timeout_ms)))
}

/// Does the same with a time in nanoseconds, of which null has no end.
pub fn epoll_pwait2(
    cx: &mut Context,
    set: Held,
    events: UserPtr<EpollEvent>,
    max: i32,
    timeout: UserPtr<Timespec>,
    mask: UserPtr<SignalSet>,
    size: usize,
) -> Result<usize> {
    let deadline_ns = timeout::after_timespec(timeout)?;
    with_mask(cx, mask, size, |_| wait(&set, events, max, deadline_ns))
}

fn wait(set: &Held, events: UserPtr<EpollEvent>, max: i32, deadline_ns: Option<u64>) -> Result<usize> {
    if !(1..=EVENTS_MAX).contains(&max) {
        return Err(Errno::EINVAL);
    }
    let mut written = 0;
    let result = set_of(set)?.wait(max as usize, Wait { deadline_ns, ..Wait::INTERRUPTIBLE }, |event| {
        events.offset(written).write(&event)?;
        written += 1;
        Ok(())
    });
    // A wait that ended because the set was taken back begins anew, and is refused.
    match result {
        Err(Errno::EINTR) if set.grant().is_some_and(|grant| !grant.limit().contains(Rights::KQUEUE_EVENT)) => {
            Err(Errno::ERESTARTNOINTR)
        }
        result => result,
    }
}

fn set_of(held: &Held) -> Result<&EpollSet> {
    held.object().downcast_ref().ok_or(Errno::EINVAL)
}
