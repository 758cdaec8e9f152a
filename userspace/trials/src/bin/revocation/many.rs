//! A hundred thousand loans taken back with one call, while others work.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;

use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use trials::lend::{derive, revoke};
use trials::raw::{call, close, read};
use trials::{Holds, equal, number_argument};

use crate::lending::{refused, scratch};

const LOANS: usize = 100_000;

fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let _ = call(number::clock_gettime, &[libc::CLOCK_MONOTONIC as usize, &raw mut time as usize]);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The longest that `deed` takes until told to stop.
fn longest(is_over: &AtomicBool, mut deed: impl FnMut()) -> u64 {
    let mut longest = 0;
    while !is_over.load(Ordering::Relaxed) {
        let start = now_ns();
        deed();
        longest = longest.max(now_ns() - start);
    }
    longest
}

pub(crate) fn take_back() -> Result<Vec<Holds>> {
    trials::raw::give_up_after(900);
    let loans = number_argument("loans", LOANS as u64) as usize;
    let bound_ns = number_argument("bound-ns", u64::MAX);
    let limit = [loans as u64 + 1000; 2];
    call(number::setrlimit, &[libc::RLIMIT_NOFILE as usize, limit.as_ptr() as usize])?;
    let slot = scratch()?;
    let mut slots: Vec<usize> = Vec::with_capacity(loans);
    for at in 0..loans {
        // A tree: each has two beneath it.
        let parent = if at < 2 { slot } else { slots[at / 2 - 1] };
        slots.push(derive(parent, Rights::ALL)?);
    }
    let (is_over, revoke_ns) = (AtomicBool::new(false), AtomicU64::new(0));
    let (tell, told) = channel();
    let waits = std::thread::scope(|scope| {
        let busy = scope.spawn(|| {
            let _ = tell.send(());
            // The same tree, whose lock the walk takes for each piece.
            longest(&is_over, || {
                let _ = derive(slot, Rights::READ).map(close);
            })
        });
        let _ = told.recv();
        let start = now_ns();
        let count = revoke(slot)?;
        revoke_ns.store(now_ns() - start, Ordering::Relaxed);
        is_over.store(true, Ordering::Relaxed);
        Ok::<_, Errno>((count, busy.join().unwrap_or(u64::MAX)))
    });
    let (count, longest_ns) = waits?;
    println!("took back {count} in {} ns; the longest wait of another was {longest_ns} ns", revoke_ns.into_inner());
    let sample = [0, 1, loans / 2, loans - 1].map(|at| refused(read(slots[at], 1)));
    let bounded = if longest_ns <= bound_ns { Ok(()) } else { Err(format!("others waited {longest_ns} ns")) };
    Ok([vec![equal(count >= loans, true), bounded], sample.to_vec()].concat())
}
