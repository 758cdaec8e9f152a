//! Cases of calls of the family `sched`.

use abi::Errno;
use abi::types::{SchedAttr, SchedParam};

use crate::Case;
use crate::attempt::holding;
use crate::kit::FIRST;

const FIFO: i32 = libc::SCHED_FIFO;
/// No process, user or group has this id.
const NOBODYS: usize = 4_000_000;

/// What asks for a real-time policy.
fn real_time() -> usize {
    holding(SchedAttr { size: 48, policy: FIFO as u32, priority: 1, ..SchedAttr::default() })
}

pub(crate) const CASES: &[Case] = &[
    ("sched_get_priority_max sched_get_priority_min", Errno::EINVAL, |it| it.with("policy", 99).call()),
    (
        "sched_getparam sched_getscheduler sched_rr_get_interval sched_setparam sched_setscheduler sched_setattr sched_getattr",
        Errno::EINVAL,
        |it| it.with("pid", usize::MAX).call(),
    ),
    ("sched_setscheduler", Errno::EINVAL, |it| it.with("policy", 99).call()),
    ("sched_setparam", Errno::EINVAL, |it| it.with("parameters", holding(SchedParam { priority: 5 })).call()),
    ("sched_setparam sched_setaffinity", Errno::EPERM, |it| it.with("pid", FIRST).call_as_nobody()),
    ("sched_setscheduler", Errno::EPERM, |it| {
        it.with("policy", FIFO as usize).with("parameters", holding(SchedParam { priority: 1 })).call_as_nobody()
    }),
    ("sched_setattr", Errno::EPERM, |it| it.with("attributes", real_time()).call_as_nobody()),
    ("sched_setattr", Errno::E2BIG, |it| it.with("attributes", holding([5000_u32; 16])).call()),
    ("sched_setattr", Errno::EINVAL, |it| it.with("flags", 1).call()),
    ("sched_getattr", Errno::EINVAL, |it| it.with("size", 1).call()),
    ("sched_setaffinity", Errno::EINVAL, |it| it.with("mask", holding([0_u64; 16])).call()),
    ("sched_getaffinity", Errno::EINVAL, |it| it.with("size", 1).call()),
    ("getpriority setpriority", Errno::EINVAL, |it| it.with("which", 9).call()),
    ("getpriority setpriority", Errno::ESRCH, |it| it.with("who", NOBODYS).call()),
    ("setpriority", Errno::EACCES, |it| it.with("nice", -5_isize as usize).call_as_nobody()),
    ("setpriority", Errno::EPERM, |it| it.with("who", FIRST).call_as_nobody()),
    ("membarrier", Errno::EINVAL, |it| it.with("command", 0x4000).call()),
];
