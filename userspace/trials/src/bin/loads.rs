//! A random load: three threads for each processor work, sleep, yield and wake each other in turns that an argument, the
//! seed, decides. Some of them may use two processors only. Prints `done`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use trials::Random;

/// How long the load lasts.
const LENGTH: Duration = Duration::from_millis(200);
/// The longest stretch of work, in turns of a loop of a few instructions.
const WORK: u64 = 100_000;
/// The longest sleep.
const SLEEP_US: u64 = 3000;

/// What the work is for.
static SINK: AtomicU64 = AtomicU64::new(0);

fn main() {
    let seed: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let processors = sched_getaffinity(None).map_or(1, |set| set.count() as usize);
    let count = 3 * processors;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| channel()).unzip();
    let end = Instant::now() + LENGTH;
    let threads: Vec<_> = receivers
        .into_iter()
        .enumerate()
        .map(|(number, receiver)| {
            let next = senders[(number + 1) % count].clone();
            let random = Random::new(seed * 1000 + number as u64);
            thread::spawn(move || work(number, processors, random, receiver, next, end))
        })
        .collect();
    // Whoever waits for a message when all others are done hears that nobody is left to send one.
    drop(senders);
    for thread in threads {
        // A thread that panicked has said so.
        let _ = thread.join();
    }
    println!("done");
}

fn work(number: usize, processors: usize, mut random: Random, inbox: Receiver<()>, next: Sender<()>, end: Instant) {
    if number.is_multiple_of(5) && processors > 1 {
        let mut set = CpuSet::new();
        set.set(number % processors);
        set.set((number + 1) % processors);
        // On a kernel that refuses, the thread is one like the others.
        let _ = sched_setaffinity(None, &set);
    }
    while Instant::now() < end {
        for turn in 0..random.below(WORK) {
            SINK.store(turn, Ordering::Relaxed);
        }
        match random.below(4) {
            0 => thread::sleep(Duration::from_micros(random.below(SLEEP_US))),
            1 => thread::yield_now(),
            2 => {
                // Nobody listens once the neighbour is done.
                let _ = next.send(());
            }
            _ => {
                // A message, or none for a while: either ends the wait.
                let _ = inbox.recv_timeout(Duration::from_micros(random.below(SLEEP_US)));
            }
        }
    }
}
