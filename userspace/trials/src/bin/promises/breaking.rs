//! How a broken promise ends.

use crate::{Case, passing};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use trials::child::own_id;
use trials::pledged::{ABORTED, Ended, REFUSED, child, code, ends, pledge, under};
use trials::{Holds, all, equal};

pub const CASES: &[Case] = &[
    ("a broken promise ends a process that ignores SIGABRT", ignored),
    ("a broken promise ends a process that blocks SIGABRT", blocked),
    ("a broken promise ends a process that handles SIGABRT", handled),
    ("a broken promise ends all threads", all_threads),
    ("the thread that breaks a promise does not go on", does_not_go_on),
    ("nothing but the end is left after a pledge of nothing", nothing),
    ("a process may signal itself, but not others without proc", signals),
    ("limits are read with stdio, and set with proc or id", limits),
    ("libraries' own files open without rpath", special_paths),
    ("modes lose their special bits", modes),
    ("an owner is changed to oneself with fattr", owners),
    ("what no promise covers is refused to whoever made one", uncovered),
    ("directories are not passed on by those who promised anything", directories),
    ("record locks need flock, and terminals are asked about with stdio", arguments),
];

fn open_root() -> i64 {
    // SAFETY: the path ends in NUL.
    i64::from(unsafe { libc::open(c"/".as_ptr(), libc::O_RDONLY) })
}

fn ignored() -> Holds {
    // SAFETY: touches no memory.
    let set = || assert_ne!(unsafe { libc::signal(libc::SIGABRT, libc::SIG_IGN) }, libc::SIG_ERR);
    ends(child(|| after(set)), ABORTED)
}

fn blocked() -> Holds {
    let block = || {
        // SAFETY: the set is valid, and full of ones.
        unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&mut set);
            libc::sigprocmask(libc::SIG_SETMASK, &set, std::ptr::null_mut());
        }
    };
    ends(child(|| after(block)), ABORTED)
}

extern "C" fn survive(_: i32) {
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(55) }
}

fn handled() -> Holds {
    let set = || {
        let handler = survive as *const () as libc::sighandler_t;
        // SAFETY: the handler only ends the process.
        assert_ne!(unsafe { libc::signal(libc::SIGABRT, handler) }, libc::SIG_ERR);
    };
    ends(child(|| after(set)), ABORTED)
}

/// Prepares, pledges, breaks the pledge.
fn after(prepare: impl FnOnce()) -> i32 {
    prepare();
    if pledge(Some("stdio"), None).is_err() {
        return 99;
    }
    code(open_root())
}

fn all_threads() -> Holds {
    ends(
        child(|| {
            static RUNS: AtomicBool = AtomicBool::new(false);
            // One spins in user mode, one sleeps for ever; the end comes to both.
            std::thread::spawn(|| {
                RUNS.store(true, SeqCst);
                loop {
                    std::hint::spin_loop();
                }
            });
            std::thread::spawn(trials::child::pause);
            while !RUNS.load(SeqCst) {
                std::thread::yield_now();
            }
            let thread = std::thread::spawn(|| after(|| ()));
            thread.join().unwrap_or(98)
        }),
        ABORTED,
    )
}

fn does_not_go_on() -> Holds {
    let mut ends_of_pipe = [0; 2];
    // SAFETY: the array has room for two.
    unsafe { libc::pipe(ends_of_pipe.as_mut_ptr()) };
    let [reader, writer] = ends_of_pipe;
    let found = under("stdio", || {
        open_root();
        // SAFETY: the byte is valid.
        unsafe { libc::write(writer, c"x".as_ptr().cast(), 1) };
        0
    });
    // SAFETY: the slots are this function's own, and the byte has its place.
    let rest = unsafe {
        libc::close(writer);
        let mut byte = 0u8;
        let count = libc::read(reader, (&raw mut byte).cast(), 1);
        libc::close(reader);
        count
    };
    all([ends(found, ABORTED), equal(rest, 0)])
}

fn nothing() -> Holds {
    all([
        ends(under("", || 7), Ended::With(7)),
        // SAFETY: no memory is involved.
        ends(under("", || code(unsafe { libc::syscall(libc::SYS_getppid) })), ABORTED),
        ends(under("", || i32::from(pledge(Some(""), None).is_err())), Ended::With(0)),
    ])
}

fn signals() -> Holds {
    // SAFETY: no memory is involved.
    let probe = |pid: i32| code(i64::from(unsafe { libc::kill(pid, 0) }));
    let parent = own_id();
    all([
        ends(under("stdio", || probe(own_id())), Ended::With(0)),
        ends(under("stdio", || probe(0)), Ended::With(0)),
        ends(under("stdio error", || probe(parent)), Ended::With(REFUSED)),
        ends(under("stdio error", || probe(-1)), Ended::With(REFUSED)),
        ends(under("stdio error", || probe(i32::MAX)), Ended::With(REFUSED)),
        ends(under("stdio proc", || probe(parent)), Ended::With(0)),
        ends(under("stdio", || probe(parent)), ABORTED),
        // A real SIGABRT of its own, which needs no promise but `stdio`.
        ends(under("stdio", || std::process::abort()), ABORTED),
    ])
}

fn limits() -> Holds {
    let read = || {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the place is valid.
        (unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, limit)
    };
    let set = || {
        let (_, limit) = read();
        // SAFETY: the value is valid.
        code(i64::from(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }))
    };
    all([
        ends(under("stdio", || code(i64::from(read().0))), Ended::With(0)),
        ends(under("stdio proc", set), Ended::With(0)),
        ends(under("stdio id", set), Ended::With(0)),
        ends(under("stdio", set), ABORTED),
    ])
}

fn special_paths() -> Holds {
    let open = |path: &std::ffi::CStr, flags: i32| {
        let path = path.to_owned();
        // SAFETY: the path ends in NUL.
        move || match unsafe { libc::open(path.as_ptr(), flags) } {
            // That it is not there is an answer too.
            -1 if std::io::Error::last_os_error().raw_os_error() == Some(libc::ENOENT) => 0,
            result => code(i64::from(result)),
        }
    };
    all([
        ends(under("stdio", open(c"/dev/null", libc::O_RDWR)), Ended::With(0)),
        ends(under("stdio", open(c"/etc/localtime", libc::O_RDONLY)), Ended::With(0)),
        ends(under("stdio", open(c"/usr/share/zoneinfo/UTC", libc::O_RDONLY)), Ended::With(0)),
        ends(under("stdio", open(c"/etc/localtime", libc::O_RDWR)), ABORTED),
        ends(under("stdio", open(c"/usr/share/zoneinfo/../../../etc/passwd", libc::O_RDONLY)), ABORTED),
        ends(under("stdio", open(c"/dev/tty", libc::O_RDWR)), ABORTED),
        ends(under("stdio getpw", open(c"/etc/passwd", libc::O_WRONLY)), ABORTED),
        ends(under("stdio dns", open(c"/etc/resolv.conf", libc::O_RDONLY)), Ended::With(0)),
    ])
}

fn modes() -> Holds {
    let path = std::ffi::CString::new(format!("/tmp/promises.{}.modes", own_id())).unwrap_or_default();
    // SAFETY: the path ends in NUL.
    let file = unsafe { libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CREAT, 0o600) };
    let mode = || {
        // SAFETY: all zeros is a valid value, and the place is valid.
        unsafe {
            let mut stat: libc::stat = std::mem::zeroed();
            libc::fstat(file, &mut stat);
            stat.st_mode & 0o7777
        }
    };
    // SAFETY: no memory is involved.
    let set = || i32::from(unsafe { libc::fchmod(file, 0o6755) } != 0 || mode() != 0o755);
    let held = ends(under("stdio fattr", set), Ended::With(0));
    // SAFETY: the path ends in NUL, and the slot is this function's own.
    unsafe {
        libc::unlink(path.as_ptr());
        libc::close(file);
    }
    held
}

fn owners() -> Holds {
    let path = std::ffi::CString::new(format!("/tmp/promises.{}.owner", own_id())).unwrap_or_default();
    // SAFETY: the path ends in NUL.
    let file = unsafe { libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CREAT, 0o600) };
    // SAFETY: no memory is involved.
    let give = |to: u32| move || code(i64::from(unsafe { libc::fchown(file, to, u32::MAX) }));
    let held = all([
        // Not a broken promise, but refused.
        ends(under("stdio fattr", give(4321)), Ended::With(REFUSED)),
        ends(under("stdio fattr", give(0)), Ended::With(0)),
        ends(under("stdio chown", give(4321)), Ended::With(0)),
    ]);
    // SAFETY: the path ends in NUL, and the slot is this function's own.
    unsafe {
        libc::unlink(path.as_ptr());
        libc::close(file);
    }
    held
}

fn uncovered() -> Holds {
    let everything =
        "stdio rpath wpath cpath dpath fattr chown flock tty proc exec prot_exec settime ps vminfo id unveil error";
    // SAFETY: the text is valid for its length.
    let rename = || code(i64::from(unsafe { libc::sethostname(c"other".as_ptr(), 5) }));
    // SAFETY: the path ends in NUL.
    let enter = || code(i64::from(unsafe { libc::chroot(c"/".as_ptr()) }));
    all([ends(under(everything, rename), Ended::With(REFUSED)), ends(under(everything, enter), Ended::With(REFUSED))])
}

fn directories() -> Holds {
    let mut pair = [-1; 2];
    // SAFETY: the array has room for two, and the path ends in NUL.
    let directory = unsafe {
        libc::socketpair(libc::AF_UNIX, libc::SOCK_DGRAM, 0, pair.as_mut_ptr());
        libc::open(c"/".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY)
    };
    let send = || code(passing::send(pair[0], directory));
    let receive = || code(passing::receive(pair[1]));
    let held = all([
        ends(under("stdio sendfd", send), ABORTED),
        // Sent by one who never promised.
        ends(child(send), Ended::With(0)),
        ends(under("stdio recvfd error", receive), Ended::With(REFUSED)),
    ]);
    // SAFETY: the slots are this function's own.
    unsafe {
        libc::close(pair[0]);
        libc::close(pair[1]);
        libc::close(directory);
    }
    held
}

fn arguments() -> Holds {
    let lock = || {
        // SAFETY: all zeros is a valid value, and it is only read.
        unsafe {
            let mut lock: libc::flock = std::mem::zeroed();
            lock.l_type = libc::F_UNLCK as i16;
            code(i64::from(libc::fcntl(0, libc::F_SETLK, &lock)))
        }
    };
    // SAFETY: no memory is involved.
    let duplicate = || code(i64::from(unsafe { libc::fcntl(1, libc::F_DUPFD, 10) }));
    // SAFETY: no memory is involved.
    let own = || code(i64::from(unsafe { libc::fcntl(1, libc::F_SETOWN, 1) }));
    let ask = || {
        // SAFETY: no memory is involved but the C library's own.
        unsafe { libc::isatty(1) };
        0
    };
    all([
        ends(under("stdio error", lock), Ended::With(REFUSED)),
        ends(under("stdio", duplicate), Ended::With(0)),
        ends(under("stdio error", own), Ended::With(REFUSED)),
        ends(under("stdio", ask), Ended::With(0)),
    ])
}
