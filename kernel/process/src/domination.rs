//! Domination: who may reach into whom, take from its table, and touch its memory.
//!
//! One rule for all such doors (`/proc/PID`, `pidfd_getfd`, `process_vm_readv`, tracing): the caller's user must be the other's,
//! the other must let itself be looked into, and whatever the other may do beside using its slots, the caller may do too.
//! So nobody gets authority by way of a process that has more.

use crate::context::Context;
use crate::process::Flag;
use crate::{Process, Task};
use abi::{Errno, Result};
use alloc::sync::Arc;
use object::denial::Verdict;

/// What `take` gets out of `target`, if the caller dominates it: EPERM with a record, ESRCH if it has ended.
///
/// It is asked before and after: the target may execute, and then have more than it had.
pub fn reach<T>(cx: &Context, target: &Arc<Process>, take: impl FnOnce(&Process) -> Result<T>) -> Result<T> {
    demand(&cx.task, target)?;
    let taken = take(target)?;
    demand(&cx.task, target)?;
    Ok(taken)
}

/// Refuses unless the process of `task`, which is calling, dominates `target`: EPERM with a record, ESRCH for one that has
/// ended.
pub fn demand(task: &Task, target: &Arc<Process>) -> Result<()> {
    let caller = task.process();
    if Arc::ptr_eq(caller, target) {
        return Ok(());
    }
    if !is_same_user(caller, target) {
        return Err(Errno::EPERM);
    }
    let (own, other) = (caller.table().ok_or(Errno::ESRCH)?, target.table().ok_or(Errno::ESRCH)?);
    match own.ask_to_look_into(&other) {
        Verdict::Allow => Ok(()),
        Verdict::Refuse => Err(Errno::EPERM),
    }
}

/// Whether users and groups let the caller in. Who gained ids by exec, or does not want it, lets nobody in but the
/// privileged.
fn is_same_user(caller: &Process, target: &Process) -> bool {
    let (own, other) = (caller.credentials(), target.credentials());
    let is_user = [other.uid, other.euid, other.suid].iter().all(|id| *id == own.uid);
    let is_group = [other.gid, other.egid, other.sgid].iter().all(|id| *id == own.gid);
    own.euid == 0 || is_user && is_group && target.has(Flag::Dumpable)
}
