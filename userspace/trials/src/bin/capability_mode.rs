//! Capability mode, tried from within: what leads out of the table is refused, and what is in it goes on working.
#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use abi::table::{Argument, ArgumentKind, Row, TABLE};
use abi::{Errno, RootSet};
use std::ffi::CString;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use trials::child::own_id;
use trials::pledged::{Ended, child, code, ends, enter_capability_mode, is_in_capability_mode};
use trials::{Holds, Report, all, equal};

type Case = (&'static str, fn() -> Holds);

/// ECAPMODE and ENOTCAPABLE as exit codes.
const NO_ROOT: Ended = Ended::With(134);
const NOT_CAPABLE: Ended = Ended::With(135);

const CASES: &[Case] = &[
    ("the mode is asked for, entered once and for all, and entered again", mode),
    ("paths lead nowhere but beneath a directory that is held", paths),
    ("a process may be signalled by itself alone", signals),
    ("children, threads, memory and pipes are made as before", making),
    ("what needs an interpreter by its path is not executed", interpreted),
    ("the mode is inherited by children and by what is executed", inherited),
    ("clock, terminal, system and other processes are out of reach", out_of_reach),
    ("all threads are bound at once", threads),
];

fn main() -> ExitCode {
    if let Some("executed") = std::env::args().nth(1).as_deref() {
        return ExitCode::from(if is_in_capability_mode() == Ok(true) { 42 } else { 1 });
    }
    let mut report = Report::new();
    for (what, case) in CASES {
        report.check(what, case());
    }
    report.check("each call on a root capability says ECAPMODE", rows());
    report.finish()
}

fn within(body: impl FnOnce() -> i32) -> Result<Ended, String> {
    child(|| if enter_capability_mode().is_ok() { body() } else { 99 })
}

fn mode() -> Holds {
    let steps = || {
        let before = is_in_capability_mode();
        let entered = enter_capability_mode().and(enter_capability_mode());
        i32::from((before, entered, is_in_capability_mode()) != (Ok(false), Ok(()), Ok(true)))
    };
    ends(child(steps), Ended::With(0))
}

fn paths() -> Holds {
    let place = format!("/tmp/capability_mode.{}", own_id());
    fs::create_dir_all(&place).and_then(|()| fs::write(format!("{place}/file"), b"x")).map_err(|e| e.to_string())?;
    let path = CString::new(place.clone()).map_err(|error| error.to_string())?;
    // SAFETY: the path ends in NUL.
    let directory = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY) };
    let open = |at: i32, path: &'static std::ffi::CStr, flags: i32| {
        // SAFETY: the path ends in NUL.
        move || code(i64::from(unsafe { libc::openat(at, path.as_ptr(), flags, 0o600) }))
    };
    let held = all([
        ends(within(open(directory, c"file", libc::O_RDWR)), Ended::With(0)),
        ends(within(open(directory, c"fresh", libc::O_RDWR | libc::O_CREAT)), Ended::With(0)),
        ends(within(open(directory, c"./file", libc::O_RDONLY)), Ended::With(0)),
        ends(within(open(directory, c"../", libc::O_RDONLY)), NOT_CAPABLE),
        ends(within(open(directory, c"/etc", libc::O_RDONLY)), NOT_CAPABLE),
        ends(within(open(libc::AT_FDCWD, c"/etc", libc::O_RDONLY)), NO_ROOT),
        ends(within(open(libc::AT_FDCWD, c"file", libc::O_RDONLY)), NO_ROOT),
        // SAFETY: no memory is involved.
        ends(within(|| code(i64::from(unsafe { libc::fchdir(directory) }))), NO_ROOT),
    ]);
    // SAFETY: the slot is this function's own.
    unsafe { libc::close(directory) };
    let _ = fs::remove_dir_all(place);
    held
}

fn signals() -> Holds {
    // SAFETY: no memory is involved.
    let probe = |pid: i32| code(i64::from(unsafe { libc::kill(pid, 0) }));
    let parent = own_id();
    all([
        ends(within(|| probe(own_id())), Ended::With(0)),
        ends(within(|| probe(parent)), NO_ROOT),
        ends(within(|| probe(0)), NO_ROOT),
        ends(within(|| probe(-1)), NO_ROOT),
        ends(within(|| std::process::abort()), Ended::By(libc::SIGABRT)),
    ])
}

fn making() -> Holds {
    let make = || {
        let thread = std::thread::spawn(|| 3).join().unwrap_or(0);
        let Ok(Ended::With(forked)) = child(|| 4) else { return 98 };
        let mut pipe = [0; 2];
        // SAFETY: the array has room for two.
        let piped = unsafe { libc::pipe(pipe.as_mut_ptr()) };
        let memory = vec![7u8; 4 << 20];
        i32::from((thread, forked, piped, memory[1 << 20]) != (3, 4, 0, 7))
    };
    ends(within(make), Ended::With(0))
}

/// Executes what a slot holds.
fn execute(program: i32) -> i32 {
    let arguments = [c"capability_mode".as_ptr(), c"executed".as_ptr(), std::ptr::null()];
    let environment = [std::ptr::null::<libc::c_char>()];
    // SAFETY: all texts end in NUL, the arrays in null.
    let failed = unsafe {
        let (arguments, environment) = (arguments.as_ptr(), environment.as_ptr());
        libc::syscall(libc::SYS_execveat, program, c"".as_ptr(), arguments, environment, libc::AT_EMPTY_PATH)
    };
    code(failed)
}

fn interpreted() -> Holds {
    let path = format!("/tmp/capability_mode.{}.script", own_id());
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let made = fs::write(&path, format!("#!{} executed\n", own.display()))
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
        .and_then(|()| fs::File::open(&path));
    let script = made.map_err(|error| error.to_string())?;
    let slot = script.as_raw_fd();
    let held = all([ends(child(|| execute(slot)), Ended::With(1)), ends(within(|| execute(slot)), NO_ROOT)]);
    let _ = fs::remove_file(path);
    held
}

fn inherited() -> Holds {
    // SAFETY: the path ends in NUL.
    let program = unsafe { libc::open(c"/proc/self/exe".as_ptr(), libc::O_RDONLY) };
    let forked = || match child(|| i32::from(is_in_capability_mode() != Ok(true))) {
        Ok(Ended::With(0)) => 0,
        _ => 1,
    };
    let held = all([ends(within(|| execute(program)), Ended::With(42)), ends(within(forked), Ended::With(0))]);
    // SAFETY: the slot is this function's own.
    unsafe { libc::close(program) };
    held
}

fn out_of_reach() -> Holds {
    let parent = own_id();
    // SAFETY: of these calls: what is read and written has its place, and each runs in a child of its own.
    let set_clock = || unsafe {
        let now = libc::timespec { tv_sec: 1_800_000_000, tv_nsec: 0 };
        code(i64::from(libc::clock_settime(libc::CLOCK_REALTIME, &now)))
    };
    let affinity = |pid: i32| {
        // SAFETY: the set is valid.
        move || unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(0, &mut set);
            code(i64::from(libc::sched_setaffinity(pid, size_of::<libc::cpu_set_t>(), &set)))
        }
    };
    // SAFETY: the text is valid for its length.
    let rename = || unsafe { code(i64::from(libc::sethostname(c"other".as_ptr(), 5))) };
    // SAFETY: no memory is involved.
    let take_terminal = || unsafe { code(i64::from(libc::ioctl(0, libc::TIOCSCTTY, 0))) };
    all([
        ends(within(set_clock), NO_ROOT),
        ends(within(affinity(0)), Ended::With(0)),
        ends(within(affinity(parent)), NO_ROOT),
        ends(within(rename), NO_ROOT),
        ends(within(take_terminal), NO_ROOT),
    ])
}

fn threads() -> Holds {
    let place = format!("/tmp/capability_mode.{}.threads", own_id());
    fs::create_dir_all(&place).map_err(|error| error.to_string())?;
    let path = CString::new(place.clone()).map_err(|error| error.to_string())?;
    let held = (0..20).map(|_| ends(child(|| bound_at_once(&path)), Ended::With(0)));
    let held = all(held);
    let _ = fs::remove_dir_all(place);
    held
}

/// Threads remove and make a name by its path; after the mode was entered it neither comes nor goes.
fn bound_at_once(path: &std::ffi::CStr) -> i32 {
    static TURNS: AtomicU32 = AtomicU32::new(0);
    TURNS.store(0, SeqCst);
    // SAFETY: the path ends in NUL.
    let directory = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY) };
    for thread in 0..3 {
        let name = CString::new(format!("{}/{thread}", path.to_string_lossy())).unwrap_or_default();
        std::thread::spawn(move || {
            // SAFETY: the name ends in NUL.
            while unsafe { libc::mkdir(name.as_ptr(), 0o700) == 0 && libc::rmdir(name.as_ptr()) == 0 } {
                TURNS.fetch_add(1, SeqCst);
            }
        });
    }
    while TURNS.load(SeqCst) < 30 {
        std::thread::yield_now();
    }
    if enter_capability_mode().is_err() {
        return 99;
    }
    // SAFETY: all zeros is a valid value, and the place is valid.
    let changed = || unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        libc::fstat(directory, &mut stat);
        (stat.st_nlink, stat.st_mtime, stat.st_mtime_nsec)
    };
    let now = changed();
    trials::child::doze(2);
    // What was left half done is taken away for the next round.
    let is_quiet = changed() == now;
    for thread in 0..3 {
        let name = CString::new(thread.to_string()).unwrap_or_default();
        // SAFETY: the name ends in NUL.
        unsafe { libc::unlinkat(directory, name.as_ptr(), libc::AT_REMOVEDIR) };
    }
    i32::from(!is_quiet)
}

/// Calls that need more than plausible arguments before they come to their root capability, or answer by something else.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("openat2", "looks at its structure first"),
    ("tkill", "oneself may be named"),
    ("tgkill", "oneself may be named"),
    ("rt_sigqueueinfo", "looks at its structure first, and oneself may be named"),
    ("rt_tgsigqueueinfo", "looks at its structure first, and oneself may be named"),
    ("prlimit64", "oneself may be named"),
    ("ioctl", "only some requests act on the controlling terminal"),
    ("fcntl", "only commands about owners act on others"),
    ("ptrace", "offering oneself reaches nobody"),
    ("adjtimex", "asking is free"),
    ("clock_adjtime", "asking is free"),
    ("process_vm_readv", "moves nothing where there is no room"),
    ("process_vm_writev", "moves nothing where there is no room"),
    ("bind", "needs a socket"),
    ("connect", "needs a socket"),
    ("sendto", "needs a socket"),
    ("sendmsg", "needs a socket"),
    ("sendmmsg", "needs a socket"),
];

/// Root capabilities that the mode leaves.
const KEPT: RootSet = RootSet::SPAWN.union(RootSet::SCHEDULING);

/// Every row that declares ECAPMODE, or names a root capability that the mode takes.
fn rows() -> Holds {
    let page: &'static mut [u64] = Box::leak(vec![0u64; 1024].into_boxed_slice());
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in TABLE {
        let is_meant = row.errors.contains(&Errno::ECAPMODE) && !row.roots.intersects(KEPT);
        if !is_meant || EXCEPTIONS.iter().any(|(name, _)| *name == row.name) {
            continue;
        }
        count += 1;
        let words = words(row, page.as_ptr() as u64);
        // SAFETY: refused, or in a child that ends right after.
        let found = within(|| match unsafe { tessera::call::call(row.number, words) } {
            Ok(_) => 98,
            Err(errno) => errno.raw(),
        });
        if found != Ok(NO_ROOT) {
            wrong.push(format!("{}: {found:?}", row.name));
        }
    }
    println!("{count} calls");
    equal(wrong, Vec::new())
}

/// Arguments with which a call comes to use its root capability.
fn words(row: &Row, page: u64) -> [u64; 6] {
    let mut words = [0; 6];
    for (word, argument) in words.iter_mut().zip(row.arguments) {
        *word = plausible(argument, page);
    }
    words
}

fn plausible(argument: &Argument, page: u64) -> u64 {
    match argument.kind {
        ArgumentKind::Path => c"/a name".as_ptr() as u64,
        ArgumentKind::Length => 64,
        ArgumentKind::At(_) => libc::AT_FDCWD as u64,
        _ if argument.kind.is_pointer() => page,
        _ => 0,
    }
}
