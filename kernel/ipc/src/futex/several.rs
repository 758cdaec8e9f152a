//! Waiting on several words at once.

use super::bucket::{self, Waiter};
use super::{ANY_BIT, Word, enqueue};
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use sched::{Wait, WaitError, WaitQueue};

/// One of the words.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The word.
    pub word: Word,
    /// What it is to be while nobody is woken.
    pub expected: u32,
}

/// Sleeps while each word is what it is to be, until a waker of any comes: which of them it was. EAGAIN if a word is
/// another, ETIMEDOUT, EINTR, EFAULT.
pub fn wait_for_any(parts: &[Part], how: Wait) -> Result<usize> {
    let group = mm::alloc::try_arc(WaitQueue::new())?;
    let mut waiters: Vec<Arc<Waiter>> = mm::alloc::try_vec(parts.len())?;
    let mut end = Ok(());
    for part in parts {
        let waiter = Waiter::in_group(&group)?;
        end = enqueue(part.word, part.expected, ANY_BIT, None, &waiter);
        if end.is_err() {
            break;
        }
        waiters.push(waiter);
    }
    if end.is_ok() {
        let slept = group.wait_until(how, || waiters.iter().any(|waiter| waiter.is_woken()).then_some(()));
        end = slept.map_err(|error| match error {
            WaitError::TimedOut => Errno::ETIMEDOUT,
            WaitError::Interrupted => Errno::EINTR,
        });
    }
    for waiter in &waiters {
        bucket::withdraw(waiter);
    }
    // Whoever was woken takes that, whatever else came to pass meanwhile.
    match waiters.iter().position(|waiter| waiter.is_woken() && !waiter.is_disturbed()) {
        Some(which) => Ok(which),
        None => Err(end.err().unwrap_or(Errno::EINTR)),
    }
}
