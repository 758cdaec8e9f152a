//! Futexes and robust lists.

use crate::Context;
use abi::{Errno, Result};
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

pub fn set_robust_list(_cx: &mut Context, _head: u64, _size: usize) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn get_robust_list(_cx: &mut Context, _pid: i32, _head: UserPtr<u64>, _size: UserPtr<u64>) -> Result<usize> {
    Err(Errno::ENOSYS)
}
