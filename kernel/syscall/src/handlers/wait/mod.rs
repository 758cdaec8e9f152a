//! Waiting for several objects.

mod epoll;
mod poll;
mod select;
mod timer;

pub use epoll::{epoll_create, epoll_create1, epoll_ctl, epoll_pwait, epoll_pwait2, epoll_wait};
pub use poll::{poll, ppoll};
pub use select::{pselect6, select};
pub use timer::{timerfd_create, timerfd_gettime, timerfd_settime};

use crate::Context;
use abi::{Errno, Result, SignalSet};
use mm::user::UserPtr;
use process::signal::mask;

/// Bytes of a signal set.
const SET_SIZE: usize = 8;

/// Runs a call with another signal mask, if one is given. EINVAL for a set of the wrong size.
fn with_mask(
    cx: &mut Context,
    set: UserPtr<SignalSet>,
    size: usize,
    call: impl FnOnce(&mut Context) -> Result<usize>,
) -> Result<usize> {
    let Some(set) = set.non_null() else { return call(cx) };
    if size != SET_SIZE {
        return Err(Errno::EINVAL);
    }
    let set = set.read()?;
    mask::set_for_call(&cx.task, set);
    let result = call(cx);
    // Where a signal ended the call, its handler still runs under the mask of the call.
    if !matches!(result, Err(errno) if errno == Errno::EINTR || errno.is_internal()) {
        mask::restore_after_call(&cx.task);
    }
    result
}

/// The deadline that this call, if it was begun anew after an interruption, had at first; else `fresh`.
fn deadline(cx: &Context, fresh: Option<u64>) -> Option<u64> {
    cx.task.restart_deadline().or(fresh)
}

/// What an interrupted call answers: with a deadline it is to be begun anew with the same one.
fn interrupted(cx: &Context, deadline_ns: Option<u64>) -> Errno {
    match deadline_ns {
        Some(deadline) => {
            cx.task.keep_restart_deadline(deadline);
            Errno::ERESTART_RESTARTBLOCK
        }
        None => Errno::ERESTARTNOHAND,
    }
}
