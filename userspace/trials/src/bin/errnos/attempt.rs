//! One call, with arguments that it accepts until some of them are changed.

use abi::table::{ArgumentKind, Row, number};
use abi::{Errno, Result};
use trials::raw::{call, open, pipe, text};

use crate::fixture::NOBODY;

/// A call that is about to be made.
#[derive(Clone)]
pub(crate) struct Attempt {
    /// Its row.
    pub(crate) row: &'static Row,
    words: [usize; 6],
    /// The process that makes it.
    maker: u32,
}

/// How much memory a pointer leads to.
const ROOM: usize = 1 << 16;

impl Attempt {
    /// A call of this row. Its objects are made now and are the process's own.
    pub(crate) fn of(row: &'static Row) -> Result<Self> {
        let mut words = [0; 6];
        for (index, argument) in row.arguments.iter().enumerate() {
            words[index] = match special(row.name, argument.name) {
                Some(word) => word,
                None => plain(row.name, argument.name, argument.kind)?,
            };
        }
        Ok(Self { row, words, maker: std::process::id() })
    }

    /// Whether there is an argument of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.row.arguments.iter().any(|argument| argument.name == name)
    }

    /// The same with another argument.
    pub(crate) fn with(mut self, name: &str, word: usize) -> Self {
        let Some(index) = self.row.arguments.iter().position(|argument| argument.name == name) else {
            panic!("{} has no argument {name}", self.row.name);
        };
        self.words[index] = word;
        self
    }

    /// The same with another argument, by its position.
    pub(crate) fn with_nth(mut self, index: usize, word: usize) -> Self {
        self.words[index] = word;
        self
    }

    /// The same with a text.
    pub(crate) fn with_text(self, name: &str, word: &str) -> Self {
        self.with(name, text(word))
    }

    /// An argument as it stands.
    pub(crate) fn word(&self, name: &str) -> usize {
        self.row.arguments.iter().position(|argument| argument.name == name).map_or(0, |index| self.words[index])
    }

    /// The same by its position.
    pub(crate) fn nth(&self, index: usize) -> usize {
        self.words[index]
    }

    /// Makes the call. A process that comes of it ends at once, and well.
    pub(crate) fn call(&self) -> Result<usize> {
        let result = call(self.row.number, &self.words);
        if result == Ok(0) && std::process::id() != self.maker {
            // SAFETY: ends the process.
            unsafe { libc::_exit(0) };
        }
        result
    }

    /// Makes the call as a user without privileges.
    pub(crate) fn call_as_nobody(&self) -> Result<usize> {
        become_nobody()?;
        self.call()
    }
}

/// Gives up all privileges of the user.
pub(crate) fn become_nobody() -> Result<()> {
    call(number::setgroups, &[0, 0])?;
    call(number::setresgid, &[NOBODY, NOBODY, NOBODY])?;
    call(number::setresuid, &[NOBODY, NOBODY, NOBODY]).map(drop)
}

/// Memory to write to and read from: zeros, and not yet anybody's else.
pub(crate) fn memory() -> usize {
    let room: &'static mut [u64] = Box::leak(vec![0; ROOM / 8].into_boxed_slice());
    // Touched, so that no page is missing when the kernel comes.
    room.iter_mut().step_by(512).for_each(|word| *std::hint::black_box(word) = 0);
    room.as_mut_ptr() as usize
}

/// Memory with a value.
pub(crate) fn holding<T>(value: T) -> usize {
    std::ptr::from_mut(Box::leak(Box::new(value))) as usize
}

/// Fresh pages, mapped for reading and writing.
pub(crate) fn pages(count: usize) -> Result<usize> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    call(number::mmap, &[0, count * 4096, protection as usize, flags as usize, usize::MAX, 0])
}

/// One piece of memory, as a vector.
pub(crate) fn vector(length: usize) -> usize {
    holding([memory(), length])
}

/// A connected pair of sockets.
pub(crate) fn socket_pair(kind: i32) -> Result<[usize; 2]> {
    let mut ends = [0_i32; 2];
    call(number::socketpair, &[libc::AF_UNIX as usize, kind as usize, 0, ends.as_mut_ptr() as usize])?;
    Ok(ends.map(|end| end as usize))
}

/// The word that a kind of argument stands for.
fn plain(row: &str, name: &str, kind: ArgumentKind) -> Result<usize> {
    Ok(match kind {
        ArgumentKind::Capability(_) | ArgumentKind::Slot => slot(row, name)?,
        ArgumentKind::Directory(_) | ArgumentKind::At(_) => open(".", libc::O_RDONLY)?,
        ArgumentKind::PollSet(_) => call(number::epoll_create1, &[0])?,
        ArgumentKind::Process(_) => call(number::pidfd_open, &[std::process::id() as usize, 0])?,
        ArgumentKind::Socket(_) => {
            let [one, other] = socket_pair(libc::SOCK_STREAM)?;
            // Something to receive.
            trials::raw::write(other, b"something")?;
            one
        }
        ArgumentKind::Path => text("file"),
        ArgumentKind::Iovecs(_) => vector(8),
        ArgumentKind::Length if row.contains('v') && name.ends_with("count") => 1,
        ArgumentKind::Length => 8,
        kind if kind.is_pointer() => memory(),
        ArgumentKind::Mode => 0o644,
        ArgumentKind::Address => pages(4)?,
        _ => 0,
    })
}

fn slot(row: &str, name: &str) -> Result<usize> {
    match row {
        "timerfd_settime" | "timerfd_gettime" => call(number::timerfd_create, &[1, 0]),
        "getdents64" => open(".", libc::O_RDONLY),
        "epoll_ctl" => Ok(pipe()?[0]),
        "spawn" => open("/bin/busybox", libc::O_RDONLY),
        "dup2" | "dup3" if name == "new" => Ok(200),
        _ => open("file", libc::O_RDWR),
    }
}

/// Words that no kind tells.
fn special(row: &str, name: &str) -> Option<usize> {
    let word = match (row, name) {
        ("mkdir" | "mkdirat" | "mknod" | "mknodat", "path") | ("symlink" | "symlinkat", "path") | (_, "new_name") => {
            text("new")
        }
        ("rename" | "renameat" | "renameat2" | "link" | "linkat", "new") => text("new"),
        ("rmdir", "path") => text("empty"),
        ("chdir" | "chroot", "path") => text("directory"),
        ("readlink" | "readlinkat", "path") => text("link"),
        ("mount", "target") => text("directory"),
        ("mount", "kind") => text("tmpfs"),
        ("umount2", "path") => text("mounted"),
        ("execve", "path") => text("/bin/busybox"),
        ("execveat", "path") => text("../../bin/busybox"),
        ("execve" | "execveat", "argv") => holding([text("true"), 0]),
        ("mknod" | "mknodat", "mode") => libc::S_IFREG as usize | 0o644,
        ("open" | "openat", "flags") => libc::O_RDWR as usize,
        ("openat2", "size") => size_of::<abi::types::OpenHow>(),
        ("openat" | "openat2", "directory") => return None,
        ("setxattr" | "lsetxattr" | "fsetxattr", "name") => text("user.name"),
        ("getxattr" | "lgetxattr" | "fgetxattr" | "removexattr" | "lremovexattr" | "fremovexattr", "name") => {
            text("user.name")
        }
        ("setrlimit" | "prlimit64" | "getrlimit", "resource") => libc::RLIMIT_CORE as usize,
        ("mmap", "prot") => libc::PROT_READ as usize,
        ("mmap", "flags") => (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize,
        ("mmap" | "brk", "addr") => 0,
        ("mprotect", "prot") => libc::PROT_READ as usize,
        ("mremap", "new_len") => 0x8000,
        ("mremap", "flags") => libc::MREMAP_MAYMOVE as usize,
        ("mremap", "old_len") => 0x2000,
        ("msync", "flags") => libc::MS_SYNC as usize,
        ("mlockall", "flags") => libc::MCL_CURRENT as usize,
        (_, "len") if row.starts_with('m') => 0x2000,
        ("rt_sigaction", "signal") => libc::SIGUSR1 as usize,
        ("rt_sigaction" | "rt_sigprocmask" | "rt_sigpending" | "rt_sigtimedwait" | "rt_sigsuspend", "size") => 8,
        ("ppoll" | "epoll_pwait" | "epoll_pwait2", "size") => 8,
        ("ioctl", "request") => 0x5451,
        ("fcntl", "command") => libc::F_GETFD as usize,
        ("socket" | "socketpair", "domain") => libc::AF_UNIX as usize,
        ("socket" | "socketpair", "kind") => libc::SOCK_STREAM as usize,
        ("setsockopt", "level") | ("getsockopt", "level") => libc::SOL_SOCKET as usize,
        ("setsockopt", "option") => libc::SO_REUSEADDR as usize,
        ("getsockopt", "option") => libc::SO_TYPE as usize,
        ("setsockopt", "size") => 4,
        ("clone", "flags") => libc::SIGCHLD as usize,
        ("clone", "stack") | ("clone" | "arch_prctl", "addr") | ("clone", "tls") => 0,
        ("clone3", "size") => 64,
        ("epoll_create", "size") => 1,
        ("epoll_wait" | "epoll_pwait" | "epoll_pwait2", "max") => 8,
        ("epoll_ctl", "operation") => libc::EPOLL_CTL_ADD as usize,
        ("memfd_create", "name") => text("name"),
        ("pidfd_open", "pid") => std::process::id() as usize,
        ("prctl", "option") => libc::PR_GET_NAME as usize,
        ("prctl", "arg2") => memory(),
        ("arch_prctl", "option") => 0x1003,
        ("flock", "operation") => libc::LOCK_EX as usize,
        ("pledge", "promises") => 0,
        ("pledge", "execpromises") => 0,
        ("unveil", "permissions") => text("r"),
        ("spawn", "size") => size_of::<abi::types::SpawnArguments>(),
        ("timer_create", "event") => 0,
        ("timer_settime" | "timer_gettime" | "timer_getoverrun" | "timer_delete", "id") => timer(),
        ("clock_adjtime", "clock") => libc::CLOCK_REALTIME as usize,
        (_, "clock") => libc::CLOCK_MONOTONIC as usize,
        ("capget" | "capset", "header") => holding([0x2008_0522_u64, 0]),
        ("sched_setattr", "attributes") => holding([48_u32; 1]),
        ("sched_getattr", "size") => 48,
        ("sched_setaffinity", "mask") => holding([u64::MAX; 128]),
        ("sched_getaffinity" | "sched_setaffinity", "size") => 128,
        ("getrandom", "count") => 64,
        ("getcwd", "size") => 4096,
        ("set_robust_list", "size") => 24,
        ("setpriority", "nice") => 1,
        _ => return None,
    };
    Some(word)
}

/// The id of a timer of this process.
fn timer() -> usize {
    let mut id = 0_i32;
    let made = call(number::timer_create, &[libc::CLOCK_MONOTONIC as usize, 0, std::ptr::from_mut(&mut id) as usize]);
    made.map_or(usize::MAX, |_| id as usize)
}

/// The error of a step that must work.
pub(crate) fn must<T>(result: std::io::Result<T>) -> Result<T> {
    result.map_err(|error| error.raw_os_error().and_then(|raw| Errno::from_raw(raw.into())).unwrap_or(Errno::EIO))
}
