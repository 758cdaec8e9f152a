//! Owners that die.

use abi::table::number;
use abi::types::RobustListHead;
use trials::raw::call;
use trials::{Holds, equal};

use crate::kit::{self, Lock, OWNER_DIED, WAITERS, gettid, spawn};

/// The owner ends without a robust list: whoever waits takes the lock over.
pub fn plain() -> Holds {
    let lock = Lock::new();
    let waiter_word = |waiters: usize| {
        let owner = spawn(move || {
            lock.set(0);
            lock.lock();
            let waiting: Vec<_> = (0..waiters)
                .map(|_| {
                    let waiter = spawn(move || {
                        lock.lock();
                        let word = lock.word();
                        lock.unlock();
                        word & !WAITERS == gettid() | OWNER_DIED || word & !WAITERS == gettid()
                    });
                    kit::wait_until_asleep(&waiter);
                    waiter
                })
                .collect();
            waiting
        });
        let waiting = owner.join().map_err(|_| "panicked")?;
        waiting.into_iter().try_for_each(|waiter| equal(waiter.join().map_err(|_| "panicked")?, true))
    };
    waiter_word(1)?;
    waiter_word(4)?;
    equal(lock.word() & !WAITERS & !OWNER_DIED, 0)
}

/// A lock in a list, as C libraries lay it out.
#[repr(C)]
struct Listed {
    next: u64,
    word: u32,
}

/// The owner ends with the lock in its robust list.
pub fn robust() -> Holds {
    let listed: &'static mut Listed = Box::leak(Box::new(Listed { next: 0, word: 0 }));
    let entry = &raw mut *listed as usize;
    let word = entry + std::mem::offset_of!(Listed, word);
    let call_on = move |operation: i32| kit::futex(word, operation, 0, 0, 0, 0);
    // SAFETY: the lock is there for good, and only looked at.
    let read = move || unsafe { (word as *const u32).read_volatile() };
    let owner = spawn(move || {
        let head: &'static mut RobustListHead = Box::leak(Box::new(RobustListHead {
            next: entry as u64 | 1,
            futex_offset: std::mem::offset_of!(Listed, word) as i64,
            pending: 0,
        }));
        let address = &raw mut *head as usize;
        // SAFETY: the entry is there for good, and the list ends where it began.
        unsafe { (entry as *mut u64).write_volatile(address as u64) };
        let set = call(number::set_robust_list, &[address, size_of::<RobustListHead>()]);
        let taken = call_on(libc::FUTEX_LOCK_PI);
        let waiter = spawn(move || {
            let taken = call_on(libc::FUTEX_LOCK_PI);
            (taken, read() & !WAITERS == gettid() | OWNER_DIED, call_on(libc::FUTEX_UNLOCK_PI))
        });
        kit::wait_until_asleep(&waiter);
        (set, taken, waiter)
    });
    let (set, taken, waiter) = owner.join().map_err(|_| "panicked")?;
    equal((set, taken), (Ok(0), Ok(0)))?;
    equal(waiter.join().map_err(|_| "panicked")?, (Ok(0), true, Ok(0)))?;
    // Nobody waits: the next one finds the mark.
    equal(read(), 0)
}
