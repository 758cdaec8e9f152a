//! Nice values.

use super::{check_owner, find, is_superuser, thread_of};
use abi::consts::general;
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use process::limits::Resource;
use process::{Context, Process, Task};
use sched::Nice;

/// The threads that `getpriority` and `setpriority` mean: one, those of a group, or those of a user.
fn threads_meant(cx: &Context, which: i32, who: i32) -> Result<Vec<Arc<Task>>> {
    let is_meant: &dyn Fn(&Process) -> bool = match which as u32 {
        general::PRIO_PROCESS => {
            let mut one = mm::alloc::try_vec(1)?;
            one.push(find(cx, who)?);
            return Ok(one);
        }
        general::PRIO_PGRP => {
            let group = if who == 0 { cx.process().group_id() } else { who };
            &move |process: &Process| process.group_id() == group
        }
        general::PRIO_USER => {
            let user = if who == 0 { cx.process().credentials().uid } else { who as u32 };
            &move |process: &Process| process.credentials().uid == user
        }
        _ => return Err(Errno::EINVAL),
    };
    let mut found = Vec::new();
    let mut last = 0;
    while let Some(process) = process::registry::next_process(last) {
        last = process.id();
        if !is_meant(&process) {
            continue;
        }
        let tasks = process.tasks()?;
        found.try_reserve(tasks.len()).map_err(|_| Errno::ENOMEM)?;
        found.extend(tasks);
    }
    if found.is_empty() { Err(Errno::ESRCH) } else { Ok(found) }
}

/// `getpriority`: 20 minus the nice value of the most favoured, so that no answer looks like an error.
pub fn getpriority(cx: &mut Context, which: i32, who: i32) -> Result<usize> {
    let tasks = threads_meant(cx, which, who)?;
    let least = tasks.iter().filter_map(|task| task.thread()).map(|thread| thread.nice().get()).min();
    Ok((20 - least.ok_or(Errno::ESRCH)?) as usize)
}

/// `setpriority`.
pub fn setpriority(cx: &mut Context, which: i32, who: i32, nice: i32) -> Result<usize> {
    let nice = Nice::clamped(nice);
    let mut outcome = Ok(0);
    for task in threads_meant(cx, which, who)? {
        // The others are still changed; the last error is told.
        if let Err(errno) = set_nice(cx, &task, nice) {
            outcome = Err(errno);
        }
    }
    outcome
}

fn set_nice(cx: &Context, task: &Task, nice: Nice) -> Result<()> {
    check_owner(cx, task)?;
    let thread = thread_of(task)?;
    if nice < thread.nice() && !is_superuser(cx) && !may_have_nice(task, nice) {
        return Err(Errno::EACCES);
    }
    thread.set_nice(nice);
    Ok(())
}

/// Whether RLIMIT_NICE lets the task's process have this nice value: the limit is 20 minus the least.
pub(super) fn may_have_nice(task: &Task, nice: Nice) -> bool {
    (20 - nice.get()) as u64 <= task.process().limit(Resource::Nice)
}
