//! Tells on which processors this process may run, and on which it has been seen to run.

use std::collections::BTreeSet;
use std::thread;

use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu};

fn main() {
    let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    let allowed: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|processor| allowed.is_set(*processor)).collect();
    let mut seen = BTreeSet::new();
    for _ in 0..1000 {
        seen.insert(sched_getcpu());
        thread::yield_now();
    }
    println!("allowed {allowed:?} seen {seen:?}");
}
