//! Scheduling: affinity, policies, nice values.

mod affinity;
mod attributes;
mod policy;
mod priority;

pub use affinity::{getcpu, membarrier, sched_getaffinity, sched_setaffinity};
pub use attributes::{sched_getattr, sched_setattr};
pub use policy::{
    sched_get_priority_max, sched_get_priority_min, sched_getparam, sched_getscheduler, sched_rr_get_interval,
    sched_setparam, sched_setscheduler,
};
pub use priority::{getpriority, setpriority};

use abi::{Errno, Result};
use alloc::sync::Arc;
use caps::Root;
use process::{Context, Task, gate};
use sched::Thread;

/// `sched_yield`.
pub fn sched_yield(_cx: &mut Context) -> Result<usize> {
    sched::yield_now();
    Ok(0)
}

/// The task with this id; 0 is the caller.
fn find(cx: &Context, pid: i32) -> Result<Arc<Task>> {
    match pid {
        0 => Ok(cx.task.clone()),
        pid => process::registry::find_task(pid).ok_or(Errno::ESRCH),
    }
}

/// The scheduler's side of a task; ESRCH where it is not made yet.
fn thread_of(task: &Task) -> Result<&Arc<Thread>> {
    task.thread().ok_or(Errno::ESRCH)
}

/// EPERM unless the caller may change how `task` is scheduled: its own user, or the superuser.
fn check_owner(cx: &Context, task: &Task) -> Result<()> {
    if !Arc::ptr_eq(cx.process(), task.process()) {
        gate::demand_root(cx, Root::Signal)?;
    }
    let (own, theirs) = (cx.process().credentials(), task.process().credentials());
    let may = own.euid == 0 || own.euid == theirs.euid || own.euid == theirs.uid;
    if may { Ok(()) } else { Err(Errno::EPERM) }
}

fn is_superuser(cx: &Context) -> bool {
    cx.process().credentials().euid == 0
}
