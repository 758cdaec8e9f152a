//! Futexes, called as C libraries call them.

#![allow(unsafe_code, reason = "the system call itself")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::io::Error;
use std::process::ExitCode;
use std::ptr::null;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use trials::{Holds, Report};

fn main() -> ExitCode {
    let mut report = Report::new();
    report.check("a wait ends by a wake, a change or a timeout", waits());
    report.check("only those are woken whose bits are meant", bits());
    report.check("waiters are requeued", requeues());
    report.check("an operation and its wake are one step", operations());
    report.check("processes meet in shared memory", shared());
    report.check("the dead leave their robust futexes", robust());
    report.check("no wake-up is lost", handovers());
    report.check("nonsense is refused", nonsense());
    report.finish()
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn holding(body: impl FnOnce() -> Outcome) -> Holds {
    body().map_err(|error| error.to_string())
}

fn ensure(condition: bool, what: &str) -> Outcome {
    if condition { Ok(()) } else { Err(what.into()) }
}

/// The call; what it returns, or the error number negated.
fn futex(
    word: *const AtomicU32,
    operation: i32,
    value: u32,
    timeout: usize,
    word2: *const AtomicU32,
    value3: u32,
) -> i64 {
    // SAFETY: whatever the words are, the call answers with an error at worst.
    let result = unsafe { libc::syscall(libc::SYS_futex, word, operation, value, timeout, word2, value3) };
    if result < 0 { -i64::from(Error::last_os_error().raw_os_error().unwrap_or(0)) } else { result }
}

fn wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> i64 {
    let time = timeout
        .map(|timeout| libc::timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: timeout.subsec_nanos().into() });
    let time = time.as_ref().map_or(0, |time| std::ptr::from_ref(time).addr());
    futex(word, libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, expected, time, null(), 0)
}

fn wake(word: &AtomicU32, count: u32) -> i64 {
    futex(word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, count, 0, null(), 0)
}

/// Wakes until `count` were woken: whoever is started may not sleep yet.
fn wake_all_of(word: &AtomicU32, count: i64, wake: impl Fn(&AtomicU32) -> i64) -> Outcome {
    let start = Instant::now();
    let mut woken = 0;
    while woken < count {
        woken += wake(word).max(0);
        ensure(start.elapsed() < Duration::from_secs(10), "the waiters came")?;
        thread::yield_now();
    }
    ensure(woken == count, "as many as there were")
}

fn waits() -> Holds {
    holding(|| {
        let word = Arc::new(AtomicU32::new(1));
        ensure(wait(&word, 2, None) == -i64::from(libc::EAGAIN), "another value")?;
        let start = Instant::now();
        let timed_out = wait(&word, 1, Some(Duration::from_millis(30)));
        ensure(timed_out == -i64::from(libc::ETIMEDOUT) && start.elapsed() >= Duration::from_millis(30), "a timeout")?;
        ensure(wake(&word, 1) == 0, "nobody to wake")?;
        let sleepers: Vec<_> = (0..3)
            .map(|_| {
                let word = Arc::clone(&word);
                thread::spawn(move || wait(&word, 1, None))
            })
            .collect();
        wake_all_of(&word, 3, |word| wake(word, 1))?;
        for sleeper in sleepers {
            ensure(sleeper.join().map_err(|_| "a sleeper panicked")? == 0, "woken")?;
        }
        Ok(())
    })
}

fn bits() -> Holds {
    const WAIT: i32 = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
    const WAKE: i32 = libc::FUTEX_WAKE_BITSET | libc::FUTEX_PRIVATE_FLAG;
    holding(|| {
        let word = Arc::new(AtomicU32::new(0));
        ensure(futex(&*word, WAIT, 0, 0, null(), 0) == -i64::from(libc::EINVAL), "no bits")?;
        let one = Arc::clone(&word);
        let sleeper = thread::spawn(move || futex(&*one, WAIT, 0, 0, null(), 0b10));
        thread::sleep(Duration::from_millis(30));
        ensure(futex(&*word, WAKE, 9, 0, null(), 0b01) == 0, "other bits")?;
        wake_all_of(&word, 1, |word| futex(word, WAKE, 9, 0, null(), 0b11))?;
        ensure(sleeper.join().map_err(|_| "the sleeper panicked")? == 0, "woken")?;
        // An absolute timeout in the past.
        let past = libc::timespec { tv_sec: 0, tv_nsec: 1 };
        let result = futex(&*word, WAIT, 0, std::ptr::from_ref(&past).addr(), null(), 1);
        ensure(result == -i64::from(libc::ETIMEDOUT), "a time that has passed")
    })
}

fn requeues() -> Holds {
    const REQUEUE: i32 = libc::FUTEX_CMP_REQUEUE | libc::FUTEX_PRIVATE_FLAG;
    holding(|| {
        let words = Arc::new([AtomicU32::new(5), AtomicU32::new(6)]);
        let sleepers: Vec<_> = (0..4)
            .map(|_| {
                let words = Arc::clone(&words);
                thread::spawn(move || wait(&words[0], 5, None))
            })
            .collect();
        ensure(futex(&words[0], REQUEUE, 1, 3, &words[1], 4) == -i64::from(libc::EAGAIN), "another value")?;
        let start = Instant::now();
        let mut moved = 0;
        while moved < 4 {
            // All are moved, none is woken: what is returned counts both.
            moved += futex(&words[0], REQUEUE, 0, 9, &words[1], 5).max(0);
            ensure(start.elapsed() < Duration::from_secs(10), "the waiters came")?;
        }
        ensure(wake(&words[0], 9) == 0 && wake(&words[1], 9) == 4, "they wait on the other word")?;
        for sleeper in sleepers {
            ensure(sleeper.join().map_err(|_| "a sleeper panicked")? == 0, "woken")?;
        }
        Ok(())
    })
}

fn operations() -> Holds {
    const WAKE_OP: i32 = libc::FUTEX_WAKE_OP | libc::FUTEX_PRIVATE_FLAG;
    holding(|| {
        let words = Arc::new([AtomicU32::new(1), AtomicU32::new(10)]);
        // Add 3 to the second word; wake its waiters too if it was greater than 9.
        let operation = 1 << 28 | 4 << 24 | 3 << 12 | 9;
        let sleeper = {
            let words = Arc::clone(&words);
            thread::spawn(move || wait(&words[1], 10, Some(Duration::from_secs(10))))
        };
        thread::sleep(Duration::from_millis(30));
        let woken = futex(&words[0], WAKE_OP, 1, 1, &words[1], operation);
        ensure(words[1].load(Ordering::SeqCst) == 13, "the sum")?;
        let slept = sleeper.join().map_err(|_| "the sleeper panicked")?;
        // On a slow machine the sleeper may come only after the word has changed.
        ensure((woken, slept) == (1, 0) || (woken, slept) == (0, -i64::from(libc::EAGAIN)), "woken by the comparison")
    })
}

fn map_shared() -> std::io::Result<*mut AtomicU32> {
    // SAFETY: new memory.
    let at = unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        libc::mmap(std::ptr::null_mut(), 4096, protection, libc::MAP_SHARED | libc::MAP_ANONYMOUS, -1, 0)
    };
    if at == libc::MAP_FAILED { Err(Error::last_os_error()) } else { Ok(at.cast()) }
}

/// Runs `body` in a child process.
fn child(body: impl FnOnce() -> i32) -> std::io::Result<i32> {
    // SAFETY: the child does nothing but `body` and end.
    match unsafe { libc::fork() } {
        // SAFETY: ends at once.
        0 => unsafe { libc::_exit(body()) },
        pid => Ok(pid),
    }
}

fn join(pid: i32) -> i32 {
    let mut status = 0;
    // SAFETY: a place for the answer.
    unsafe { libc::waitpid(pid, &mut status, 0) };
    status
}

fn shared() -> Holds {
    holding(|| {
        let at = map_shared()?;
        // SAFETY: the mapping is a page of zeros that outlives both processes' use.
        let word = unsafe { &*at };
        let pid = child(|| i32::from(futex(word, libc::FUTEX_WAIT, 0, 0, null(), 0) != 0))?;
        wake_all_of(word, 1, |word| futex(word, libc::FUTEX_WAKE, 1, 0, null(), 0))?;
        ensure(join(pid) == 0, "the child woke")
    })
}

#[repr(C)]
struct RobustHead {
    next: *const RobustHead,
    offset: isize,
    pending: *const RobustHead,
}

fn robust() -> Holds {
    holding(|| {
        let at = map_shared()?;
        // SAFETY: as above.
        let word = unsafe { &*at };
        let pid = child(|| {
            // One entry, which is a head too, just before its word's place.
            let mut entry = RobustHead { next: null(), offset: 0, pending: null() };
            let offset = at.addr() as isize - std::ptr::from_ref(&entry).addr() as isize;
            let head = RobustHead { next: &entry, offset, pending: null() };
            entry.next = &head;
            // SAFETY: the list lives until the process ends.
            unsafe { libc::syscall(libc::SYS_set_robust_list, std::ptr::from_ref(&head), size_of::<RobustHead>()) };
            // SAFETY: it takes nothing.
            let tid = unsafe { libc::syscall(libc::SYS_gettid) } as u32;
            std::hint::black_box(&entry);
            word.store(tid | 0x8000_0000, Ordering::SeqCst);
            // SAFETY: ends the process without unwinding, while the list lies on its stack.
            unsafe { libc::_exit(0) }
        })?;
        ensure(join(pid) == 0, "the child ended")?;
        ensure(word.load(Ordering::SeqCst) == 0xc000_0000, "owner died, waiters noted")
    })
}

/// Two threads hand a token to and fro.
fn handovers() -> Holds {
    const ROUNDS: u32 = 5000;
    holding(|| {
        let word = Arc::new(AtomicU32::new(0));
        let play = |word: Arc<AtomicU32>, own: u32| {
            for round in 0..ROUNDS {
                let turn = round * 2 + own;
                while word.load(Ordering::SeqCst) != turn {
                    let seen = word.load(Ordering::SeqCst);
                    if seen != turn && wait(&word, seen, Some(Duration::from_secs(10))) == -i64::from(libc::ETIMEDOUT) {
                        return false;
                    }
                }
                word.store(turn + 1, Ordering::SeqCst);
                wake(&word, 1);
            }
            true
        };
        let other = Arc::clone(&word);
        let partner = thread::spawn(move || play(other, 1));
        let own = play(word, 0);
        ensure(own && partner.join().map_err(|_| "the partner panicked")?, "nobody waited in vain")
    })
}

fn nonsense() -> Holds {
    holding(|| {
        let word = AtomicU32::new(0);
        let odd = std::ptr::from_ref(&word).wrapping_byte_add(1);
        ensure(futex(odd, libc::FUTEX_WAKE, 1, 0, null(), 0) == -i64::from(libc::EINVAL), "an odd address")?;
        ensure(futex(null(), libc::FUTEX_WAIT, 0, 0, null(), 0) == -i64::from(libc::EFAULT), "no address")?;
        ensure(futex(&word, 99, 0, 0, null(), 0) == -i64::from(libc::ENOSYS), "no operation")?;
        let wrong = libc::timespec { tv_sec: 0, tv_nsec: -1 };
        let result = futex(&word, libc::FUTEX_WAIT, 0, std::ptr::from_ref(&wrong).addr(), null(), 0);
        ensure(result == -i64::from(libc::EINVAL), "no time")
    })
}
