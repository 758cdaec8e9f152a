//! Every system call that takes a pointer, tried with addresses that no program has: the answer is EFAULT, and nobody
//! falls over.
//!
//! The cases are made from the table of system calls. Each is run in a child of its own, with the other arguments
//! such as the call could be expected to accept; a case that is answered by another error or with success is only
//! accepted if it is listed in [`EXCEPTIONS`]. `wild_pointers NAME` tries one call and tells every answer.

#![allow(unsafe_code, reason = "system calls with arguments that they are to refuse")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::collections::BTreeMap;
use std::ffi::CString;
use std::process::ExitCode;

use abi::table::{Argument, ArgumentKind, Row, TABLE};
use trials::Report;

/// Calls and arguments where another answer than EFAULT is right, with the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("set_tid_address", "tid", "written when the thread ends, and then as far as it can be"),
    ("clone", "parent_tid", "written after the child is made, as far as it can be"),
    ("clone", "child_tid", "the child's to write, as far as it can be"),
    ("get_robust_list", "head", "needs a thread that has one"),
    ("nanosleep", "remaining", "written only when a signal ends the sleep"),
    ("clock_nanosleep", "remaining", "written only when a signal ends the sleep"),
    ("timer_settime", "old", "needs a timer, and children have none"),
    ("timer_gettime", "value", "needs a timer, and children have none"),
    ("accept", "address", "needs a connection that waits"),
    ("accept", "size", "needs a connection that waits"),
    ("accept4", "address", "needs a connection that waits"),
    ("accept4", "size", "needs a connection that waits"),
    ("recvfrom", "address", "written only if the sender has a name"),
    ("syslog", "buf", "the log may be empty or closed"),
    ("setxattr", "value", "nothing keeps attributes"),
    ("lsetxattr", "value", "nothing keeps attributes"),
    ("fsetxattr", "value", "nothing keeps attributes"),
    ("getxattr", "value", "nothing keeps attributes"),
    ("lgetxattr", "value", "nothing keeps attributes"),
    ("fgetxattr", "value", "nothing keeps attributes"),
    ("listxattr", "list", "nothing keeps attributes"),
    ("llistxattr", "list", "nothing keeps attributes"),
    ("flistxattr", "list", "nothing keeps attributes"),
    ("cap_ioctls_get", "requests", "a slot that allows every request has no list to write"),
];

/// Addresses that are nobody's.
struct Wild {
    name: &'static str,
    address: u64,
}

fn main() -> ExitCode {
    let only = std::env::args().nth(1);
    let mut report = Report::new();
    let wild = wild_addresses();
    let fixture = Fixture::new();
    let mut cases = 0;
    for row in TABLE.iter().filter(|row| only.as_deref().is_none_or(|name| name == row.name)) {
        for (index, argument) in row.arguments.iter().enumerate().filter(|(_, argument)| argument.kind.is_pointer()) {
            let mut answers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for address in &wild {
                cases += 1;
                let mut words = plausible(row, &fixture);
                words[index] = address.address;
                make_it_matter(row, argument, &mut words, &fixture);
                answers.entry(answer(row, words)).or_default().push(address.name);
            }
            judge(&mut report, row, argument, &answers, only.is_some());
        }
    }
    println!("{cases} cases");
    report.finish()
}

fn judge(report: &mut Report, row: &Row, argument: &Argument, answers: &BTreeMap<String, Vec<&str>>, tell: Tell) {
    if tell {
        println!("{}({}): {answers:?}", row.name, argument.name);
    }
    let is_excepted = EXCEPTIONS.iter().any(|(name, which, _)| *name == row.name && *which == argument.name);
    let is_unknown = answers.len() == 1 && answers.contains_key("ENOSYS");
    let strange: Vec<_> = answers.iter().filter(|(answer, _)| *answer != "EFAULT").collect();
    let has_fallen = strange.iter().any(|(answer, _)| answer.starts_with("killed") || answer.starts_with("hung"));
    let what = format!("{}({})", row.name, argument.name);
    if strange.is_empty() || (is_excepted && !has_fallen) {
        report.check(what, Ok(()));
    } else if is_unknown {
        println!("missing {what}");
    } else {
        report.check(what, Err(format!("{strange:?}")));
    }
}

/// Whether each answer is told.
type Tell = bool;

fn wild_addresses() -> Vec<Wild> {
    let page = 4096;
    // SAFETY: a fresh mapping of two pages, of which the second is taken away again; nothing else knows of it.
    let edge = unsafe {
        let anonymous = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let start = libc::mmap(std::ptr::null_mut(), 2 * page, libc::PROT_NONE, anonymous, -1, 0);
        assert_ne!(start, libc::MAP_FAILED, "mmap");
        start as u64
    };
    vec![
        Wild { name: "first page", address: 0x10 },
        Wild { name: "hole", address: 0x1234_5678_9000 },
        Wild { name: "forbidden page", address: edge },
        Wild { name: "end of user memory", address: 0x7fff_ffff_f000 },
        Wild { name: "non-canonical", address: 0x0080_0000_0000_0000 },
        Wild { name: "kernel, direct map", address: 0xffff_8000_0000_0000 },
        Wild { name: "kernel, image", address: 0xffff_ffff_8010_0000 },
        Wild { name: "last byte", address: u64::MAX },
    ]
}

/// Objects that plausible arguments name.
struct Fixture {
    file: i32,
    directory: i32,
    epoll: i32,
    /// Connected to each other, with something to receive at the first.
    sockets: [i32; 2],
    pidfd: i32,
    /// A process that has ended and was not waited for.
    ended: i32,
    timer: i32,
    event: i32,
    inotify: i32,
    signal: i32,
    pipe: [i32; 2],
    path: CString,
    link: CString,
    /// Nothing but zeros.
    zeros: Vec<u64>,
    /// The set of SIGURG alone.
    signals: Vec<u64>,
    /// The header of `capget`.
    capabilities: Vec<u64>,
    /// A mapped page.
    page: u64,
}

const CAPABILITY_VERSION: u64 = 0x2008_0522;

impl Fixture {
    fn new() -> Self {
        let path = CString::new(format!("/tmp/wild.{}", std::process::id())).unwrap_or_default();
        let link = CString::new(format!("/tmp/wild.{}.link", std::process::id())).unwrap_or_default();
        let (mut pipe, mut sockets) = ([-1; 2], [-1; 2]);
        // SAFETY: paths end in NUL, and whatever is read or written has its place.
        unsafe {
            let mask = 0_u64;
            libc::pipe(pipe.as_mut_ptr());
            libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, sockets.as_mut_ptr());
            libc::symlink(path.as_ptr(), link.as_ptr());
            // Without the superuser there may be no groups to ask for.
            libc::setgroups(2, [1, 2].as_ptr());
            let anonymous = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let page = libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ, anonymous, -1, 0) as u64;
            let fixture = Self {
                file: libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CREAT, 0o600),
                directory: libc::open(c"/tmp".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY),
                epoll: libc::epoll_create1(0),
                sockets,
                pidfd: libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0) as i32,
                ended: ended_child(),
                timer: libc::syscall(libc::SYS_timerfd_create, libc::CLOCK_MONOTONIC, 0) as i32,
                event: libc::syscall(libc::SYS_eventfd2, 1, 0) as i32,
                inotify: libc::syscall(libc::SYS_inotify_init1, 0) as i32,
                signal: libc::syscall(libc::SYS_signalfd4, -1, &raw const mask, 8, 0) as i32,
                pipe,
                path,
                link,
                zeros: vec![0; 4096],
                signals: vec![1 << (libc::SIGURG - 1); 16],
                capabilities: vec![CAPABILITY_VERSION; 1],
                page,
            };
            libc::write(fixture.file, c"some content".as_ptr().cast(), 12);
            libc::write(fixture.sockets[1], [0_u8; 4096].as_ptr().cast(), 4096);
            libc::write(fixture.pipe[1], c"some content".as_ptr().cast(), 12);
            let mut ready = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
            libc::epoll_ctl(fixture.epoll, libc::EPOLL_CTL_ADD, fixture.event, &mut ready);
            fixture
        }
    }

    /// The object that a call is for.
    fn slot(&self, row: &Row) -> i32 {
        match row.name {
            name if name.starts_with("timerfd") => self.timer,
            name if name.starts_with("inotify") => self.inotify,
            name if name.starts_with("signalfd") => self.signal,
            name if name.starts_with("pidfd") => self.pidfd,
            "getdents64" | "getdents" | "cap_inherited_get" | "cap_inherited_limit" => self.directory,
            "splice" | "tee" | "vmsplice" => self.pipe[1],
            // At its start, so that there is something to read.
            "read" | "readv" => self.pipe[0],
            _ => self.file,
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        for path in [&self.path, &self.link] {
            // SAFETY: the path ends in NUL.
            unsafe { libc::unlink(path.as_ptr()) };
        }
    }
}

/// A descriptor of a child that has ended.
fn ended_child() -> i32 {
    // SAFETY: the child ends at once.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: as above.
        unsafe { libc::_exit(0) };
    }
    // SAFETY: no memory is involved.
    let slot = unsafe { libc::syscall(libc::SYS_pidfd_open, child, 0) } as i32;
    let mut asked = libc::pollfd { fd: slot, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry is there.
    unsafe { libc::poll(&mut asked, 1, -1) };
    slot
}

/// Arguments that the call would accept, or refuse only after it has looked at its pointers.
fn plausible(row: &Row, fixture: &Fixture) -> [u64; 6] {
    let mut words = [0; 6];
    for (word, argument) in words.iter_mut().zip(row.arguments) {
        *word = match argument.kind {
            ArgumentKind::Capability(_) | ArgumentKind::Slot => fixture.slot(row) as u64,
            ArgumentKind::Directory(_) => fixture.directory as u64,
            ArgumentKind::PollSet(_) => fixture.epoll as u64,
            ArgumentKind::Process(_) => fixture.pidfd as u64,
            ArgumentKind::Socket(_) => fixture.sockets[0] as u64,
            ArgumentKind::At(_) => libc::AT_FDCWD as u64,
            ArgumentKind::Path if row.name.starts_with("readlink") => fixture.link.as_ptr() as u64,
            ArgumentKind::Path if row.name.starts_with("execve") => c"/proc/self/exe".as_ptr() as u64,
            ArgumentKind::Path => fixture.path.as_ptr() as u64,
            ArgumentKind::Input("SignalSet", _) => fixture.signals.as_ptr() as u64,
            ArgumentKind::Update("CapUserHeader", _) => fixture.capabilities.as_ptr() as u64,
            ArgumentKind::Address => fixture.page,
            ArgumentKind::Sink(_)
            | ArgumentKind::Source(_)
            | ArgumentKind::Iovecs(_)
            | ArgumentKind::Input(..)
            | ArgumentKind::Output(..)
            | ArgumentKind::Update(..) => fixture.zeros.as_ptr() as u64,
            ArgumentKind::Length => 8,
            ArgumentKind::Signal => libc::SIGURG as u64,
            _ => 0,
        };
        // What is called a size is that of a signal set nearly everywhere.
        match argument.name {
            "size" | "max" | "count" => *word = 8,
            _ => {}
        }
    }
    words
}

/// Adjusts what would let a call return before it looks at `argument`.
fn make_it_matter(row: &Row, argument: &Argument, words: &mut [u64; 6], fixture: &Fixture) {
    let mut set = |name: &str, value: u64| {
        if let Some(index) = row.arguments.iter().position(|argument| argument.name == name) {
            words[index] = value;
        }
    };
    match (row.name, argument.name) {
        ("getdents64" | "getdents", _) => set("size", 512),
        ("sched_getaffinity", _) => set("size", 128),
        ("sched_getattr", _) => set("size", 56),
        ("getcwd", _) => set("size", 512),
        ("clone3", _) => set("size", 64),
        ("openat2", _) => set("size", 24),
        ("mincore", _) => set("len", 4096),
        ("waitid", _) => set("options", libc::WEXITED as u64),
        ("sigaltstack", "old") => set("new", 0),
        ("timer_create", "id") => set("event", 0),
        ("set_robust_list", _) => set("size", 24),
        ("syslog", _) => set("action", 3),
        ("sendto", "buf") => set("address", 0),
        ("pledge", "execpromises") => set("promises", 0),
        ("unveil", "path") => set("permissions", c"r".as_ptr() as u64),
        ("pdwait", _) => set("fd", fixture.ended as u64),
        ("spawn", _) => set("size", size_of::<abi::types::SpawnArguments>() as u64),
        ("socketpair", _) => {
            set("domain", libc::AF_UNIX as u64);
            set("kind", libc::SOCK_STREAM as u64);
        }
        ("getsockopt" | "setsockopt", _) => {
            set("level", libc::SOL_SOCKET as u64);
            set("option", libc::SO_SNDBUF as u64);
        }
        _ => {}
    }
    // Where the size is in memory, it is one that there is room for.
    match (row.name, argument.name) {
        ("getsockname" | "getpeername" | "getsockopt", "address" | "value") | ("recvfrom", "buf") => {
            set("size", fixture.capabilities.as_ptr() as u64);
        }
        _ => {}
    }
}

/// What the call answers, tried in a child.
fn answer(row: &Row, words: [u64; 6]) -> String {
    // SAFETY: the child makes one system call and ends, without running anything else of its parent's.
    let child = unsafe { libc::fork() };
    if child == 0 {
        try_in_child(row.number, words);
    }
    let mut status = 0;
    // SAFETY: the status has its place.
    unsafe { libc::waitpid(child, &mut status, 0) };
    if libc::WIFSIGNALED(status) {
        return match libc::WTERMSIG(status) {
            libc::SIGALRM => "hung".to_owned(),
            signal => format!("killed by {signal}"),
        };
    }
    match libc::WEXITSTATUS(status) {
        0 => "success".to_owned(),
        number => match abi::Errno::from_raw(i64::from(number)) {
            Some(errno) => errno.name().to_owned(),
            None => format!("error {number}"),
        },
    }
}

/// Makes the call and ends with the number of its error, or 0.
fn try_in_child(number: u64, words: [u64; 6]) -> ! {
    // SAFETY: whatever the call does, it does to this child, which ends here.
    unsafe {
        libc::alarm(5);
        // Something to wait for, and a signal to take.
        if libc::fork() == 0 {
            libc::_exit(0);
        }
        let mut urgent: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&mut urgent, libc::SIGURG);
        libc::sigprocmask(libc::SIG_BLOCK, &urgent, std::ptr::null_mut());
        libc::raise(libc::SIGURG);
        let [a, b, c, d, e, f] = words;
        let result = libc::syscall(number as libc::c_long, a, b, c, d, e, f);
        let errno = if result == -1 { *libc::__errno_location() } else { 0 };
        libc::_exit(errno.min(255))
    }
}
