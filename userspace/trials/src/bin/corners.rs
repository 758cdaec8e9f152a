//! Corners that few programs turn: FIFOs open for both ways, futexes by the calendar, limits of file sizes.

#![allow(unsafe_code, reason = "libc's calls")]

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{Error, Read, Result, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use trials::child::{fork, wait};
use trials::{Holds, Report, equal};

fn main() -> ExitCode {
    let mut report = Report::new();
    // First, while there is one thread: they fork.
    report.check("a write over the size limit ends a process", limit_ends());
    report.check("who ignores that signal gets EFBIG, and what fits is written", flat(limit_refuses()));
    report.check("poll tells a FIFO open for both of room", flat(room(poll_for_room)));
    report.check("epoll tells a FIFO open for both of room", flat(room(epoll_for_room)));
    report.check("a futex waits until a time of the calendar", flat(calendar_futex()));
    report.finish()
}

fn flat(result: Result<Holds>) -> Holds {
    result.unwrap_or_else(|error| Err(error.to_string()))
}

fn call(result: i64) -> Result<i64> {
    if result < 0 { Err(Error::last_os_error()) } else { Ok(result) }
}

fn errno<T>(result: Result<T>) -> i32 {
    result.err().and_then(|error| error.raw_os_error()).unwrap_or(0)
}

const LIMIT: u64 = 10_000;

fn limit_size() -> Result<()> {
    let limit = libc::rlimit { rlim_cur: LIMIT, rlim_max: LIMIT };
    // SAFETY: `limit` is valid for reading.
    call(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) }.into()).map(drop)
}

fn limit_ends() -> Holds {
    let write = || -> Result<()> {
        limit_size()?;
        let mut file = File::create("/tmp/limited")?;
        file.write_all(&[1; 2 * LIMIT as usize])
    };
    let child = fork(|| i32::from(write().is_err())).map_err(|error| error.to_string())?;
    let (_, status) = wait(child, 0).map_err(|error| error.to_string())?;
    equal(status & 0x7f, libc::SIGXFSZ)?;
    let length = fs::metadata("/tmp/limited").map_err(|error| error.to_string())?.len();
    equal(length, LIMIT)
}

fn limit_refuses() -> Result<Holds> {
    let write = || -> Result<Holds> {
        // SAFETY: ignoring a signal runs no code.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        limit_size()?;
        let mut file = File::create("/tmp/refused")?;
        let first = file.write(&[1; 6000])?;
        let second = file.write(&[1; 6000])?;
        let third = errno(file.write(&[1]));
        let grown = errno(file.set_len(LIMIT + 1));
        Ok(equal((first, second, third, grown), (6000, 4000, libc::EFBIG, libc::EFBIG)))
    };
    let child = fork(|| match flat(write()) {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("{why}");
            1
        }
    })?;
    Ok(equal(wait(child, 0)?.1, 0))
}

/// Fills a FIFO that is open for both, has it waited for room on it, and makes room by another end.
fn room(wait_for_room: fn(&File) -> Result<bool>) -> Result<Holds> {
    let path = "/tmp/both-ways";
    let _ = fs::remove_file(path);
    let name = CString::new(path)?;
    // SAFETY: the name ends with a NUL.
    call(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }.into())?;
    let mut both = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let mut held = 0;
    let full = loop {
        match both.write(&[1; 4096]) {
            Ok(count) => held += count,
            Err(error) => break error,
        }
    };
    let mut reader = File::open(path)?;
    let drain = thread::spawn(move || {
        // Usually the other thread sleeps by then; both orders must do.
        thread::sleep(Duration::from_millis(50));
        reader.read_exact(&mut vec![0; held]).map(|()| reader)
    });
    let told = wait_for_room(&both)?;
    let _reader = drain.join().map_err(|_| Error::other("the reader panicked"))??;
    Ok(equal((full.raw_os_error(), told), (Some(libc::EAGAIN), true)))
}

/// Longer than anything here takes, so that a failure is told before the test's own limit.
const PATIENCE_MS: i32 = 60_000;

fn poll_for_room(both: &File) -> Result<bool> {
    let mut asked = libc::pollfd { fd: both.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: `asked` is one entry.
    call(unsafe { libc::poll(&mut asked, 1, PATIENCE_MS) }.into())?;
    Ok(asked.revents & libc::POLLOUT != 0)
}

fn epoll_for_room(both: &File) -> Result<bool> {
    // SAFETY: no memory is involved.
    let set = call(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }.into())? as i32;
    let mut asked = libc::epoll_event { events: (libc::EPOLLOUT | libc::EPOLLET) as u32, u64: 7 };
    // SAFETY: `asked` is valid for reading.
    call(unsafe { libc::epoll_ctl(set, libc::EPOLL_CTL_ADD, both.as_raw_fd(), &mut asked) }.into())?;
    let mut told = libc::epoll_event { events: 0, u64: 0 };
    // SAFETY: `told` has room for one event.
    let count = call(unsafe { libc::epoll_wait(set, &mut told, 1, PATIENCE_MS) }.into())?;
    Ok(count == 1 && told.events & libc::EPOLLOUT as u32 != 0)
}

fn calendar_futex() -> Result<Holds> {
    let word = AtomicU32::new(5);
    let command = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME;
    let wait_until = |expected: u32, time: libc::timespec| {
        let none = std::ptr::null::<u32>();
        // SAFETY: the word and the time are valid; a bitset wait takes no second word.
        let result = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), command, expected, &time, none, u32::MAX) };
        errno(call(result))
    };
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is valid for writing.
    call(unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &mut now) }.into())?;
    let soon = libc::timespec { tv_sec: now.tv_sec + 1, tv_nsec: now.tv_nsec };
    let past = libc::timespec { tv_sec: now.tv_sec - 1, tv_nsec: 0 };
    let other = wait_until(6, soon);
    let over = wait_until(5, past);
    let start = Instant::now();
    let slept = wait_until(5, soon);
    let found = (other, over, slept, start.elapsed() >= Duration::from_millis(500), word.load(Ordering::Relaxed));
    Ok(equal(found, (libc::EAGAIN, libc::ETIMEDOUT, libc::ETIMEDOUT, true, 5)))
}
