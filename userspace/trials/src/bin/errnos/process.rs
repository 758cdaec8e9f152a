//! Cases of calls of the family `process`.

use abi::table::number;
use abi::types::{CloneArgs, Rlimit, SpawnArguments};
use abi::{Errno, Result};
use caps::Rights;
use trials::lend::without;
use trials::raw::{CLOSED, call, open, text};
use trials::{child, pledged};

use crate::Case;
use crate::attempt::{Attempt, become_nobody, holding, must};
use crate::kit::{FIRST, descriptor_of_the_dead, interrupt_soon, limit, sleeper};

/// No process has this id.
const NOBODYS: usize = 4_000_000;
/// No signal has this number.
const NO_SIGNAL: usize = 999;
/// An option that no call knows.
const NO_OPTION: usize = 0x100;
/// P_PIDFD.
const BY_DESCRIPTOR: usize = 3;

/// No more processes for this user.
fn make_none() -> Result<()> {
    limit(libc::RLIMIT_NPROC, 0)?;
    become_nobody()
}

/// Arguments of more than there may be.
fn too_many() -> usize {
    let long = text(&"a".repeat(100_000));
    let mut list = vec![long; 100];
    list.push(0);
    list.leak().as_ptr() as usize
}

/// What `spawn` is to be told.
fn spawning(attempt: Attempt, arguments: SpawnArguments) -> Attempt {
    attempt.with("arguments", holding(arguments))
}

/// A script whose interpreter is this.
fn script(name: &str, interpreter: &str) -> Result<usize> {
    must(std::fs::write(name, format!("#!{interpreter}\n")))?;
    call(number::chmod, &[text(name), 0o755])?;
    open(name, libc::O_RDONLY)
}

/// Runs a file: by its path, or its slot.
fn running(attempt: Attempt, name: &str) -> Result<usize> {
    match attempt.row.name {
        "spawn" => attempt.with("executable", open(name, libc::O_RDONLY)?).call(),
        _ => attempt.with_text("path", name).call(),
    }
}

/// A program that is sound, but whose interpreter is none.
fn program_with_bad_interpreter(name: &str) -> Result<()> {
    const HEADER: [u64; 8] = [
        0x0001_0102_464c_457f, // an ELF file of 64 bits, little-endian
        0,
        0x0001_0000_003e_0002, // a program for x86-64
        0x0040_0000,           // where it starts
        64,                    // its segments' headers
        0,
        0x0038_0040_0000_0000, // sizes of headers
        2,                     // two segments
    ];
    const LOADED: [u64; 7] = [0x5_0000_0001, 0, 0x0040_0000, 0x0040_0000, 4096, 4096, 4096];
    const INTERPRETER: [u64; 7] = [0x4_0000_0003, 176, 0x0040_00b0, 0x0040_00b0, 8, 8, 1];
    let words = HEADER.iter().chain(&LOADED).chain(&INTERPRETER);
    let mut bytes: Vec<u8> = words.flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(b"program\0");
    bytes.resize(4096, 0);
    must(std::fs::write(name, bytes))?;
    call(number::chmod, &[text(name), 0o755]).map(drop)
}

/// A child that has run another program, which waits.
fn executed_child() -> Result<usize> {
    let [reader, writer] = trials::raw::pipe()?;
    let child = must(child::fork(|| {
        let arguments = holding([text("cat"), 0]);
        let _ = call(number::dup2, &[reader, 0]);
        let _ = call(number::fcntl, &[writer, libc::F_SETFD as usize, libc::FD_CLOEXEC as usize]);
        call(number::execve, &[text("/bin/busybox"), arguments, 0]).map_or(1, |_| 0)
    }))? as usize;
    // Its name changes when it is another program.
    while !must(std::fs::read_to_string(format!("/proc/{child}/comm")))?.starts_with("busybox") {
        call(number::sched_yield, &[])?;
    }
    Ok(child)
}

pub(crate) const CASES: &[Case] = &[
    ("fork vfork clone clone3 pdfork spawn", Errno::EAGAIN, |it| {
        let it = if it.row.name == "clone3" {
            it.with("arguments", holding(CloneArgs { exit_signal: libc::SIGCHLD as u64, ..CloneArgs::default() }))
        } else {
            it
        };
        make_none()?;
        it.call()
    }),
    ("clone3", Errno::EINVAL, |it| it.with("size", 8).call()),
    ("clone3", Errno::E2BIG, |it| it.with("size", 5000).call()),
    ("pdfork", Errno::EINVAL, |it| it.with("flags", 0x99).call()),
    ("pidfd_open", Errno::EINVAL, |it| it.with("pid", 0).call()),
    ("pidfd_open pidfd_send_signal", Errno::EINVAL, |it| it.with("flags", 0x99).call()),
    ("pdkill pidfd_send_signal", Errno::EINVAL, |it| it.with("signal", NO_SIGNAL).call()),
    ("pdkill", Errno::EPERM, |it| it.with("fd", call(number::pidfd_open, &[FIRST, 0])?).call_as_nobody()),
    ("pidfd_send_signal", Errno::EPERM, |it| {
        it.with("process", call(number::pidfd_open, &[FIRST, 0])?).with("info", 0).call_as_nobody()
    }),
    ("pdkill", Errno::ESRCH, |it| it.with("fd", descriptor_of_the_dead()?).call()),
    ("pidfd_send_signal", Errno::ESRCH, |it| it.with("process", descriptor_of_the_dead()?).with("info", 0).call()),
    ("pidfd_getfd", Errno::EINVAL, |it| it.with("flags", 1).call()),
    ("pidfd_getfd", Errno::EBADF, |it| it.with("slot", CLOSED).call()),
    ("pidfd_getfd", Errno::EBADF, |it| it.with("process", CLOSED).call()),
    ("pidfd_getfd", Errno::ESRCH, |it| it.with("process", descriptor_of_the_dead()?).call()),
    ("pidfd_getfd", Errno::EPERM, |it| it.with("process", call(number::pidfd_open, &[FIRST, 0])?).call_as_nobody()),
    ("pdwait", Errno::ECHILD, |it| it.call()),
    ("pdwait", Errno::EINTR, |it| {
        let it = it.with("fd", call(number::pidfd_open, &[sleeper()?, 0])?);
        interrupt_soon()?;
        it.call()
    }),
    ("wait4", Errno::EINVAL, |it| it.with("options", NO_OPTION).call()),
    ("wait4", Errno::ECHILD, |it| it.with("pid", usize::MAX).call()),
    ("wait4", Errno::ESRCH, |it| it.with("pid", i32::MIN as usize).call()),
    ("wait4", Errno::EINTR, |it| {
        let it = it.with("pid", sleeper()?);
        interrupt_soon()?;
        it.call()
    }),
    ("waitid", Errno::EBADF, |it| it.with("kind", BY_DESCRIPTOR).with("id", CLOSED).with("options", 4).call()),
    ("waitid", Errno::ECHILD, |it| it.with("options", 4).call()),
    ("waitid", Errno::EINTR, |it| {
        sleeper()?;
        interrupt_soon()?;
        it.with("options", 4).call()
    }),
    ("waitid", Errno::ENOTCAPABLE, |it| {
        let own = call(number::pidfd_open, &[std::process::id() as usize, 0])?;
        it.with("kind", BY_DESCRIPTOR).with("id", without(own, Rights::PDWAIT)?).with("options", 4).call()
    }),
    ("execve execveat", Errno::E2BIG, |it| it.with("argv", too_many()).call()),
    ("execve execveat spawn", Errno::ENOEXEC, |it| running(it, "program")),
    ("execve execveat spawn", Errno::ELIBBAD, |it| {
        program_with_bad_interpreter("misguided")?;
        running(it, "misguided")
    }),
    ("execveat", Errno::ELOOP, |it| {
        it.with_text("path", "link").with("flags", libc::AT_SYMLINK_NOFOLLOW as usize).call()
    }),
    ("spawn", Errno::E2BIG, |it| {
        spawning(it, SpawnArguments { arguments: too_many() as u64, ..SpawnArguments::default() }).call()
    }),
    ("spawn", Errno::EINVAL, |it| it.with("size", 8).call()),
    ("spawn", Errno::EINVAL, |it| spawning(it, SpawnArguments { reserved: 1, ..SpawnArguments::default() }).call()),
    ("spawn", Errno::EACCES, |it| it.with("executable", open("file", libc::O_RDONLY)?).call()),
    ("spawn", Errno::ENOENT, |it| it.with("executable", script("lost", "/missing/name")?).call()),
    ("spawn", Errno::ENOTDIR, |it| it.with("executable", script("misled", "/dev/null/name")?).call()),
    ("spawn", Errno::ELOOP, |it| {
        for nth in 0..8 {
            script(&format!("script.{nth}"), &format!("script.{}", nth + 1))?;
        }
        it.with("executable", open("script.0", libc::O_RDONLY)?).call()
    }),
    ("setpgid", Errno::EINVAL, |it| it.with("group", usize::MAX).call()),
    ("setpgid", Errno::EACCES, |it| it.with("pid", executed_child()?).call()),
    ("setpgid", Errno::EPERM, |it| it.with("group", NOBODYS).call()),
    ("setpgid", Errno::ESRCH, |it| it.with("pid", NOBODYS).call()),
    ("setsid", Errno::EPERM, |it| {
        call(number::setpgid, &[0, 0])?;
        it.call()
    }),
    ("prctl", Errno::EINVAL, |it| it.with("option", 9999).call()),
    ("prctl", Errno::EPERM, |it| {
        it.with("option", libc::PR_CAP_AMBIENT as usize).with("arg2", 2).with("arg3", 0).call()
    }),
    ("arch_prctl", Errno::EINVAL, |it| it.with("option", 0).call()),
    ("arch_prctl", Errno::EPERM, |it| it.with("option", 0x1002).with("addr", 1 << 63).call()),
    ("arch_prctl", Errno::ENODEV, |it| it.with("option", 0x1012).call()),
    ("getrusage", Errno::EINVAL, |it| it.with("who", 99).call()),
    ("getrlimit setrlimit prlimit64", Errno::EINVAL, |it| it.with("resource", 99).call()),
    ("setrlimit", Errno::EINVAL, |it| it.with("limit", holding(Rlimit { soft: 2, hard: 1 })).call()),
    ("setrlimit", Errno::EPERM, |it| {
        limit_both(libc::RLIMIT_CORE as usize, 10)?;
        let more = holding(Rlimit { soft: 20, hard: 20 });
        it.with("resource", libc::RLIMIT_CORE as usize).with("limit", more).call_as_nobody()
    }),
    ("prlimit64", Errno::EPERM, |it| it.with("pid", FIRST).with("new", 0).call_as_nobody()),
    ("prlimit64", Errno::ECAPMODE, |it| {
        pledged::enter_capability_mode()?;
        it.with("pid", FIRST).with("new", 0).call()
    }),
];

/// Lowers both halves of a limit.
fn limit_both(resource: usize, to: u64) -> Result<usize> {
    call(number::setrlimit, &[resource, holding(Rlimit { soft: to, hard: to })])
}
