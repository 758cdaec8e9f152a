//! What is made and given back.

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{ExitCode, Stdio};
use std::thread;

use rustix::event::{EventfdFlags, epoll, eventfd};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use trials::{Random, child, this_program};

/// A kind of churn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any of the others, by chance.
    Mixed,
    /// Programs, with bytes through pipes into them and back.
    Programs,
    /// Children that end at once.
    Forks,
    /// Children that start a session, and end with a child of their own still there.
    Sessions,
    /// Pipes, filled and read empty.
    Pipes,
    /// Large blocks, touched, grown and dropped.
    Memory,
    /// Threads that return a number.
    Threads,
    /// Files and directories, written, read, renamed and removed.
    Files,
    /// Counters and timers in a set.
    Events,
}

impl Kind {
    /// All that can be done by themselves.
    pub const EACH: [Self; 8] = [
        Self::Programs,
        Self::Forks,
        Self::Sessions,
        Self::Pipes,
        Self::Memory,
        Self::Threads,
        Self::Files,
        Self::Events,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Programs => "programs",
            Self::Forks => "forks",
            Self::Sessions => "sessions",
            Self::Pipes => "pipes",
            Self::Memory => "memory",
            Self::Threads => "threads",
            Self::Files => "files",
            Self::Events => "events",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::EACH.into_iter().chain([Self::Mixed]).find(|kind| kind.name() == name)
    }

    /// Makes something and gives it back.
    pub fn one_round(self, random: &mut Random) -> Result<(), String> {
        match self {
            Self::Mixed => Self::EACH[random.below(Self::EACH.len() as u64) as usize].one_round(random),
            Self::Programs => through_a_program(random),
            Self::Forks => fork_once(|| 0),
            Self::Sessions => fork_once(lead_a_session),
            Self::Pipes => through_a_pipe(random).map_err(describe),
            Self::Memory => through_memory(random),
            Self::Threads => through_threads(),
            Self::Files => through_files(random).map_err(describe),
            Self::Events => through_events().map_err(describe),
        }
    }
}

fn describe(error: io::Error) -> String {
    error.to_string()
}

fn agree<T: PartialEq>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} differ")) }
}

fn through_a_program(random: &mut Random) -> Result<(), String> {
    let mut command = this_program();
    let mut child = command
        .arg("leaf")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("spawn: {error}"))?;
    let sent: Vec<u8> = (0..random.below(20_000)).map(|_| random.below(256) as u8).collect();
    let mut input = child.stdin.take().ok_or("no pipe")?;
    let copy = sent.clone();
    let writer = thread::spawn(move || input.write_all(&copy));
    let mut received = Vec::new();
    child.stdout.take().ok_or("no pipe")?.read_to_end(&mut received).map_err(|error| format!("read: {error}"))?;
    writer.join().map_err(|_| "writer panicked")?.map_err(|error| format!("write: {error}"))?;
    let status = child.wait().map_err(|error| format!("wait: {error}"))?;
    agree("bytes through a program", (status.success(), received), (true, sent))
}

/// What a program is told to be that only copies.
pub fn leaf() -> ExitCode {
    let copied = io::copy(&mut io::stdin().lock(), &mut io::stdout().lock());
    if copied.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The body makes plain calls only, so it may run in the child of a process with threads.
fn fork_once(body: fn() -> i32) -> Result<(), String> {
    let child = child::fork(body).map_err(describe)?;
    let ended = child::wait(child, 0).map_err(describe)?;
    agree("ends of a child", ended, (child, 0))
}

/// Who ends last is an orphan of another session.
fn lead_a_session() -> i32 {
    match child::start_session().and_then(|_| child::fork(|| 0)) {
        Ok(_) => 0,
        Err(_) => 1,
    }
}

fn through_a_pipe(random: &mut Random) -> io::Result<()> {
    let (mut reader, mut writer) = io::pipe()?;
    let sent = vec![7; random.below(60_000) as usize];
    writer.write_all(&sent)?;
    drop(writer);
    let mut received = Vec::new();
    reader.read_to_end(&mut received)?;
    agree("bytes through a pipe", received, sent).map_err(io::Error::other)
}

/// Large blocks come from mmap, and go back; every page is touched.
fn through_memory(random: &mut Random) -> Result<(), String> {
    let size = 4096 * (64 + random.below(512)) as usize;
    let mut block = vec![0u8; size];
    let mark = random.below(255) as u8 + 1;
    block.iter_mut().step_by(4096).for_each(|byte| *byte = mark);
    block.resize(size * 2, mark);
    let marked = block.iter().step_by(4096).filter(|byte| **byte == mark).count();
    agree("marks of pages", marked, size * 2 / 4096)
}

fn through_threads() -> Result<(), String> {
    let threads: Vec<_> = (0..4u64).map(|number| thread::spawn(move || number * number)).collect();
    let sum: u64 = threads.into_iter().map(|thread| thread.join().unwrap_or(u64::MAX / 8)).sum();
    agree("sums of threads", sum, 14)
}

fn through_files(random: &mut Random) -> io::Result<()> {
    let directory = format!("/tmp/churn-{:?}-{}", thread::current().id(), random.below(1 << 40));
    fs::create_dir(&directory)?;
    let (first, second) = (format!("{directory}/first"), format!("{directory}/second"));
    let text: Vec<u8> = (0..random.below(50_000)).map(|at| at as u8).collect();
    fs::write(&first, &text)?;
    fs::hard_link(&first, &second)?;
    std::os::unix::fs::symlink(&second, format!("{directory}/link"))?;
    fs::rename(&first, format!("{directory}/third"))?;
    let read = fs::read(format!("{directory}/link"))?;
    fs::remove_dir_all(&directory)?;
    agree("bytes of a file", read, text).map_err(io::Error::other)
}

/// A timer that is armed when it is dropped, and a counter that is ready, both still in their set.
fn through_events() -> io::Result<()> {
    let set = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let counter = eventfd(1, EventfdFlags::CLOEXEC)?;
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
    let soon = Timespec { tv_sec: 1, tv_nsec: 0 };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: soon, it_value: soon })?;
    for (number, member) in [counter.as_fd(), timer.as_fd()].into_iter().enumerate() {
        epoll::add(&set, member, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
    }
    let mut ready = Vec::with_capacity(4);
    epoll::wait(&set, rustix::buffer::spare_capacity(&mut ready), None)?;
    agree("events", ready.len(), 1).map_err(io::Error::other)
}
