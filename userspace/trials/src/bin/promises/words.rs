//! Each word: something that is allowed with it, and ends the process, or is refused, without.

use crate::passing;
use std::ffi::CString;
use std::fs;
use trials::Report;
use trials::pledged::{ABORTED, Ended, REFUSED, code, ends, under};

/// Opened before the pledge.
struct Open {
    /// A file, to read and write.
    file: i32,
    /// A terminal.
    terminal: i32,
    /// Two sockets; on the way to the second is a capability.
    pair: [i32; 2],
    /// The file's path.
    path: CString,
    /// A path where nothing is.
    fresh: CString,
}

/// A word, the words besides it that the thing needs, the thing, and whether it is left out by saying another of Serenity's.
struct Word {
    word: &'static str,
    besides: &'static str,
    without: &'static str,
    act: fn(&Open) -> i64,
}

const fn word(word: &'static str, besides: &'static str, act: fn(&Open) -> i64) -> Word {
    Word { word, besides, without: besides, act }
}

/// Every word that stands for something by itself.
const WORDS: &[Word] = &[
    // SAFETY: of these calls: paths end in NUL, what is written has its place, and each runs in a child of its own.
    word("stdio", "rpath", |_| unsafe { libc::syscall(libc::SYS_getppid) }),
    // SAFETY: as of the first.
    word("rpath", "stdio", |open| i64::from(unsafe { libc::open(open.path.as_ptr(), libc::O_RDONLY) })),
    // SAFETY: as of the first.
    word("wpath", "stdio", |open| i64::from(unsafe { libc::open(open.path.as_ptr(), libc::O_WRONLY) })),
    // SAFETY: as of the first.
    word("cpath", "stdio", |open| i64::from(unsafe { libc::mkdir(open.fresh.as_ptr(), 0o700) })),
    // SAFETY: as of the first.
    word("dpath", "stdio", |open| i64::from(unsafe { libc::mkfifo(open.fresh.as_ptr(), 0o600) })),
    // SAFETY: as of the first.
    word("fattr", "stdio", |open| i64::from(unsafe { libc::fchmod(open.file, 0o640) })),
    // SAFETY: as of the first.
    word("chown", "stdio", |open| i64::from(unsafe { libc::fchown(open.file, 12345, 12345) })),
    // SAFETY: as of the first.
    word("flock", "stdio", |open| i64::from(unsafe { libc::flock(open.file, libc::LOCK_EX) })),
    // SAFETY: as of the first.
    word("getpw", "stdio", |_| i64::from(unsafe { libc::open(c"/etc/passwd".as_ptr(), libc::O_RDONLY) })),
    // SAFETY: as of the first.
    word("dns", "stdio", |_| i64::from(unsafe { libc::open(c"/etc/hosts".as_ptr(), libc::O_RDONLY) })),
    // SAFETY: as of the first.
    word("ps", "stdio rpath", |_| i64::from(unsafe { libc::open(c"/proc/1/stat".as_ptr(), libc::O_RDONLY) })),
    // SAFETY: as of the first.
    word("vminfo", "stdio rpath", |_| i64::from(unsafe { libc::open(c"/proc/meminfo".as_ptr(), libc::O_RDONLY) })),
    // SAFETY: as of the first.
    word("unveil", "stdio rpath", |_| unsafe {
        libc::syscall(abi::table::number::unveil as i64, c"/".as_ptr(), c"r".as_ptr())
    }),
    // SAFETY: as of the first.
    word("unix", "stdio", |_| i64::from(unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0) })),
    word("inet", "stdio", |_| internet_socket()),
    word("sendfd", "stdio", |open| passing::send(open.pair[0], open.file)),
    word("recvfd", "stdio", |open| passing::receive(open.pair[1])),
    word("tty", "stdio", |open| {
        let size = libc::winsize { ws_row: 1, ws_col: 1, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: as of the first.
        i64::from(unsafe { libc::ioctl(open.terminal, libc::TIOCSWINSZ, &size) })
    }),
    word("proc", "stdio", |_| match trials::child::fork(|| 0) {
        Ok(_) => 0,
        Err(_) => -1,
    }),
    word("exec", "stdio", |_| {
        let program = c"/proc/self/exe".as_ptr();
        let arguments = [program, c"executed".as_ptr(), c"fine".as_ptr(), std::ptr::null()];
        // SAFETY: as of the first.
        i64::from(unsafe { libc::execv(program, arguments.as_ptr()) })
    }),
    word("prot_exec", "stdio", |_| map(libc::PROT_READ | libc::PROT_EXEC, 0)),
    word("settime", "stdio", |_| {
        let now = libc::timespec { tv_sec: 1_800_000_000, tv_nsec: 0 };
        // SAFETY: as of the first.
        i64::from(unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &now) })
    }),
    // SAFETY: as of the first.
    word("id", "stdio", |_| i64::from(unsafe { libc::setuid(0) })),
    Word { without: "stdio map_fixed", ..word("thread", "stdio", |_| thread()) },
    Word { without: "stdio thread", ..word("sigaction", "stdio", |_| handle()) },
    Word { without: "stdio thread", ..word("map_fixed", "stdio", |_| map(libc::PROT_READ, libc::MAP_FIXED)) },
];

fn internet_socket() -> i64 {
    // SAFETY: no memory is involved.
    match unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) } {
        // Allowed, where there is no internet yet.
        -1 if std::io::Error::last_os_error().raw_os_error() == Some(libc::EAFNOSUPPORT) => 0,
        result => i64::from(result),
    }
}

fn map(protection: i32, fixed: i32) -> i64 {
    // The C library makes ENOMEM of EPERM where no place is asked for.
    let at = 0x1234_5000 as *mut libc::c_void;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | fixed;
    // SAFETY: nothing of this program lies there.
    if unsafe { libc::mmap(at, 4096, protection, flags, -1, 0) } == libc::MAP_FAILED { -1 } else { 0 }
}

fn thread() -> i64 {
    // The C library makes EAGAIN of EPERM, so first a call that asks for too little to make one.
    // SAFETY: without shared memory this makes no thread.
    let bare = unsafe { libc::syscall(libc::SYS_clone, libc::CLONE_THREAD, 0, 0, 0, 0) };
    if bare >= 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM) {
        return -1;
    }
    match std::thread::Builder::new().spawn(|| ()) {
        Ok(thread) => i64::from(thread.join().is_err()),
        Err(_) => -1,
    }
}

fn handle() -> i64 {
    // SAFETY: ignoring a signal touches no memory.
    if unsafe { libc::signal(libc::SIGUSR1, libc::SIG_IGN) } == libc::SIG_ERR { -1 } else { 0 }
}

pub fn try_all(report: &mut Report) {
    for word in WORDS {
        let open = Open::new(word.word);
        let with = format!("{} {}", word.besides, word.word);
        let act = || code((word.act)(&open));
        report.check(format!("{} allows", word.word), ends(under(&with, act), Ended::With(0)));
        open.clean();
        report.check(format!("without {} it ends", word.word), ends(under(word.without, act), ABORTED));
        let lenient = format!("{} error", word.without);
        report.check(format!("without {} it is EPERM under error", word.word), {
            ends(under(&lenient, act), Ended::With(REFUSED))
        });
        open.clean();
    }
}

impl Open {
    fn new(name: &str) -> Self {
        for known in ["/etc/passwd", "/etc/hosts"] {
            if fs::metadata(known).is_err() {
                let _ = fs::create_dir_all("/etc").and_then(|()| fs::write(known, b""));
            }
        }
        let path = format!("/tmp/promises.{}.{name}", std::process::id());
        let text = |path: String| CString::new(path).unwrap_or_default();
        let (path, fresh) = (text(path.clone()), text(path + ".fresh"));
        // SAFETY: paths end in NUL.
        let (file, terminal) = unsafe {
            let file = libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CREAT, 0o600);
            (file, libc::open(c"/dev/ptmx".as_ptr(), libc::O_RDWR | libc::O_NOCTTY))
        };
        let mut pair = [-1; 2];
        // SAFETY: the array has room for two.
        unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_DGRAM, 0, pair.as_mut_ptr()) };
        // One for each of three children: those that are ended have taken it too.
        for _ in 0..3 {
            passing::send(pair[0], file);
        }
        Self { file, terminal, pair, path, fresh }
    }

    fn clean(&self) {
        // SAFETY: the path ends in NUL.
        unsafe {
            libc::rmdir(self.fresh.as_ptr());
            libc::unlink(self.fresh.as_ptr());
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: the slots are this value's own, and the path ends in NUL.
        unsafe {
            libc::close(self.file);
            libc::close(self.terminal);
            libc::close(self.pair[0]);
            libc::close(self.pair[1]);
            libc::unlink(self.path.as_ptr());
        }
    }
}
