//! Calls that tell and change who a process is and where it belongs.

use crate::Context;
use abi::{Errno, Result};
use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;
use mm::user::UserPtr;
use process::{Process, group, registry};

/// Tells the id of the process, which all its threads share.
pub fn getpid(cx: &mut Context) -> Result<usize> {
    Ok(cx.process().id() as usize)
}

/// Tells the id of the parent; 0 for none.
pub fn getppid(cx: &mut Context) -> Result<usize> {
    Ok(cx.process().parent_id() as usize)
}

/// Tells the id of the calling thread.
pub fn gettid(cx: &mut Context) -> Result<usize> {
    Ok(cx.task.id() as usize)
}

/// Tells the id of the process's own group.
pub fn getpgrp(cx: &mut Context) -> Result<usize> {
    Ok(cx.process().group_id() as usize)
}

/// Tells the group of a process, 0 meaning the caller. ESRCH.
pub fn getpgid(cx: &mut Context, pid: i32) -> Result<usize> {
    Ok(find(cx, pid)?.group_id() as usize)
}

/// Tells the session of a process, 0 meaning the caller. ESRCH.
pub fn getsid(cx: &mut Context, pid: i32) -> Result<usize> {
    Ok(find(cx, pid)?.session_id() as usize)
}

/// Moves the caller or a child of it into a group of the same session, or one of its own.
/// EACCES for a child that has executed something, EPERM for the leader of a session.
pub fn setpgid(cx: &mut Context, pid: i32, group: i32) -> Result<usize> {
    if group < 0 {
        return Err(Errno::EINVAL);
    }
    let process = find(cx, pid)?;
    let group = if group == 0 { process.id() } else { group };
    group::set_group(cx.process(), &process, group)?;
    Ok(0)
}

/// Starts a session and a group without terminal and tells its id; EPERM where either has that id already.
pub fn setsid(cx: &mut Context) -> Result<usize> {
    Ok(group::start_session(cx.process())? as usize)
}

/// Notes the word that is cleared when the thread ends, and tells the thread's id.
pub fn set_tid_address(cx: &mut Context, tid: UserPtr<i32>) -> Result<usize> {
    cx.task.clear_child_tid.store(tid.address(), Relaxed);
    Ok(cx.task.id() as usize)
}

/// The process with this id, or the caller's for 0.
pub(super) fn find(cx: &Context, pid: i32) -> Result<Arc<Process>> {
    match pid {
        0 => Ok(Arc::clone(cx.process())),
        _ => registry::find_process(pid).ok_or(Errno::ESRCH),
    }
}
