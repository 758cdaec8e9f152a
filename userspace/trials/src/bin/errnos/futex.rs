//! Cases of calls of the family `futex`.

use abi::Errno;
use abi::types::Timespec;

use crate::Case;
use crate::attempt::{holding, memory};
use crate::kit::{FIRST, interrupt_soon};

const WAIT: usize = libc::FUTEX_WAIT as usize;

pub(crate) const CASES: &[Case] = &[
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
