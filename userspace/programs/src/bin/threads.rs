//! 64 threads with a channel, a mutex, a condition variable, a barrier and thread-local storage; then one that
//! panics while others go on.

use std::cell::Cell;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Condvar, Mutex, PoisonError};
use std::thread;

const THREADS: u64 = 64;
const ROUNDS: u64 = 100;

thread_local! {
    static MINE: Cell<u64> = const { Cell::new(0) };
}

fn main() {
    let total = Arc::new(Mutex::new(0));
    let barrier = Arc::new(Barrier::new(THREADS as usize));
    let turn = Arc::new((Mutex::new(0), Condvar::new()));
    let (sender, receiver) = channel();
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let (total, barrier, turn, sender) = (total.clone(), barrier.clone(), turn.clone(), sender.clone());
            thread::spawn(move || {
                barrier.wait();
                for round in 0..ROUNDS {
                    MINE.set(MINE.get() + round);
                    *total.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                }
                take_turn(&turn, number);
                // The receiver outlives all threads.
                let _ = sender.send((number, MINE.get()));
            })
        })
        .collect();
    drop(sender);
    let messages = receiver.iter().filter(|(_, mine)| *mine == ROUNDS * (ROUNDS - 1) / 2).count();
    let joined = threads.into_iter().filter_map(|thread| thread.join().ok()).count();
    println!("joined {joined} total {} messages {messages}", total.lock().unwrap_or_else(PoisonError::into_inner));
    let doomed = thread::Builder::new().name("doomed".into()).spawn(|| panic!("as planned"));
    let failed = doomed.map(|thread| thread.join().is_err());
    println!("panicked {}", failed.unwrap_or(false));
}

/// Waits until all threads of lower numbers have had their turn.
fn take_turn(turn: &(Mutex<u64>, Condvar), number: u64) {
    let (next, changed) = turn;
    let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
    while *next != number {
        next = changed.wait(next).unwrap_or_else(PoisonError::into_inner);
    }
    *next += 1;
    changed.notify_all();
}
