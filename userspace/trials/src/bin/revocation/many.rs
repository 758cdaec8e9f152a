//! A hundred thousand loans taken back with one call, while somebody else has appointments to keep.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use trials::lend::{derive, revoke};
use trials::raw::{call, close, read};
use trials::{Holds, equal, number_argument};

use crate::lending::{now_ns, refused, scratch};

const LOANS: usize = 100_000;
/// How long the other thread sleeps at a time.
const NAP_NS: u64 = 20_000;
const PRIORITY: i32 = 50;

/// Of a real-time class, sleeps for a moment again and again, and needs the tree in between: how much too late it woke at
/// worst, and how long it had to wait for the tree at worst.
fn keep_appointments(slot: usize, is_over: &AtomicBool) -> Result<(u64, u64)> {
    call(number::sched_setscheduler, &[0, libc::SCHED_FIFO as usize, [PRIORITY].as_ptr() as usize])?;
    let nap = libc::timespec { tv_sec: 0, tv_nsec: NAP_NS as i64 };
    let (mut late_ns, mut wait_ns) = (0, 0);
    while !is_over.load(Ordering::Relaxed) {
        let start = now_ns();
        call(number::nanosleep, &[&raw const nap as usize, 0])?;
        let woke = now_ns();
        late_ns = late_ns.max(woke - start - NAP_NS);
        close(derive(slot, Rights::READ)?)?;
        wait_ns = wait_ns.max(now_ns() - woke);
    }
    Ok((late_ns, wait_ns))
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
    let is_over = AtomicBool::new(false);
    let (tell, told) = channel();
    let (count, took_ns, (late_ns, wait_ns)) = std::thread::scope(|scope| {
        let is_over = &is_over;
        let other = scope.spawn(move || {
            let _ = tell.send(());
            keep_appointments(slot, is_over)
        });
        let _ = told.recv();
        let start = now_ns();
        let count = revoke(slot);
        let took_ns = now_ns() - start;
        is_over.store(true, Ordering::Relaxed);
        Ok::<_, Errno>((count?, took_ns, other.join().unwrap_or(Err(Errno::EIO))?))
    })?;
    println!(
        "took back {count} in {took_ns} ns; another woke {late_ns} ns late and waited {wait_ns} ns for the tree at worst"
    );
    let sample = [0, 1, loans / 2, loans - 1].map(|at| refused(read(slots[at], 1)));
    let worst = late_ns.max(wait_ns);
    let bounded = if worst <= bound_ns { Ok(()) } else { Err(format!("another waited {worst} ns")) };
    Ok([vec![equal(count >= loans, true), bounded], sample.to_vec()].concat())
}
