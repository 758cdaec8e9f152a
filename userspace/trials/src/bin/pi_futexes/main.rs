//! Futexes with priority inheritance, and waiting on several words.

#![allow(unsafe_code, reason = "libc's calls")]

mod dying;
mod kit;
mod several;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use abi::Errno;
use kit::{Lock, WAITERS, be_fifo, futex, gettid, pin, spawn, time_after, wait_for};
use trials::{Holds, Report, equal};

fn main() -> ExitCode {
    let mut report = Report::new();
    report.check("the word names the owner, and errors are as on Linux", basics());
    report.check("locks that are not released in time are given up", timeouts());
    report.check("the most urgent waiter gets the lock", order());
    report.check("an owner runs with the urgency of who waits for it", inheritance());
    report.check("urgency goes along a chain of owners", chain());
    report.check("what was lent is given back", given_back());
    report.check("circles are refused", circle());
    report.check("many threads on many processors exclude each other", contention());
    report.check("waiters take over from owners that die", dying::plain());
    report.check("robust locks tell that their owner died", dying::robust());
    report.check("a requeued waiter comes back with the lock", several::requeue());
    report.check("a wait on several words ends with the first wake", several::any());
    report.check("waits on several words fail as on Linux", several::failures());
    report.finish()
}

fn basics() -> Holds {
    let lock = Lock::new();
    equal(lock.call(libc::FUTEX_LOCK_PI, 0), Ok(0))?;
    equal(lock.word(), gettid())?;
    equal(lock.call(libc::FUTEX_LOCK_PI, 0), Err(Errno::EDEADLK))?;
    let strangers = spawn(move || [lock.call(libc::FUTEX_TRYLOCK_PI, 0), lock.call(libc::FUTEX_UNLOCK_PI, 0)]);
    equal(strangers.join().map_err(|_| "panicked")?, [Err(Errno::EAGAIN), Err(Errno::EPERM)])?;
    equal((lock.call(libc::FUTEX_UNLOCK_PI, 0), lock.word()), (Ok(0), 0))?;
    equal(lock.call(libc::FUTEX_TRYLOCK_PI, 0), Ok(0))?;
    equal(lock.call(libc::FUTEX_UNLOCK_PI, 0), Ok(0))?;
    lock.set(4_000_000);
    equal(lock.call(libc::FUTEX_LOCK_PI, 0), Err(Errno::ESRCH))?;
    let misaligned = lock.address() + 1;
    equal(futex(misaligned, libc::FUTEX_LOCK_PI, 0, 0, 0, 0), Err(Errno::EINVAL))?;
    equal(futex(16, libc::FUTEX_LOCK_PI, 0, 0, 0, 0), Err(Errno::EFAULT))
}

fn timeouts() -> Holds {
    let lock = Lock::new();
    lock.lock();
    let waiter = spawn(move || {
        let length = Duration::from_millis(30);
        for (operation, clock) in [
            (libc::FUTEX_LOCK_PI, libc::CLOCK_REALTIME),
            (kit::LOCK_PI2, libc::CLOCK_MONOTONIC),
            (kit::LOCK_PI2 | libc::FUTEX_CLOCK_REALTIME, libc::CLOCK_REALTIME),
        ] {
            let (start, deadline) = (Instant::now(), time_after(clock, length));
            let answer = lock.call(operation, &raw const deadline as usize);
            let took = start.elapsed();
            if answer != Err(Errno::ETIMEDOUT) || took < length || took > Duration::from_secs(5) {
                return Err(format!("{operation}: {answer:?} after {took:?}"));
            }
        }
        Ok(())
    });
    waiter.join().map_err(|_| "panicked")??;
    lock.unlock();
    equal(lock.word(), 0)
}

fn order() -> Holds {
    let lock = Lock::new();
    let winners: &'static Mutex<Vec<i32>> = Box::leak(Box::new(Mutex::new(Vec::new())));
    lock.lock();
    let waiters: Vec<_> = [10, 30, 0, 20]
        .into_iter()
        .map(|priority| {
            let waiter = spawn(move || {
                be_fifo(priority);
                lock.lock();
                winners.lock().map(|mut winners| winners.push(priority)).unwrap_or(());
                lock.unlock();
            });
            // One after the other, so that the line is long before the lock is free.
            kit::wait_until_asleep(&waiter);
            waiter
        })
        .collect();
    equal(lock.word(), gettid() | WAITERS)?;
    lock.unlock();
    waiters.into_iter().for_each(|waiter| _ = waiter.join());
    let winners = winners.lock().map_err(|_| "poisoned")?.clone();
    equal((winners, lock.word()), (vec![30, 20, 10, 0], 0))
}

/// Runs `low` at priority 10 with `lock` in hand until `high` at priority 90 has had it, beside a hog at priority 50 on the same
/// processor. Holds if the hog did not run before.
fn against_a_hog(lock: Lock, low: impl FnOnce() + Send + 'static, wanted: Lock) -> Holds {
    static HAS_LOCK: AtomicBool = AtomicBool::new(false);
    static HOG_RAN: AtomicU64 = AtomicU64::new(0);
    HAS_LOCK.store(false, SeqCst);
    HOG_RAN.store(0, SeqCst);
    let owner = spawn(move || {
        pin(0);
        be_fifo(10);
        lock.lock();
        low();
        let high = spawn(move || {
            pin(0);
            be_fifo(90);
            wanted.lock();
            HAS_LOCK.store(true, SeqCst);
            let seen = HOG_RAN.load(SeqCst);
            wanted.unlock();
            seen
        });
        kit::wait_until_asleep(&high);
        // Lent 90 by now; the hog comes at 50.
        let hog = spawn(|| {
            pin(0);
            be_fifo(50);
            let end = Instant::now() + Duration::from_secs(3);
            while !HAS_LOCK.load(SeqCst) && Instant::now() < end {
                HOG_RAN.fetch_add(1, SeqCst);
            }
        });
        // Work, in which the hog would take the processor from priority 10.
        let end = Instant::now() + Duration::from_millis(30);
        while Instant::now() < end {
            std::hint::black_box((0..1000).sum::<u64>());
        }
        lock.unlock();
        let seen = high.join().unwrap_or(u64::MAX);
        let _ = hog.join();
        seen
    });
    let seen = owner.join().map_err(|_| "panicked")?;
    if seen == 0 { Ok(()) } else { Err(format!("the hog went round {seen} times before")) }
}

fn inheritance() -> Holds {
    let lock = Lock::new();
    against_a_hog(lock, || {}, lock)
}

fn chain() -> Holds {
    let (lock, middle) = (Lock::new(), Lock::new());
    let start_middle = move || {
        let between = spawn(move || {
            pin(usize::from(kit::processors() > 1));
            be_fifo(20);
            middle.lock();
            lock.lock();
            lock.unlock();
            middle.unlock();
        });
        kit::wait_until_asleep(&between);
    };
    against_a_hog(lock, start_middle, middle)
}

fn given_back() -> Holds {
    static PROGRESS: AtomicU32 = AtomicU32::new(0);
    PROGRESS.store(0, SeqCst);
    let lock = Lock::new();
    let owner = spawn(move || {
        pin(0);
        be_fifo(10);
        lock.lock();
        let high = spawn(move || {
            pin(0);
            be_fifo(90);
            lock.lock();
            lock.unlock();
        });
        kit::wait_until_asleep(&high);
        lock.unlock();
        let _ = high.join();
        // At 10 again: who comes at 20 runs before the next line.
        let next = spawn(|| {
            pin(0);
            be_fifo(20);
            PROGRESS.store(1, SeqCst);
        });
        wait_for(|| PROGRESS.load(SeqCst) == 1);
        let _ = next.join();
        PROGRESS.load(SeqCst)
    });
    equal(owner.join().map_err(|_| "panicked")?, 1)
}

fn circle() -> Holds {
    let (first, second) = (Lock::new(), Lock::new());
    first.lock();
    let other = spawn(move || {
        second.lock();
        first.lock();
        first.unlock();
        second.unlock();
    });
    kit::wait_until_asleep(&other);
    let refused = second.call(libc::FUTEX_LOCK_PI, 0);
    first.unlock();
    other.join().map_err(|_| "panicked")?;
    equal((refused, first.word()), (Err(Errno::EDEADLK), 0))
}

fn contention() -> Holds {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let lock = Lock::new();
    let threads: Vec<_> = (0..8)
        .map(|number| {
            spawn(move || {
                be_fifo(if number % 2 == 0 { 0 } else { number });
                for _ in 0..1000 {
                    lock.lock();
                    // Not atomic as a whole: only the lock keeps the others out.
                    let seen = COUNT.load(SeqCst);
                    std::hint::spin_loop();
                    COUNT.store(seen + 1, SeqCst);
                    lock.unlock();
                }
            })
        })
        .collect();
    threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "panicked".to_owned()))?;
    equal((COUNT.load(SeqCst), lock.word()), (8000, 0))
}
