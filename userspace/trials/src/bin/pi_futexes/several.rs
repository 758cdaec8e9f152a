//! Requeueing to a lock, and waiting on several words.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use abi::Errno;
use abi::table::number;
use abi::types::{FutexWaitv, Timespec};
use trials::raw::call;
use trials::{Holds, equal};

use crate::kit::{self, Lock, WAITERS, futex, gettid, spawn};

const PRIVATE: i32 = libc::FUTEX_PRIVATE_FLAG;

/// FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI, as conditions use them.
pub fn requeue() -> Holds {
    let (condition, lock) = (Lock::new(), Lock::new());
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let waiter = spawn(move || {
                let operation = libc::FUTEX_WAIT_REQUEUE_PI | PRIVATE;
                let back = futex(condition.address(), operation, 0, 0, lock.address(), u32::MAX);
                let is_owner = lock.word() & !WAITERS == gettid();
                lock.unlock();
                (back, is_owner)
            });
            kit::wait_until_asleep(&waiter);
            waiter
        })
        .collect();
    let send = |wake: u32, expected: u32| {
        let operation = libc::FUTEX_CMP_REQUEUE_PI | PRIVATE;
        futex(condition.address(), operation, wake, i32::MAX as usize, lock.address(), expected)
    };
    lock.lock();
    equal([send(2, 0), send(1, 7)], [Err(Errno::EINVAL), Err(Errno::EAGAIN)])?;
    equal(send(1, 0), Ok(3))?;
    lock.unlock();
    for waiter in waiters {
        equal(waiter.join().map_err(|_| "panicked")?, (Ok(0), true))?;
    }
    let itself = futex(lock.address(), libc::FUTEX_WAIT_REQUEUE_PI | PRIVATE, 0, 0, lock.address(), u32::MAX);
    equal((itself, lock.word()), (Err(Errno::EINVAL), 0))
}

fn part(word: &AtomicU32, value: u64) -> FutexWaitv {
    // Of 32 bits, and private.
    FutexWaitv { value, address: word.as_ptr() as u64, flags: 2 | PRIVATE as u32, reserved: 0 }
}

fn wait(parts: &[FutexWaitv], timeout: usize, clock: i32) -> Result<usize, Errno> {
    call(number::futex_waitv, &[parts.as_ptr() as usize, parts.len(), 0, timeout, clock as usize])
}

/// Any waker will do.
pub fn any() -> Holds {
    static WORDS: [AtomicU32; 3] = [const { AtomicU32::new(5) }; 3];
    for which in [1, 0, 2] {
        let waiter = spawn(|| wait(&WORDS.each_ref().map(|word| part(word, 5)), 0, 0));
        kit::wait_until_asleep(&waiter);
        let wake = |index: usize| futex(WORDS[index].as_ptr() as usize, libc::FUTEX_WAKE | PRIVATE, 8, 0, 0, 0);
        equal(wake(which), Ok(1))?;
        equal(waiter.join().map_err(|_| "panicked")?, Ok(which))?;
        // It has left the others, too.
        equal([wake(0), wake(1), wake(2)], [Ok(0); 3])?;
    }
    Ok(())
}

/// Wrong values, wrong arguments, and no waker.
pub fn failures() -> Holds {
    let words = [AtomicU32::new(1), AtomicU32::new(2)];
    equal(wait(&[part(&words[0], 1), part(&words[1], 1)], 0, 0), Err(Errno::EAGAIN))?;
    equal(wait(&[], 0, 0), Err(Errno::EINVAL))?;
    equal(wait(&[FutexWaitv { flags: 1, ..part(&words[0], 1) }], 0, 0), Err(Errno::EINVAL))?;
    equal(wait(&[FutexWaitv { reserved: 1, ..part(&words[0], 1) }], 0, 0), Err(Errno::EINVAL))?;
    let soon = |clock: i32| -> Timespec { kit::time_after(clock, Duration::from_millis(20)) };
    for clock in [libc::CLOCK_MONOTONIC, libc::CLOCK_REALTIME] {
        let deadline = soon(clock);
        let parts = [part(&words[0], 1), part(&words[1], 2)];
        equal(wait(&parts, &raw const deadline as usize, clock), Err(Errno::ETIMEDOUT))?;
    }
    let deadline = soon(libc::CLOCK_MONOTONIC);
    equal(wait(&[part(&words[0], 1)], &raw const deadline as usize, libc::CLOCK_TAI), Err(Errno::EINVAL))?;
    words[0].store(0, SeqCst);
    Ok(())
}
