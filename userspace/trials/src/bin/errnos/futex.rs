//! Cases of calls of the family `futex`.

use abi::Errno;
use abi::types::{FutexWaitv, Timespec};

use crate::Case;
use crate::attempt::{Attempt, holding, memory};
use crate::kit::{FIRST, interrupt_soon};

const WAIT: usize = libc::FUTEX_WAIT as usize;

/// Waits for a word of zero to change from `value`: for ever, or until a time.
fn waiting(attempt: Attempt, value: u64, timeout: usize) -> Attempt {
    const SIZE_32: u32 = 2;
    let waiter = FutexWaitv { value, address: memory() as u64, flags: SIZE_32, reserved: 0 };
    attempt.with("waiters", holding(waiter)).with("count", 1).with("timeout", timeout)
}

pub(crate) const CASES: &[Case] = &[
    ("futex_waitv", Errno::EAGAIN, |it| waiting(it, 7, 0).call()),
    ("futex_waitv", Errno::EINTR, |it| {
        let it = waiting(it, 0, 0);
        interrupt_soon()?;
        it.call()
    }),
    ("futex_waitv", Errno::EINVAL, |it| waiting(it, 0, 0).with("count", 0).call()),
    ("futex_waitv", Errno::EINVAL, |it| waiting(it, 0, 0).with("flags", 1).call()),
    ("futex_waitv", Errno::ETIMEDOUT, |it| waiting(it, 0, holding(Timespec { seconds: 0, nanoseconds: 1 })).call()),
    ("futex", Errno::EAGAIN, |it| it.with("operation", WAIT).with("value", 7).with("timeout", 0).call()),
    ("futex", Errno::EINTR, |it| {
        let it = it.with("word", memory()).with("operation", WAIT).with("timeout", 0);
        interrupt_soon()?;
        it.call()
    }),
    ("futex", Errno::EINVAL, |it| it.with("word", memory() + 1).with("operation", WAIT).with("timeout", 0).call()),
    ("futex", Errno::ETIMEDOUT, |it| {
        let soon = Timespec { seconds: 0, nanoseconds: 1000 };
        it.with("word", memory()).with("operation", WAIT).with("timeout", holding(soon)).call()
    }),
    ("futex", Errno::ENOSYS, |it| it.with("operation", 99).call()),
    ("set_robust_list", Errno::EINVAL, |it| it.with("size", 1).call()),
    ("get_robust_list", Errno::EPERM, |it| it.with("pid", FIRST).call_as_nobody()),
];
