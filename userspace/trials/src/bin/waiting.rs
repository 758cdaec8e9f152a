//! Pipes, FIFOs, event counters, timers, and waiting for them: poll, select and epoll.

#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::fs::{self, File, OpenOptions};
use std::io::{Error, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use trials::{Holds, Report};

fn main() -> ExitCode {
    let mut report = Report::new();
    report.check("pipes carry bytes between threads", pipes());
    report.check("small writes are not torn apart", atomic_writes());
    report.check("broken pipes are errors", broken_pipes());
    report.check("a FIFO's openers meet", fifos());
    report.check("poll waits for whichever is first", polling());
    report.check("select does too", selecting());
    report.check("epoll: level, edge and one shot", epoll_modes());
    report.check("epoll tells only what is ready", epoll_many());
    report.check("epoll sets nest, but not in circles", epoll_nesting());
    report.check("event counters wake their readers", event_counters());
    report.check("timers expire on time and are counted", timers());
    report.check("signals end waits", interrupted());
    report.finish()
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn holding(body: impl FnOnce() -> Outcome) -> Holds {
    body().map_err(|error| error.to_string())
}

fn ensure(condition: bool, what: &str) -> Outcome {
    if condition { Ok(()) } else { Err(what.into()) }
}

fn call(result: libc::c_int) -> std::io::Result<i32> {
    if result < 0 { Err(Error::last_os_error()) } else { Ok(result) }
}

fn errno<T>(result: std::io::Result<T>) -> i32 {
    result.err().and_then(|error| error.raw_os_error()).unwrap_or(0)
}

fn owned(slot: RawFd) -> File {
    // SAFETY: called with slots just made and nobody else's.
    File::from(unsafe { OwnedFd::from_raw_fd(slot) })
}

fn pipe(flags: i32) -> std::io::Result<(File, File)> {
    let mut slots = [0; 2];
    // SAFETY: room for two slots.
    call(unsafe { libc::pipe2(slots.as_mut_ptr(), flags) })?;
    Ok((owned(slots[0]), owned(slots[1])))
}

fn pipes() -> Holds {
    const BYTES: usize = 3_000_000;
    holding(|| {
        let (mut reader, mut writer) = pipe(libc::O_CLOEXEC)?;
        let sender = thread::spawn(move || {
            let bytes: Vec<u8> = (0..BYTES).map(|index| (index / 13) as u8).collect();
            // Uneven pieces, some larger than the pipe.
            let mut rest = &bytes[..];
            for size in [1, 70_000, 4096, 5000, 200_000].iter().cycle() {
                let piece = &rest[..rest.len().min(*size)];
                writer.write_all(piece)?;
                rest = &rest[piece.len()..];
                if rest.is_empty() {
                    return Ok::<_, Error>(());
                }
            }
            Ok(())
        });
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        sender.join().map_err(|_| "the sender panicked")??;
        ensure(
            bytes.len() == BYTES && bytes.iter().enumerate().all(|(index, byte)| *byte == (index / 13) as u8),
            "the bytes",
        )
    })
}

fn atomic_writes() -> Holds {
    const WRITERS: u8 = 4;
    const WRITES: usize = 200;
    const SIZE: usize = 3000;
    holding(|| {
        let (mut reader, writer) = pipe(libc::O_CLOEXEC)?;
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let mut writer = writer.try_clone()?;
                Ok::<_, Error>(thread::spawn(move || (0..WRITES).try_for_each(|_| writer.write_all(&[number; SIZE]))))
            })
            .collect::<Result<_, _>>()?;
        drop(writer);
        let mut piece = [0; SIZE];
        let mut counts = [0; WRITERS as usize];
        while reader.read_exact(&mut piece).is_ok() {
            ensure(piece.iter().all(|byte| *byte == piece[0]), "a write in one piece")?;
            counts[piece[0] as usize] += 1;
        }
        for writer in writers {
            writer.join().map_err(|_| "a writer panicked")??;
        }
        ensure(counts == [WRITES; WRITERS as usize], "all writes")
    })
}

fn broken_pipes() -> Holds {
    holding(|| {
        let (reader, mut writer) = pipe(libc::O_CLOEXEC | libc::O_NONBLOCK)?;
        ensure(errno((&reader).read(&mut [0])) == libc::EAGAIN, "empty")?;
        while writer.write(&[0; 4096]).is_ok() {}
        ensure(errno(writer.write(&[0])) == libc::EAGAIN, "full")?;
        // SAFETY: a slot and a number.
        let size = call(unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 200_000) })?;
        ensure(size == 262_144 && writer.write(&[0; 4096])? == 4096, "a larger pipe")?;
        drop(reader);
        // Rust's runtime ignores SIGPIPE.
        ensure(errno(writer.write(&[0])) == libc::EPIPE, "broken")?;
        let (mut reader, writer) = pipe(libc::O_CLOEXEC)?;
        drop(writer);
        ensure(reader.read(&mut [0])? == 0, "the end")
    })
}

fn fifos() -> Holds {
    holding(|| {
        let name = format!("/tmp/fifo-{}", std::process::id());
        let path = std::ffi::CString::new(name.clone())?;
        // SAFETY: a string and a mode.
        call(unsafe { libc::mkfifo(path.as_ptr(), 0o600) })?;
        let nonblocking =
            |write: bool| OpenOptions::new().read(!write).write(write).custom_flags(libc::O_NONBLOCK).open(&name);
        ensure(errno(nonblocking(true)) == libc::ENXIO, "a writer without readers must not wait")?;
        drop(nonblocking(false)?);
        let writer_name = name.clone();
        let sender =
            thread::spawn(move || OpenOptions::new().write(true).open(writer_name)?.write_all(b"through the FIFO"));
        let mut text = String::new();
        File::open(&name)?.read_to_string(&mut text)?;
        sender.join().map_err(|_| "the sender panicked")??;
        fs::remove_file(&name)?;
        ensure(text == "through the FIFO", "what came through")
    })
}

fn poll(fds: &mut [libc::pollfd], timeout_ms: i32) -> std::io::Result<i32> {
    // SAFETY: the entries are valid for the call.
    call(unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout_ms) })
}

fn polling() -> Holds {
    let entry = |slot, events| libc::pollfd { fd: slot, events, revents: 0 };
    holding(|| {
        let (one, mut one_writer) = pipe(libc::O_CLOEXEC)?;
        let (other, other_writer) = pipe(libc::O_CLOEXEC)?;
        let start = Instant::now();
        let mut fds =
            [entry(one.as_raw_fd(), libc::POLLIN), entry(other.as_raw_fd(), libc::POLLIN), entry(-1, libc::POLLIN)];
        ensure(poll(&mut fds, 50)? == 0 && start.elapsed() >= Duration::from_millis(50), "a timeout")?;
        let sender = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            one_writer.write_all(b"x").map(|()| one_writer)
        });
        ensure(poll(&mut fds, -1)? == 1, "one is ready")?;
        let one_writer = sender.join().map_err(|_| "the sender panicked")??;
        ensure(fds[0].revents == libc::POLLIN && fds[1].revents == 0 && fds[2].revents == 0, "which one")?;
        drop(other_writer);
        ensure(poll(&mut fds, 0)? == 2 && fds[1].revents == libc::POLLHUP, "hung up")?;
        let mut fds = [entry(one_writer.as_raw_fd(), libc::POLLOUT), entry(999, libc::POLLIN)];
        ensure(
            poll(&mut fds, 0)? == 2 && fds[0].revents == libc::POLLOUT && fds[1].revents == libc::POLLNVAL,
            "room, and no slot",
        )?;
        drop(one);
        let mut fds = [entry(one_writer.as_raw_fd(), 0)];
        ensure(poll(&mut fds, 0)? == 1 && fds[0].revents == libc::POLLERR, "an error unasked")?;
        let file = File::open("/proc/self/exe")?;
        let mut fds = [entry(file.as_raw_fd(), libc::POLLIN | libc::POLLOUT)];
        ensure(poll(&mut fds, 0)? == 1 && fds[0].revents == libc::POLLIN | libc::POLLOUT, "files are always ready")
    })
}

fn selecting() -> Holds {
    holding(|| {
        let (reader, mut writer) = pipe(libc::O_CLOEXEC)?;
        // SAFETY: all zeros is the empty set, and the slots are small.
        let select = |read: RawFd, write: RawFd, timeout_us| unsafe {
            let mut sets: [libc::fd_set; 2] = std::mem::zeroed();
            libc::FD_SET(read, &mut sets[0]);
            libc::FD_SET(write, &mut sets[1]);
            let mut timeout = libc::timeval { tv_sec: 0, tv_usec: timeout_us };
            let [reads, writes] = &mut sets;
            let count = call(libc::select(64, reads, writes, std::ptr::null_mut(), &mut timeout))?;
            Ok::<_, Error>((count, libc::FD_ISSET(read, reads), libc::FD_ISSET(write, writes)))
        };
        let (read, write) = (reader.as_raw_fd(), writer.as_raw_fd());
        ensure(select(read, write, 0)? == (1, false, true), "room")?;
        writer.write_all(b"x")?;
        ensure(select(read, write, 0)? == (2, true, true), "data and room")?;
        ensure(errno(select(60, write, 0)) == libc::EBADF, "no slot")
    })
}

struct Epoll(File);

impl Epoll {
    fn new() -> std::io::Result<Self> {
        // SAFETY: a flag.
        Ok(Self(owned(call(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?)))
    }

    fn control(&self, operation: i32, slot: RawFd, events: i32, data: u64) -> std::io::Result<i32> {
        let mut event = libc::epoll_event { events: events as u32, u64: data };
        // SAFETY: the event is valid for the call.
        call(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), operation, slot, &mut event) })
    }

    fn add(&self, slot: RawFd, events: i32, data: u64) -> std::io::Result<i32> {
        self.control(libc::EPOLL_CTL_ADD, slot, events, data)
    }

    fn wait(&self, timeout_ms: i32) -> std::io::Result<Vec<(u32, u64)>> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: room for 64 events.
        let count = call(unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), 64, timeout_ms) })?;
        Ok(events[..count as usize].iter().map(|event| (event.events, event.u64)).collect())
    }
}

const IN: u32 = libc::EPOLLIN as u32;

fn epoll_modes() -> Holds {
    holding(|| {
        let set = Epoll::new()?;
        let (mut reader, mut writer) = pipe(libc::O_CLOEXEC)?;
        let slot = reader.as_raw_fd();
        set.add(slot, libc::EPOLLIN, 7)?;
        ensure(errno(set.add(slot, libc::EPOLLIN, 7)) == libc::EEXIST, "twice")?;
        ensure(set.wait(0)?.is_empty(), "nothing")?;
        writer.write_all(b"ab")?;
        ensure(set.wait(-1)? == [(IN, 7)] && set.wait(0)? == [(IN, 7)], "level")?;
        set.control(libc::EPOLL_CTL_MOD, slot, libc::EPOLLIN | libc::EPOLLET, 8)?;
        ensure(set.wait(0)? == [(IN, 8)] && set.wait(0)?.is_empty(), "edge")?;
        reader.read_exact(&mut [0])?;
        ensure(set.wait(0)?.is_empty(), "reading is no edge for a reader")?;
        writer.write_all(b"c")?;
        ensure(set.wait(0)? == [(IN, 8)], "the next edge")?;
        set.control(libc::EPOLL_CTL_MOD, slot, libc::EPOLLIN | libc::EPOLLONESHOT, 9)?;
        ensure(set.wait(0)? == [(IN, 9)] && set.wait(0)?.is_empty(), "one shot")?;
        writer.write_all(b"d")?;
        ensure(set.wait(0)?.is_empty(), "only one")?;
        set.control(libc::EPOLL_CTL_MOD, slot, 0, 10)?;
        drop(writer);
        ensure(set.wait(0)? == [(libc::EPOLLHUP as u32, 10)], "hanging up is told unasked")?;
        set.control(libc::EPOLL_CTL_DEL, slot, 0, 0)?;
        ensure(errno(set.control(libc::EPOLL_CTL_DEL, slot, 0, 0)) == libc::ENOENT, "deleted twice")?;
        let file = File::open("/proc/self/exe")?;
        ensure(errno(set.add(file.as_raw_fd(), libc::EPOLLIN, 1)) == libc::EPERM, "a file")
    })
}

fn epoll_many() -> Holds {
    holding(|| {
        let set = Epoll::new()?;
        let mut pipes = (0..100).map(|_| pipe(libc::O_CLOEXEC)).collect::<Result<Vec<_>, _>>()?;
        for (number, (reader, _)) in pipes.iter().enumerate() {
            set.add(reader.as_raw_fd(), libc::EPOLLIN, number as u64)?;
        }
        for number in [93, 5, 41] {
            pipes[number].1.write_all(b"x")?;
        }
        let mut told: Vec<u64> = set.wait(-1)?.iter().map(|(_, data)| *data).collect();
        ensure(told == [93, 5, 41], "the order of readiness")?;
        told.clear();
        // Closed members drop out.
        pipes.truncate(50);
        let mut left: Vec<u64> = set.wait(0)?.iter().map(|(_, data)| *data).collect();
        left.sort_unstable();
        ensure(left == [5, 41], "what is left")?;
        let waker = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            pipes[49].1.write_all(b"y").map(|()| pipes)
        });
        let mut seen = Vec::new();
        while !seen.contains(&49) {
            seen.extend(set.wait(-1)?.iter().map(|(_, data)| *data));
        }
        waker.join().map_err(|_| "the waker panicked")??;
        Ok(())
    })
}

fn epoll_nesting() -> Holds {
    holding(|| {
        let (inner, outer) = (Epoll::new()?, Epoll::new()?);
        let (reader, mut writer) = pipe(libc::O_CLOEXEC)?;
        inner.add(reader.as_raw_fd(), libc::EPOLLIN, 1)?;
        outer.add(inner.0.as_raw_fd(), libc::EPOLLIN, 2)?;
        ensure(errno(inner.add(outer.0.as_raw_fd(), libc::EPOLLIN, 3)) == libc::ELOOP, "a circle")?;
        ensure(errno(inner.add(inner.0.as_raw_fd(), libc::EPOLLIN, 3)) == libc::EINVAL, "itself")?;
        ensure(outer.wait(0)?.is_empty(), "nothing yet")?;
        let sender = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            writer.write_all(b"x").map(|()| writer)
        });
        ensure(outer.wait(-1)? == [(IN, 2)] && inner.wait(0)? == [(IN, 1)], "through both")?;
        sender.join().map_err(|_| "the sender panicked")??;
        Ok(())
    })
}

fn event_counters() -> Holds {
    holding(|| {
        // SAFETY: numbers.
        let mut counter = owned(call(unsafe { libc::eventfd(3, libc::EFD_CLOEXEC) })?);
        let mut word = [0; 8];
        counter.read_exact(&mut word)?;
        ensure(u64::from_ne_bytes(word) == 3, "the first count")?;
        let mut other = counter.try_clone()?;
        let adder = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            other.write_all(&5u64.to_ne_bytes())
        });
        counter.read_exact(&mut word)?;
        adder.join().map_err(|_| "the adder panicked")??;
        ensure(u64::from_ne_bytes(word) == 5, "the count that was waited for")?;
        // SAFETY: numbers.
        let mut ones = owned(call(unsafe { libc::eventfd(2, libc::EFD_SEMAPHORE | libc::EFD_NONBLOCK) })?);
        for _ in 0..2 {
            ones.read_exact(&mut word)?;
            ensure(u64::from_ne_bytes(word) == 1, "one by one")?;
        }
        ensure(
            errno(ones.read(&mut word)) == libc::EAGAIN && errno(ones.read(&mut [0; 4])) == libc::EINVAL,
            "none left",
        )
    })
}

fn timers() -> Holds {
    let spec = |first_ms: i64, interval_ms: i64| libc::itimerspec {
        it_value: libc::timespec { tv_sec: 0, tv_nsec: first_ms * 1_000_000 },
        it_interval: libc::timespec { tv_sec: 0, tv_nsec: interval_ms * 1_000_000 },
    };
    holding(|| {
        // SAFETY: numbers.
        let mut timer = owned(call(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) })?);
        let set = |value: libc::itimerspec| {
            // SAFETY: the setting is valid for the call.
            call(unsafe { libc::timerfd_settime(timer.as_raw_fd(), 0, &value, std::ptr::null_mut()) })
        };
        let start = Instant::now();
        set(spec(30, 0))?;
        let mut word = [0; 8];
        (&timer).read_exact(&mut word)?;
        ensure(u64::from_ne_bytes(word) == 1 && start.elapsed() >= Duration::from_millis(30), "a single expiry")?;
        set(spec(10, 10))?;
        thread::sleep(Duration::from_millis(55));
        (&timer).read_exact(&mut word)?;
        let count = u64::from_ne_bytes(word);
        ensure((4..60).contains(&count), "expiries are counted")?;
        set(spec(0, 0))?;
        let mut fds = [libc::pollfd { fd: timer.as_raw_fd(), events: libc::POLLIN, revents: 0 }];
        ensure(poll(&mut fds, 30)? == 0, "disarmed")?;
        let _ = timer.flush();
        Ok(())
    })
}

extern "C" fn nothing(_: libc::c_int) {}

fn interrupted() -> Holds {
    holding(|| {
        // SAFETY: a handler that does nothing.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
            libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut());
            libc::alarm(1);
        }
        let (reader, _writer) = pipe(libc::O_CLOEXEC)?;
        let mut fds = [libc::pollfd { fd: reader.as_raw_fd(), events: libc::POLLIN, revents: 0 }];
        let start = Instant::now();
        ensure(errno(poll(&mut fds, 10_000)) == libc::EINTR, "poll")?;
        ensure(start.elapsed() < Duration::from_secs(5), "in time")?;
        // SAFETY: a number.
        unsafe { libc::alarm(1) };
        ensure(errno((&reader).read(&mut [0])) == libc::EINTR, "read without SA_RESTART")
    })
}
