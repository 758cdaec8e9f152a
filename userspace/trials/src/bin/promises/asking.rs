//! What can be asked for, and what becomes of it across fork and exec.

use crate::Case;
use abi::Errno;
use std::ffi::CString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use trials::pledged::{ABORTED, Ended, REFUSED, child, code, ends, pledge, under};
use trials::{Holds, all, equal, this_program};

pub const CASES: &[Case] = &[
    ("words that are not known are refused, and nothing is applied", unknown),
    ("what was given up does not come back", widening),
    ("under error, asking for more is ignored", lenient),
    ("null leaves things as they are", null),
    ("Serenity's words follow from stdio unless one of them is said", implied),
    ("a forked child has its parent's promises", inherited),
    ("exec drops the promises", dropped),
    ("exec puts the execpromises in force, for good", execpromises),
    ("a set-id program is not run under execpromises", set_id),
];

fn open_root() -> i32 {
    // SAFETY: the path ends in NUL.
    code(i64::from(unsafe { libc::open(c"/".as_ptr(), libc::O_RDONLY) }))
}

/// Runs checks in a child that may give up what it likes.
fn within(body: impl FnOnce() -> Holds) -> Holds {
    let body = || match body() {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("in the child: {why}");
            1
        }
    };
    ends(child(body), Ended::With(0))
}

fn unknown() -> Holds {
    within(|| {
        let wrong = ["stdio tmppath", "tmppath", "stdio,rpath", "stdio nonsense", "STDIO", "stdio\trpath", "unpledged"];
        let refused = wrong.iter().map(|words| equal(pledge(Some(words), None), Err(Errno::EINVAL)));
        all(refused.collect::<Vec<_>>())?;
        equal(pledge(Some("stdio"), Some("nonsense")), Err(Errno::EINVAL))?;
        equal(pledge(Some("nonsense"), Some("stdio")), Err(Errno::EINVAL))?;
        // Nothing of all that counts.
        equal(open_root(), 0)?;
        equal(pledge(Some("  stdio  rpath "), None), Ok(()))?;
        equal(open_root(), 0)
    })
}

fn widening() -> Holds {
    within(|| {
        equal(pledge(Some("stdio rpath"), Some("stdio rpath")), Ok(()))?;
        equal(pledge(Some("stdio rpath wpath"), None), Err(Errno::EPERM))?;
        equal(pledge(Some("stdio error"), None), Err(Errno::EPERM))?;
        equal(pledge(None, Some("stdio exec")), Err(Errno::EPERM))?;
        // One half that widens keeps the other from being narrowed.
        equal(pledge(Some("stdio"), Some("stdio exec")), Err(Errno::EPERM))?;
        equal(open_root(), 0)?;
        equal(pledge(Some("stdio"), None), Ok(()))?;
        equal(pledge(Some("stdio rpath"), None), Err(Errno::EPERM))
    })
}

fn lenient() -> Holds {
    within(|| {
        equal(pledge(Some("stdio rpath error"), Some("stdio error")), Ok(()))?;
        equal(pledge(Some("stdio rpath wpath error"), Some("stdio proc error")), Ok(()))?;
        // SAFETY: the path ends in NUL.
        let write = || code(i64::from(unsafe { libc::open(c"/dev/zero".as_ptr(), libc::O_WRONLY) }));
        equal((open_root(), write()), (0, REFUSED))
    })
}

fn null() -> Holds {
    within(|| {
        equal(pledge(None, None), Ok(()))?;
        equal(open_root(), 0)?;
        equal(pledge(Some("stdio error"), None), Ok(()))?;
        equal(pledge(None, None), Ok(()))?;
        equal(open_root(), REFUSED)
    })
}

fn implied() -> Holds {
    // SAFETY: ignoring a signal touches no memory.
    let handle = || i32::from(unsafe { libc::signal(libc::SIGUSR1, libc::SIG_IGN) } == libc::SIG_ERR);
    all([
        ends(under("stdio", handle), Ended::With(0)),
        ends(under("stdio sigaction", handle), Ended::With(0)),
        ends(under("stdio thread", handle), ABORTED),
        // Said later, they are narrowed from what there is; not said, they stay as they are.
        ends(under("stdio", || i32::from(pledge(Some("stdio thread"), None).is_err())), Ended::With(0)),
        ends(under("stdio thread", || i32::from(pledge(Some("stdio"), None).is_err()) + handle()), ABORTED),
        ends(under("stdio rpath", || if pledge(Some("rpath"), None).is_ok() { handle() } else { 9 }), ABORTED),
    ])
}

fn inherited() -> Holds {
    let in_grandchild = |act: fn() -> i32| {
        move || match child(act) {
            Ok(Ended::With(code)) => code,
            Ok(Ended::By(signal)) => 100 + signal,
            Err(_) => 98,
        }
    };
    all([
        ends(under("stdio proc error", in_grandchild(open_root)), Ended::With(REFUSED)),
        ends(under("stdio proc", in_grandchild(open_root)), Ended::With(100 + libc::SIGABRT)),
        ends(under("stdio proc", in_grandchild(|| 5)), Ended::With(5)),
    ])
}

/// Executes this program, to do `what` and end with its code.
fn execute(what: &str) -> i32 {
    let error = this_program().args(["executed", what]).exec();
    error.raw_os_error().unwrap_or(97)
}

/// What the executed program does.
pub fn executed(what: &str) -> ExitCode {
    ExitCode::from(match what {
        "open" => open_root() as u8,
        "race" => u8::from(has_been_told() && open_root() != REFUSED),
        "threads" => add_up(),
        "again" => execute("open") as u8,
        "widen" => u8::from(pledge(Some("stdio wpath"), None) != Err(Errno::EPERM)),
        _ => 0,
    })
}

/// What an ordinary program does: threads, memory, a line of output.
fn add_up() -> u8 {
    let threads: Vec<_> = (0..64u64).map(|number| std::thread::spawn(move || vec![number; 1000][999])).collect();
    let sum: u64 = threads.into_iter().filter_map(|thread| thread.join().ok()).sum();
    println!("64 threads: {sum}");
    0
}

/// The slot from which the executed program learns that a pledge had returned before it was executed.
pub const TOLD: i32 = 200;

fn has_been_told() -> bool {
    let mut byte = 0u8;
    // SAFETY: the byte is valid for writing.
    unsafe { libc::read(TOLD, (&raw mut byte).cast(), 1) == 1 }
}

fn dropped() -> Holds {
    all([
        ends(under("stdio rpath exec", || execute("open")), Ended::With(0)),
        ends(under("stdio exec", || execute_directly(c"open")), Ended::With(0)),
    ])
}

/// Without looking anything up before: for who has no `rpath`.
fn execute_directly(what: &std::ffi::CStr) -> i32 {
    let program = c"/proc/self/exe".as_ptr();
    let arguments = [program, c"executed".as_ptr(), what.as_ptr(), std::ptr::null()];
    // SAFETY: all texts end in NUL, the array in null.
    unsafe { libc::execv(program, arguments.as_ptr()) };
    96
}

fn execpromises() -> Holds {
    let with = |execpromises: &'static str, what: &'static std::ffi::CStr| {
        child(move || if pledge(None, Some(execpromises)).is_ok() { execute_directly(what) } else { 99 })
    };
    all([
        // The caller itself is not bound by them.
        ends(child(|| pledge(None, Some("stdio error")).map_or(99, |()| open_root())), Ended::With(0)),
        ends(with("stdio error", c"open"), Ended::With(REFUSED)),
        ends(with("stdio", c"open"), ABORTED),
        ends(with("stdio rpath", c"open"), Ended::With(0)),
        ends(with("stdio rpath", c"widen"), Ended::With(0)),
        // They go on to what is executed then.
        ends(with("stdio rpath exec error", c"again"), Ended::With(0)),
        ends(with("stdio exec error rpath", c"again"), Ended::With(0)),
    ])
}

fn set_id() -> Holds {
    let path = format!("/tmp/promises.{}.set-id", std::process::id());
    let made =
        fs::copy("/proc/self/exe", &path).and_then(|_| fs::set_permissions(&path, fs::Permissions::from_mode(0o4755)));
    made.map_err(|error| error.to_string())?;
    let text = CString::new(path.clone()).map_err(|error| error.to_string())?;
    let run = |execpromises: Option<&'static str>| {
        child(|| {
            if pledge(None, execpromises).is_err() {
                return 99;
            }
            let arguments = [text.as_ptr(), c"executed".as_ptr(), c"fine".as_ptr(), std::ptr::null()];
            // SAFETY: all texts end in NUL, the array in null.
            unsafe { libc::execv(text.as_ptr(), arguments.as_ptr()) };
            std::io::Error::last_os_error().raw_os_error().unwrap_or(98)
        })
    };
    let held = all([
        ends(run(None), Ended::With(0)),
        ends(run(Some("stdio rpath exec")), Ended::With(libc::EACCES)),
        // As any program with privileges does, one may pledge for its own program.
        ends(run(None), Ended::With(0)),
    ]);
    let _ = fs::remove_file(path);
    held
}

/// `run PROMISES -- PROGRAM ARGUMENTS`: executes a program under promises.
pub fn run(arguments: &[String]) -> ExitCode {
    let (promises, rest) = match arguments.split_first() {
        Some((promises, rest)) => (promises, rest),
        None => return ExitCode::from(2),
    };
    let Some((program, rest)) = rest.split_first() else { return ExitCode::from(2) };
    if let Err(errno) = pledge(None, Some(promises)) {
        eprintln!("pledge: {errno:?}");
        return ExitCode::from(99);
    }
    eprintln!("{}", Command::new(program).args(rest).exec());
    ExitCode::from(98)
}
