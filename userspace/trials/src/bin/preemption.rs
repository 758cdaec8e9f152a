//! Long calls of an ordinary thread do not delay an urgent one on the same processor.

#![allow(unsafe_code, reason = "libc's calls")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Instant;

use abi::table::number;
use abi::types::Timespec;
use trials::child::{fork, wait};
use trials::raw::{call, open};
use trials::{Holds, Report, number_argument};

const SIZE: usize = 64 << 20;
const PERIOD_NS: i64 = 500_000;

fn main() -> ExitCode {
    let bound = number_argument("--bound-ns", u64::MAX);
    let mut memory = vec![0_u8; SIZE];
    let mut report = Report::new();
    report.check("a long read", undelayed(bound, || read(&mut memory)));
    report.check("a fork with much memory", undelayed(bound, copy));
    report.check("giving much memory back", undelayed(bound, || drop(std::hint::black_box(vec![1_u8; SIZE]))));
    report.finish()
}

fn read(memory: &mut [u8]) {
    if let Ok(zeros) = open("/dev/zero", libc::O_RDONLY) {
        let _ = call(number::read, &[zeros, memory.as_mut_ptr() as usize, memory.len()]);
    }
}

fn copy() {
    if let Ok(child) = fork(|| 0) {
        let _ = wait(child, 0);
    }
}

fn pin() {
    let first = 1_u64;
    let _ = call(number::sched_setaffinity, &[0, 8, &raw const first as usize]);
}

fn now() -> Timespec {
    let mut time = Timespec::default();
    let _ = call(number::clock_gettime, &[libc::CLOCK_MONOTONIC as usize, &raw mut time as usize]);
    time
}

fn after(time: Timespec, ns: i64) -> Timespec {
    let sum = time.nanoseconds + ns;
    Timespec { seconds: time.seconds + sum / 1_000_000_000, nanoseconds: sum % 1_000_000_000 }
}

/// Does `body` while an urgent thread of the same processor wakes every half millisecond; holds if it was never late.
fn undelayed(bound: u64, body: impl FnOnce()) -> Holds {
    static IS_OVER: AtomicBool = AtomicBool::new(false);
    IS_OVER.store(false, SeqCst);
    pin();
    let (sender, is_ready) = std::sync::mpsc::channel();
    let urgent = std::thread::spawn(move || {
        pin();
        let priority = 80;
        let _ = call(number::sched_setscheduler, &[0, libc::SCHED_FIFO as usize, &raw const priority as usize]);
        let _ = sender.send(());
        let (mut latest, mut rounds) = (0, 0_u32);
        let mut due = after(now(), PERIOD_NS);
        while !IS_OVER.load(SeqCst) {
            let _ = call(number::clock_nanosleep, &[libc::CLOCK_MONOTONIC as usize, 1, &raw const due as usize, 0]);
            let woken = now();
            let late = (woken.seconds - due.seconds) * 1_000_000_000 + woken.nanoseconds - due.nanoseconds;
            latest = latest.max(late as u64);
            rounds += 1;
            due = after(woken, PERIOD_NS);
        }
        (latest, rounds)
    });
    let _ = is_ready.recv();
    let start = Instant::now();
    body();
    let took = start.elapsed();
    IS_OVER.store(true, SeqCst);
    let (latest, rounds) = urgent.join().map_err(|_| "panicked")?;
    println!("latest {latest} ns in {rounds} rounds of {took:?}");
    if rounds == 0 {
        return Err("the urgent thread did not run".to_owned());
    }
    if latest <= bound { Ok(()) } else { Err(format!("{latest} ns late, more than {bound}")) }
}
