//! Locks, threads and clocks for these trials.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use abi::Result;
use abi::table::number;
use abi::types::Timespec;
use trials::raw::call;

pub const LOCK_PI2: i32 = 13;
pub const WAITERS: u32 = 0x8000_0000;
pub const OWNER_DIED: u32 = 0x4000_0000;

/// A futex call.
pub fn futex(word: usize, operation: i32, value: u32, timeout: usize, word2: usize, value3: u32) -> Result<usize> {
    call(number::futex, &[word, operation as usize, value as usize, timeout, word2, value3 as usize])
}

/// A lock with priority inheritance, for good.
#[derive(Clone, Copy)]
pub struct Lock(&'static AtomicU32);

impl Lock {
    /// A free lock.
    pub fn new() -> Self {
        Self(Box::leak(Box::new(AtomicU32::new(0))))
    }

    /// The word.
    pub fn word(self) -> u32 {
        self.0.load(SeqCst)
    }

    /// Changes the word.
    pub fn set(self, word: u32) {
        self.0.store(word, SeqCst);
    }

    /// Where the word is.
    pub fn address(self) -> usize {
        self.0.as_ptr() as usize
    }

    /// A futex call on it.
    pub fn call(self, operation: i32, timeout: usize) -> Result<usize> {
        futex(self.address(), operation | libc::FUTEX_PRIVATE_FLAG, 0, timeout, 0, 0)
    }

    /// Takes it, by the kernel only where somebody has it.
    pub fn lock(self) {
        if self.0.compare_exchange(0, gettid(), SeqCst, SeqCst).is_err() {
            let taken = self.call(libc::FUTEX_LOCK_PI, 0);
            assert_eq!((taken, self.word() & !(WAITERS | OWNER_DIED)), (Ok(0), gettid()));
        }
    }

    /// Releases it.
    pub fn unlock(self) {
        if self.0.compare_exchange(gettid(), 0, SeqCst, SeqCst).is_err() {
            assert_eq!(self.call(libc::FUTEX_UNLOCK_PI, 0), Ok(0));
        }
    }
}

/// The calling thread's id.
pub fn gettid() -> u32 {
    call(number::gettid, &[]).unwrap_or(0) as u32
}

/// A thread whose id is known.
pub struct Named<T> {
    thread: JoinHandle<T>,
    id: u32,
}

impl<T> Named<T> {
    /// What it returned.
    pub fn join(self) -> std::thread::Result<T> {
        self.thread.join()
    }
}

/// Starts a thread.
pub fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Named<T> {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let _ = sender.send(gettid());
        body()
    });
    Named { thread, id: receiver.recv().unwrap_or(0) }
}

/// Waits, for a bounded time, until something holds.
pub fn wait_for(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() && Instant::now() < end {
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Waits until a thread waits in a futex call.
pub fn wait_until_asleep<T>(thread: &Named<T>) {
    let path = format!("/proc/self/task/{}/stat", thread.id);
    let mut seen = 0;
    wait_for(|| {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let is_asleep = text.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'));
        // More than once in a row: it also sleeps on its way there.
        seen = if is_asleep { seen + 1 } else { 0 };
        seen >= 8
    });
}

/// Makes the calling thread a real-time one; 0 leaves it ordinary.
pub fn be_fifo(priority: i32) {
    if priority > 0 {
        let set = call(number::sched_setscheduler, &[0, libc::SCHED_FIFO as usize, &raw const priority as usize]);
        assert_eq!(set, Ok(0));
    }
}

/// Keeps the calling thread on one processor.
pub fn pin(cpu: usize) {
    let set = 1_u64 << cpu;
    assert!(call(number::sched_setaffinity, &[0, 8, &raw const set as usize]).is_ok());
}

/// How many processors there are.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The time of a clock, so much later.
pub fn time_after(clock: i32, length: Duration) -> Timespec {
    let mut time = Timespec::default();
    let _ = call(number::clock_gettime, &[clock as usize, &raw mut time as usize]);
    let ns = time.nanoseconds + i64::from(length.subsec_nanos());
    Timespec { seconds: time.seconds + length.as_secs() as i64 + ns / 1_000_000_000, nanoseconds: ns % 1_000_000_000 }
}
