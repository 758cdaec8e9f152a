//! What the scheduling calls say and refuse.

use abi::types::SchedAttr;
use trials::child::in_child;
use trials::{Holds, equal};

use super::Machine;
use super::thread_calls::{self as calls, PROCESS, errno};

const RESET_ON_FORK: i32 = 0x4000_0000;

/// Policies go round, and impossible ones are refused.
pub fn policies(_: Machine) -> Holds {
    in_child(|| {
        for (policy, priority, interval) in
            [(libc::SCHED_FIFO, 7, 0), (libc::SCHED_RR, 99, 100_000_000), (libc::SCHED_BATCH, 0, 3_000_000)]
        {
            equal(errno(calls::set_policy(0, policy, priority)), 0)?;
            equal(calls::policy(0).ok(), Some(policy))?;
            equal(calls::parameter(0).ok(), Some(priority))?;
            equal(calls::interval(0).ok(), Some(interval))?;
        }
        equal(errno(calls::set_parameter(0, 1)), libc::EINVAL)?;
        equal(errno(calls::set_policy(0, libc::SCHED_FIFO, 0)), libc::EINVAL)?;
        equal(errno(calls::set_policy(0, libc::SCHED_FIFO, 100)), libc::EINVAL)?;
        equal(errno(calls::set_policy(0, libc::SCHED_OTHER, 1)), libc::EINVAL)?;
        equal(errno(calls::set_policy(0, 4, 0)), libc::EINVAL)?;
        equal(errno(calls::set_policy(0, -1, 0)), libc::EINVAL)?;
        equal(errno(calls::set_policy(-1, libc::SCHED_OTHER, 0)), libc::EINVAL)?;
        equal(errno(calls::set_policy(0x3fff_ffff, libc::SCHED_OTHER, 0)), libc::ESRCH)?;
        equal(errno(calls::policy(0x3fff_ffff)), libc::ESRCH)?;
        equal(errno(calls::parameter(-5)), libc::EINVAL)?;
        equal(errno(calls::interval(-5)), libc::EINVAL)
    })
}

/// What sched_setattr sets, sched_getattr shows; a slice is kept within what makes sense.
pub fn attributes(_: Machine) -> Holds {
    in_child(|| {
        equal(calls::get_attributes(0).map(|found| found.runtime).ok(), Some(3_000_000))?;
        for (asked, given) in [(500_000, 500_000), (1, 100_000), (1_000_000_000, 100_000_000), (0, 3_000_000)] {
            let wanted = SchedAttr { nice: 3, runtime: asked, ..calls::attributes() };
            equal(errno(calls::set_attributes(0, &wanted)), 0)?;
            let found = calls::get_attributes(0).map_err(|error| error.to_string())?;
            equal((found.runtime, found.nice, found.policy), (given, 3, 0))?;
            equal(calls::interval(0).ok(), Some(given as i64))?;
        }
        let wanted = SchedAttr { policy: libc::SCHED_RR as u32, priority: 9, flags: 1, ..calls::attributes() };
        equal(errno(calls::set_attributes(0, &wanted)), 0)?;
        let found = calls::get_attributes(0).map_err(|error| error.to_string())?;
        equal((found.policy, found.priority, found.flags, found.nice), (libc::SCHED_RR as u32, 9, 1, 0))?;
        equal(calls::policy(0).ok(), Some(libc::SCHED_RR | RESET_ON_FORK))?;
        let unknown = SchedAttr { flags: 1 << 40, ..calls::attributes() };
        equal(errno(calls::set_attributes(0, &unknown)), libc::EINVAL)?;
        let larger = SchedAttr { size: 4097, ..calls::attributes() };
        equal(errno(calls::set_attributes(0, &larger)), libc::E2BIG)
    })
}

/// setpriority and getpriority for one, for a group and for a user.
pub fn nice_values(_: Machine) -> Holds {
    in_child(|| {
        // SAFETY: the call takes nothing.
        let pid = unsafe { libc::getpid() };
        // SAFETY: the call takes numbers; a child leads no group.
        equal(unsafe { libc::setpgid(0, 0) }, 0)?;
        for (wanted, given) in [(5, 5), (100, 19), (-100, -20), (0, 0)] {
            equal(errno(calls::set_nice(PROCESS, 0, wanted)), 0)?;
            equal(calls::nice(PROCESS, pid).ok(), Some(given))?;
            equal(calls::nice(calls::GROUP, 0).ok(), Some(given))?;
        }
        equal(errno(calls::set_nice(calls::GROUP, pid, 7)), 0)?;
        equal(calls::nice(PROCESS, 0).ok(), Some(7))?;
        equal(errno(calls::nice(calls::GROUP, 0x3fff_ffff)), libc::ESRCH)?;
        equal(errno(calls::nice(PROCESS, 0x3fff_ffff)), libc::ESRCH)?;
        equal(errno(calls::nice(3, 0)), libc::EINVAL)?;
        // SAFETY: the call takes numbers.
        equal(unsafe { libc::setuid(4242) }, 0)?;
        equal(calls::nice(calls::USER, 0).ok(), Some(7))?;
        equal(calls::nice(calls::USER, 4242).ok(), Some(7))?;
        equal(errno(calls::nice(calls::USER, 4243)), libc::ESRCH)?;
        equal(errno(calls::set_nice(PROCESS, 1, 19)), libc::EPERM)?;
        equal(errno(calls::set_nice(calls::USER, 4242, 9)), 0)?;
        equal(calls::nice(PROCESS, 0).ok(), Some(9))
    })
}

/// With SCHED_RESET_ON_FORK children are ordinary again; without, they are as their parent.
pub fn reset_on_fork(_: Machine) -> Holds {
    in_child(|| {
        let inherited = |policy: i32, nice: i32| {
            in_child(move || {
                equal(calls::policy(0).ok(), Some(policy))?;
                equal(calls::nice(PROCESS, 0).ok(), Some(nice))
            })
        };
        equal(errno(calls::set_nice(PROCESS, 0, -3)), 0)?;
        equal(errno(calls::set_policy(0, libc::SCHED_RR, 5)), 0)?;
        inherited(libc::SCHED_RR, -3)?;
        equal(errno(calls::set_policy(0, libc::SCHED_FIFO | RESET_ON_FORK, 5)), 0)?;
        equal(calls::policy(0).ok(), Some(libc::SCHED_FIFO | RESET_ON_FORK))?;
        inherited(libc::SCHED_OTHER, 0)?;
        equal(errno(calls::set_policy(0, libc::SCHED_OTHER | RESET_ON_FORK, 0)), 0)?;
        inherited(libc::SCHED_OTHER, 0)?;
        equal(errno(calls::set_nice(PROCESS, 0, 4)), 0)?;
        inherited(libc::SCHED_OTHER, 4)
    })
}

fn set_limit(resource: impl Into<i64>, value: u64) -> Holds {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the structure is valid.
    equal(unsafe { libc::syscall(libc::SYS_setrlimit, resource.into(), &raw const limit) }, 0)
}

/// RLIMIT_NICE and RLIMIT_RTPRIO.
pub fn limits(_: Machine) -> Holds {
    in_child(|| {
        set_limit(libc::RLIMIT_NICE, 25)?;
        set_limit(libc::RLIMIT_RTPRIO, 10)?;
        equal(errno(calls::set_policy(0, libc::SCHED_OTHER | RESET_ON_FORK, 0)), 0)?;
        // SAFETY: the call takes numbers.
        equal(unsafe { libc::setuid(4242) }, 0)?;
        equal(errno(calls::set_nice(PROCESS, 0, -5)), 0)?;
        equal(errno(calls::set_nice(PROCESS, 0, -6)), libc::EACCES)?;
        equal(errno(calls::set_policy(0, libc::SCHED_FIFO | RESET_ON_FORK, 11)), libc::EPERM)?;
        // What resets children stays once it is set, unless one is privileged.
        equal(errno(calls::set_policy(0, libc::SCHED_FIFO, 10)), libc::EPERM)?;
        equal(errno(calls::set_policy(0, libc::SCHED_FIFO | RESET_ON_FORK, 10)), 0)?;
        equal(errno(calls::set_policy(0, libc::SCHED_FIFO | RESET_ON_FORK, 3)), 0)?;
        set_limit(libc::RLIMIT_RTPRIO, 0)?;
        // Lowering is free whatever the limit says.
        equal(errno(calls::set_parameter(0, 2)), 0)?;
        equal(errno(calls::set_parameter(0, 3)), libc::EPERM)?;
        equal(errno(calls::set_policy(0, libc::SCHED_RR | RESET_ON_FORK, 1)), libc::EPERM)?;
        equal(errno(calls::set_policy(0, libc::SCHED_IDLE | RESET_ON_FORK, 0)), 0)?;
        equal(errno(calls::set_policy(0, libc::SCHED_BATCH | RESET_ON_FORK, 0)), 0)?;
        set_limit(libc::RLIMIT_NICE, 0)?;
        equal(errno(calls::set_policy(0, libc::SCHED_IDLE | RESET_ON_FORK, 0)), 0)?;
        equal(errno(calls::set_policy(0, libc::SCHED_OTHER | RESET_ON_FORK, 0)), libc::EPERM)
    })
}
