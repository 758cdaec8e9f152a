//! The files of one process or thread.

use super::ProcFs;
use super::maps;
use super::source::ProcessView;
use super::text::Text;
use super::tree::{ProcessEntry, ProcessWhat};
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write;
use object::Location;
use object::denial::Verdict;

use super::status::Status;

/// The process, or the thread of it, that a directory is about.
#[derive(Clone)]
pub struct Subject {
    /// The process.
    pub process: Arc<dyn ProcessView>,
    /// The thread; `None` for the process as a whole.
    pub thread: Option<i32>,
}

impl Subject {
    /// The id that names the directory.
    pub fn id(&self) -> i32 {
        self.thread.unwrap_or_else(|| self.process.pid())
    }

    /// A reading of it.
    pub fn status(&self) -> Result<Status> {
        match self.thread {
            Some(tid) => self.process.thread_status(tid),
            None => self.process.status(),
        }
    }

    /// Whether it is the calling process.
    pub fn is_caller(&self) -> bool {
        object::caller().is_some_and(|caller| caller.process_id() == self.process.pid())
    }

    /// Whether the caller may look into the process: its user's other processes and the privileged may, unless they may
    /// do less than it. EACCES.
    pub fn check_access(&self) -> Result<()> {
        let Some(caller) = object::caller() else { return Ok(()) };
        if caller.process_id() == self.process.pid() {
            return Ok(());
        }
        let credentials = caller.credentials();
        let is_same_user = credentials.is_privileged() || credentials.fsuid == self.process.owner().uid;
        let may_look = || match (caller.table(), self.process.table()) {
            (Some(own), Some(other)) => own.ask_to_look_into(&other) == Verdict::Allow,
            _ => true,
        };
        if is_same_user && may_look() { Ok(()) } else { Err(Errno::EACCES) }
    }
}

/// What the directory of a process holds. That of a thread lacks `task`, which is last.
pub const ENTRIES: &[ProcessEntry] = &[
    file("stat", |_, subject| subject.status()?.stat()),
    file("status", |_, subject| subject.status()?.status(arch::cpu::count())),
    file("statm", |_, subject| subject.status()?.statm()),
    file("cmdline", |_, subject| subject.process.arguments()),
    private("environ", |_, subject| subject.process.environment()),
    private("auxv", |_, subject| subject.process.auxiliary_vector()),
    private("maps", |_, subject| maps::maps(subject.process.address_space())),
    ProcessEntry { name: "comm", mode: 0o644, what: ProcessWhat::Setting(name, set_name) },
    ProcessEntry { name: FAIL_NTH, mode: 0o600, what: ProcessWhat::Setting(failure_left, fail_nth) },
    private("caps", |proc, subject| super::capabilities::text(&proc.source().namespace().roots(), subject)),
    private("denial", |_, subject| subject.process.denial()),
    file("sched", |_, subject| super::schedstat::describe_process(subject)),
    file("schedstat", |_, subject| super::schedstat::of_process(subject)),
    file("limits", |_, subject| limits(subject)),
    file("mounts", |proc, _| super::mounts::mounts(proc)),
    file("mountinfo", |proc, _| super::mounts::mount_info(proc)),
    file("oom_score", |_, _| Text::build(|text| text.push(b"0\n"))),
    file("oom_score_adj", |_, _| Text::build(|text| text.push(b"0\n"))),
    file("cgroup", |_, _| Text::build(|text| text.push(b"0::/\n"))),
    file("loginuid", |_, _| Text::build(|text| write!(text, "{}", u32::MAX))),
    file("wchan", |_, _| Text::build(|text| text.push(b"0"))),
    private("io", |_, _| {
        Text::build(|text| {
            text.push(
                b"rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n",
            )
        })
    }),
    link("exe", |_, subject| subject.process.executable().ok_or(Errno::ENOENT)),
    link("cwd", |_, subject| Ok(subject.process.roots().ok_or(Errno::ENOENT)?.cwd.clone())),
    link("root", |_, subject| Ok(subject.process.roots().ok_or(Errno::ENOENT)?.root.clone())),
    ProcessEntry { name: "fd", mode: 0o500, what: ProcessWhat::Slots },
    ProcessEntry { name: "fdinfo", mode: 0o555, what: ProcessWhat::SlotTexts },
    ProcessEntry { name: "task", mode: 0o555, what: ProcessWhat::Threads },
];

const fn file(name: &'static str, make: fn(&ProcFs, &Subject) -> Result<Vec<u8>>) -> ProcessEntry {
    ProcessEntry { name, mode: 0o444, what: ProcessWhat::File(make) }
}

const fn private(name: &'static str, make: fn(&ProcFs, &Subject) -> Result<Vec<u8>>) -> ProcessEntry {
    ProcessEntry { name, mode: 0o400, what: ProcessWhat::Private(make) }
}

const fn link(name: &'static str, find: fn(&ProcFs, &Subject) -> Result<Location>) -> ProcessEntry {
    ProcessEntry { name, mode: 0o777, what: ProcessWhat::Link(find) }
}

fn name(_: &ProcFs, subject: &Subject) -> Result<Vec<u8>> {
    let status = subject.status()?;
    Text::build(|text| {
        text.push(&status.name)?;
        text.push(b"\n")
    })
}

fn set_name(subject: &Subject, name: &[u8]) -> Result<()> {
    let name = name.strip_suffix(b"\n").unwrap_or(name);
    subject.process.set_thread_name(subject.id(), &name[..name.len().min(15)])
}

/// Of the thread's next call, which allocation fails; afterwards, how many were left until then, so 0 if it did.
/// There only where the kernel's command line offers it.
pub const FAIL_NTH: &str = "fail-nth";

fn failure_left(_: &ProcFs, subject: &Subject) -> Result<Vec<u8>> {
    let left = subject.process.failure_left(subject.id())?;
    Text::build(|text| writeln!(text, "{left}"))
}

fn fail_nth(subject: &Subject, text: &[u8]) -> Result<()> {
    let text = str::from_utf8(text.trim_ascii()).map_err(|_| Errno::EINVAL)?;
    subject.process.fail_nth(subject.id(), text.parse().map_err(|_| Errno::EINVAL)?)
}

/// Title and unit of each limit, by RLIMIT_* number.
const LIMITS: [(&str, &str); 16] = [
    ("Max cpu time", "seconds"),
    ("Max file size", "bytes"),
    ("Max data size", "bytes"),
    ("Max stack size", "bytes"),
    ("Max core file size", "bytes"),
    ("Max resident set", "bytes"),
    ("Max processes", "processes"),
    ("Max open files", "files"),
    ("Max locked memory", "bytes"),
    ("Max address space", "bytes"),
    ("Max file locks", "locks"),
    ("Max pending signals", "signals"),
    ("Max msgqueue size", "bytes"),
    ("Max nice priority", ""),
    ("Max realtime priority", ""),
    ("Max realtime timeout", "us"),
];

fn limits(subject: &Subject) -> Result<Vec<u8>> {
    let limits = subject.process.limits()?;
    Text::build(|text| {
        writeln!(text, "{:<25} {:<20} {:<20} {:<10}", "Limit", "Soft Limit", "Hard Limit", "Units")?;
        for ((title, unit), limit) in LIMITS.iter().zip(&limits) {
            write!(text, "{title:<25} ")?;
            for value in [limit.soft, limit.hard] {
                match value {
                    u64::MAX => write!(text, "{:<20} ", "unlimited")?,
                    _ => write!(text, "{value:<20} ")?,
                }
            }
            writeln!(text, "{unit:<10}")?;
        }
        Ok(())
    })
}
