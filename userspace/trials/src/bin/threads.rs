//! Sixty-four threads with everything that `std` gives them: channels, mutexes, condition variables, barriers,
//! scopes, thread-local values; and a panic with its backtrace.
//!
//! `threads` tries all of that; `threads panic` lets the main thread panic, for who wants to see message and exit code.

use std::cell::Cell;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use trials::{Holds, Report, equal};

const THREADS: usize = 64;
const ROUNDS: usize = 200;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("panic") {
        panic_on_purpose(2);
    }
    let mut report = Report::new();
    report.check("channel delivers everything in order of each sender", channel_delivers_everything());
    report.check("bounded channel holds its senders back", bounded_channel_holds_back());
    report.check("mutex excludes", mutex_excludes());
    report.check("condition variable wakes all", condition_variable_wakes_all());
    report.check("condition variable times out", condition_variable_times_out());
    report.check("barrier keeps rounds together", barrier_keeps_rounds_together());
    report.check("reader-writer lock shares and excludes", rw_lock_shares_and_excludes());
    report.check("parked threads are unparked", parking_works());
    report.check("thread-local values are apart and dropped", thread_locals_are_apart());
    report.check("once runs once", once_runs_once());
    report.check("scoped threads borrow", scoped_threads_borrow());
    report.check("panic of a thread is contained and tells its backtrace", panic_is_contained());
    report.finish()
}

fn join_all<T>(handles: Vec<thread::JoinHandle<T>>) -> Result<Vec<T>, String> {
    handles.into_iter().map(|handle| handle.join().map_err(|_| "a thread panicked".to_owned())).collect()
}

fn channel_delivers_everything() -> Holds {
    let (sender, receiver) = mpsc::channel();
    let handles = (0..THREADS)
        .map(|id| {
            let sender = sender.clone();
            thread::spawn(move || (0..ROUNDS).all(|round| sender.send((id, round)).is_ok()))
        })
        .collect();
    drop(sender);
    let mut next = [0; THREADS];
    for (id, round) in receiver {
        equal(round, next[id])?;
        next[id] += 1;
    }
    equal(join_all(handles)?, vec![true; THREADS])?;
    equal(next, [ROUNDS; THREADS])
}

fn bounded_channel_holds_back() -> Holds {
    let (sender, receiver) = mpsc::sync_channel(1);
    let handles = (0..THREADS)
        .map(|id| {
            let sender = sender.clone();
            thread::spawn(move || (0..ROUNDS / 10).try_for_each(|_| sender.send(id)).is_ok())
        })
        .collect();
    drop(sender);
    let sum: usize = receiver.iter().sum();
    join_all(handles)?;
    equal(sum, THREADS * (THREADS - 1) / 2 * (ROUNDS / 10))
}

fn mutex_excludes() -> Holds {
    let counter = Arc::new(Mutex::new((0_usize, 0_usize)));
    let handles = (0..THREADS)
        .map(|_| {
            let counter = counter.clone();
            thread::spawn(move || {
                for _ in 0..ROUNDS {
                    if let Ok(mut pair) = counter.lock() {
                        pair.0 += 1;
                        if pair.0 % 64 == 0 {
                            thread::yield_now();
                        }
                        pair.1 = pair.0;
                    }
                }
            })
        })
        .collect();
    join_all(handles)?;
    let total = counter.lock().map_err(|error| error.to_string())?;
    equal(*total, (THREADS * ROUNDS, THREADS * ROUNDS))
}

fn condition_variable_wakes_all() -> Holds {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let passed = Arc::new(AtomicUsize::new(0));
    let handles = (0..THREADS)
        .map(|_| {
            let (gate, passed) = (gate.clone(), passed.clone());
            thread::spawn(move || {
                if let Ok(closed) = gate.0.lock() {
                    let _open = gate.1.wait_while(closed, |is_open| !*is_open);
                    passed.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    thread::sleep(Duration::from_millis(20));
    equal(passed.load(Ordering::Relaxed), 0)?;
    *gate.0.lock().map_err(|error| error.to_string())? = true;
    gate.1.notify_all();
    join_all(handles)?;
    equal(passed.load(Ordering::Relaxed), THREADS)
}

fn condition_variable_times_out() -> Holds {
    let (never, condition) = (Mutex::new(()), Condvar::new());
    let start = Instant::now();
    let mut guard = never.lock().map_err(|error| error.to_string())?;
    let mut has_timed_out = false;
    while !has_timed_out {
        let (next, outcome) =
            condition.wait_timeout(guard, Duration::from_millis(30)).map_err(|error| error.to_string())?;
        guard = next;
        has_timed_out = outcome.timed_out();
    }
    let waited = start.elapsed();
    if waited >= Duration::from_millis(30) { Ok(()) } else { Err(format!("only {waited:?}")) }
}

fn barrier_keeps_rounds_together() -> Holds {
    const MEETINGS: usize = 20;
    let barrier = Arc::new(Barrier::new(THREADS));
    let arrived = Arc::new((0..MEETINGS).map(|_| AtomicUsize::new(0)).collect::<Vec<_>>());
    let handles = (0..THREADS)
        .map(|_| {
            let (barrier, arrived) = (barrier.clone(), arrived.clone());
            thread::spawn(move || {
                let mut led = 0;
                for meeting in arrived.iter() {
                    meeting.fetch_add(1, Ordering::SeqCst);
                    led += usize::from(barrier.wait().is_leader());
                    // Behind the barrier everybody has arrived.
                    if meeting.load(Ordering::SeqCst) != THREADS {
                        return None;
                    }
                }
                Some(led)
            })
        })
        .collect();
    let led: Option<usize> = join_all(handles)?.into_iter().sum();
    equal(led, Some(MEETINGS))
}

fn rw_lock_shares_and_excludes() -> Holds {
    let shared = Arc::new(RwLock::new([0_usize; 8]));
    let handles = (0..THREADS)
        .map(|id| {
            let shared = shared.clone();
            thread::spawn(move || {
                let mut is_whole = true;
                for _ in 0..ROUNDS / 4 {
                    if id % 8 == 0 {
                        if let Ok(mut values) = shared.write() {
                            values.iter_mut().for_each(|value| *value += 1);
                        }
                    } else if let Ok(values) = shared.read() {
                        is_whole &= values.iter().all(|value| *value == values[0]);
                    }
                }
                is_whole
            })
        })
        .collect();
    equal(join_all(handles)?, vec![true; THREADS])?;
    let last = shared.read().map_err(|error| error.to_string())?[0];
    equal(last, THREADS / 8 * (ROUNDS / 4))
}

fn parking_works() -> Holds {
    let flags: Arc<Vec<AtomicUsize>> = Arc::new((0..THREADS).map(|_| AtomicUsize::new(0)).collect());
    let handles: Vec<_> = (0..THREADS)
        .map(|id| {
            let flags = flags.clone();
            thread::spawn(move || {
                while flags[id].load(Ordering::Acquire) == 0 {
                    thread::park();
                }
            })
        })
        .collect();
    for (flag, handle) in flags.iter().zip(&handles) {
        flag.store(1, Ordering::Release);
        handle.thread().unpark();
    }
    join_all(handles).map(|_| ())
}

fn thread_locals_are_apart() -> Holds {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Counted(Cell<usize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::SeqCst);
        }
    }
    thread_local! {
        static VALUE: Counted = const { Counted(Cell::new(0)) };
    }
    let handles = (0..THREADS)
        .map(|id| {
            thread::spawn(move || {
                for _ in 0..ROUNDS {
                    VALUE.with(|value| value.0.set(value.0.get() + id));
                    if id % 16 == 0 {
                        thread::yield_now();
                    }
                }
                VALUE.with(|value| value.0.get())
            })
        })
        .collect();
    let found = join_all(handles)?;
    equal(found, (0..THREADS).map(|id| id * ROUNDS).collect())?;
    equal(DROPPED.load(Ordering::SeqCst), THREADS)
}

fn once_runs_once() -> Holds {
    static ONCE: Once = Once::new();
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let handles = (0..THREADS)
        .map(|_| {
            thread::spawn(|| {
                ONCE.call_once(|| {
                    thread::sleep(Duration::from_millis(5));
                    RUNS.fetch_add(1, Ordering::SeqCst);
                });
                RUNS.load(Ordering::SeqCst)
            })
        })
        .collect();
    equal(join_all(handles)?, vec![1; THREADS])
}

fn scoped_threads_borrow() -> Holds {
    let numbers: Vec<usize> = (0..THREADS * 100).collect();
    let sums: Vec<usize> = thread::scope(|scope| {
        let handles: Vec<_> = numbers.chunks(100).map(|chunk| scope.spawn(move || chunk.iter().sum())).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).collect()
    });
    equal(sums.iter().sum(), numbers.iter().sum::<usize>())
}

#[inline(never)]
fn panic_on_purpose(depth: usize) {
    if depth > 0 {
        panic_on_purpose(depth - 1);
    }
    panic!("on purpose, at depth {depth}");
}

fn panic_is_contained() -> Holds {
    let told = Arc::new(Mutex::new(String::new()));
    let hook = told.clone();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if let Ok(mut text) = hook.lock() {
            *text = format!("{info}\n{}", std::backtrace::Backtrace::force_capture());
        }
    }));
    let outcome = thread::spawn(|| panic_on_purpose(3)).join();
    std::panic::set_hook(usual);
    let message = match outcome {
        Ok(()) => return Err("the thread did not panic".to_owned()),
        Err(payload) => payload.downcast_ref::<String>().cloned().unwrap_or_default(),
    };
    equal(message.as_str(), "on purpose, at depth 0")?;
    let text = told.lock().map_err(|error| error.to_string())?;
    if text.contains("panic_on_purpose") { Ok(()) } else { Err(format!("no function name in: {text}")) }
}
