//! Futexes and robust lists.

use crate::Context;
use abi::{Errno, Result};
use core::sync::atomic::Ordering::Relaxed;
use mm::user::UserPtr;

pub fn futex(
    _cx: &mut Context,
    _word: u64,
    _operation: u32,
    _value: u32,
    _timeout: u64,
    _word2: u64,
    _value3: u32,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

/// The size of `struct robust_list_head`.
const ROBUST_HEAD_SIZE: usize = size_of::<abi::types::RobustListHead>();

pub fn set_robust_list(cx: &mut Context, head: u64, size: usize) -> Result<usize> {
    if size != ROBUST_HEAD_SIZE {
        return Err(Errno::EINVAL);
    }
    cx.task.robust_list.store(head, Relaxed);
    Ok(0)
}

pub fn get_robust_list(cx: &mut Context, pid: i32, head: UserPtr<u64>, size: UserPtr<u64>) -> Result<usize> {
    let list = match pid {
        0 => cx.task.robust_list.load(Relaxed),
        _ => {
            let task = process::registry::find_task(pid).ok_or(Errno::ESRCH)?;
            process::signal::check_permission(cx.process(), task.process(), None)?;
            task.robust_list.load(Relaxed)
        }
    };
    size.write(&(ROBUST_HEAD_SIZE as u64))?;
    head.write(&list)?;
    Ok(0)
}
