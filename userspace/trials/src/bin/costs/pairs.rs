//! Two that take turns on one processor.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use abi::table::number;
use trials::raw;

use crate::bare::{call, call0, call3};
use crate::each;

const ROUNDS: u64 = 1000;

/// One switch between two threads that yield to each other.
pub(crate) fn yielding() -> u64 {
    let is_over = AtomicU32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while is_over.load(Ordering::Relaxed) == 0 {
                call0(number::sched_yield);
            }
        });
        // Each round goes there and back.
        let cost = each(ROUNDS, || _ = call0(number::sched_yield)) / 2;
        is_over.store(1, Ordering::Relaxed);
        cost
    })
}

/// A round trip of one byte between two processes.
fn round_trip(mine: [usize; 2], theirs: [usize; 2]) -> u64 {
    let mut byte = 0_u8;
    let byte = &raw mut byte as usize;
    let Ok(child) = trials::child::fork(|| {
        let _ = (raw::close(mine[0]), raw::close(mine[1]));
        while call3(number::read, theirs[0], byte, 1) == 1 {
            call3(number::write, theirs[1], byte, 1);
        }
        0
    }) else {
        return 0;
    };
    let _ = (raw::close(theirs[0]), raw::close(theirs[1]));
    let cost = each(ROUNDS, || {
        call3(number::write, mine[1], byte, 1);
        call3(number::read, mine[0], byte, 1);
    });
    let _ = (raw::close(mine[0]), raw::close(mine[1]));
    let _ = trials::child::wait(child, 0);
    cost
}

pub(crate) fn pipe() -> u64 {
    match (raw::pipe(), raw::pipe()) {
        (Ok(there), Ok(back)) => round_trip([back[0], there[1]], [there[0], back[1]]),
        _ => 0,
    }
}

pub(crate) fn unix() -> u64 {
    let mut ends = [0_i32; 2];
    let made = raw::call(
        number::socketpair,
        &[libc::AF_UNIX as usize, libc::SOCK_STREAM as usize, 0, ends.as_mut_ptr() as usize],
    );
    let [mine, theirs] = ends.map(|end| end as usize);
    made.map_or(0, |_| round_trip([mine; 2], [theirs; 2]))
}

/// Waits while the word is `value`, then for it to change.
fn wait_while(word: &AtomicU32, value: u32) {
    let wait = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    while word.load(Ordering::Acquire) == value {
        call(number::futex, [core::ptr::from_ref(word) as usize, wait as usize, value as usize, 0, 0, 0]);
    }
}

fn set(word: &AtomicU32, value: u32) {
    word.store(value, Ordering::Release);
    let wake = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    call3(number::futex, core::ptr::from_ref(word) as usize, wake as usize, 1);
}

/// A round trip between two threads, each of which waits on a word of its own.
pub(crate) fn futex() -> u64 {
    const OVER: u32 = 2;
    let (there, back) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                wait_while(&there, 0);
                if there.swap(0, Ordering::AcqRel) == OVER {
                    return;
                }
                set(&back, 1);
            }
        });
        let round = || {
            set(&there, 1);
            wait_while(&back, 0);
            back.store(0, Ordering::Release);
        };
        (0..20).for_each(|_| round());
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| round());
        let cost = start.elapsed().as_nanos() as u64 / ROUNDS;
        set(&there, OVER);
        cost
    })
}
