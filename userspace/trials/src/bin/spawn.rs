//! Spawning with exactly the capabilities that are named.
use std::fmt::Write;
use std::process::ExitCode;

use abi::table::number;
use abi::types::{SpawnArguments, SpawnSlot};
use abi::{Errno, Result};
use tessera::{Rights, Root};
use trials::raw::{call, close, dup, fails, open, pipe, poll, read, text, works};
use trials::{Holds, Report, all, equal};

type Case = fn() -> Result<Holds>;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("spawned") {
        print!("{}", look_around());
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new();
    let cases: &[(&str, Case)] = &[
        ("an unmodified program runs with the slots that it is given", unmodified),
        ("a child has the slots and root capabilities named, and no others", nothing_else),
        ("what was limited stays limited", limited),
        ("a child lives as long as it is held", held),
        ("what cannot be given is refused", refused),
    ];
    for (what, case) in cases {
        report.try_case(what, case);
    }
    report.finish()
}

/// What a spawned child finds: its slots, and what becomes of uses of root capabilities.
fn look_around() -> String {
    let mut found = String::new();
    for slot in (0..64).filter(|slot| call(number::fcntl, &[*slot, libc::F_GETFD as usize]).is_ok()) {
        let _ = write!(found, "{slot} ");
    }
    let child = trials::child::fork(|| 0).and_then(|pid| trials::child::wait(pid, 0));
    let forked = child.err().and_then(|error| error.raw_os_error()).and_then(|number| Errno::from_raw(number.into()));
    let answers = [open("/", libc::O_RDONLY).err(), call(number::kill, &[1, 0]).err(), forked];
    let names = answers.map(|error| error.map_or("allowed", Errno::name));
    let _ = write!(found, "{} {} {}", names[0], names[1], names[2]);
    found
}

/// Spawns the program in `executable`: the slot of its descriptor.
fn spawn(executable: usize, arguments: &[&str], slots: &[(usize, i32)], roots: &[Root]) -> Result<usize> {
    let mut words: Vec<u64> = arguments.iter().map(|argument| text(argument) as u64).collect();
    words.push(0);
    let slots: Vec<SpawnSlot> = slots.iter().map(|(from, to)| SpawnSlot { from: *from as i32, to: *to }).collect();
    let asked = SpawnArguments {
        arguments: words.as_ptr() as u64,
        environment: 0,
        slots: slots.as_ptr() as u64,
        slot_count: slots.len() as u32,
        roots: roots.iter().fold(0, |set, root| set | root.set().bits()),
        ..SpawnArguments::default()
    };
    call(number::spawn, &[executable, &raw const asked as usize, size_of::<SpawnArguments>()])
}

/// Waits for the child and reads what it wrote.
fn outcome(child: usize, output: [usize; 2]) -> Result<(i32, String)> {
    close(output[1])?;
    let mut status = 0_i32;
    call(number::pdwait, &[child, &raw mut status as usize, 0, 0])?;
    let said = read(output[0], 4096)?;
    let _ = (close(child), close(output[0]));
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}

fn unmodified() -> Result<Holds> {
    let program = open("/bin/busybox", libc::O_RDONLY)?;
    let output = pipe()?;
    let child = spawn(program, &["busybox", "echo", "hello"], &[(output[1], 1)], &[])?;
    let told = outcome(child, output)?;
    close(program)?;
    Ok(equal(told, (0, "hello\n".to_owned())))
}

/// Spawns this very program to look around.
fn spawned(roots: &[Root]) -> Result<(i32, String)> {
    let program = open("/proc/self/exe", libc::O_RDONLY)?;
    let null = open("/dev/null", libc::O_RDWR)?;
    let output = pipe()?;
    let child = spawn(program, &["spawn", "spawned"], &[(null, 0), (output[1], 1), (null, 2), (null, 9)], roots)?;
    let told = outcome(child, output);
    let _ = (close(program), close(null));
    told
}

fn nothing_else() -> Result<Holds> {
    Ok(all([
        equal(spawned(&[])?, (0, "0 1 2 9 ECAPMODE ECAPMODE ECAPMODE".to_owned())),
        equal(spawned(&[Root::Namespace, Root::Signal])?, (0, "0 1 2 9 allowed allowed ECAPMODE".to_owned())),
        equal(spawned(&[Root::Spawn])?, (0, "0 1 2 9 ECAPMODE ECAPMODE allowed".to_owned())),
    ]))
}

fn limited() -> Result<Holds> {
    let program = open("/bin/busybox", libc::O_RDONLY)?;
    let input = open("/etc/passwd", libc::O_RDONLY)?;
    let output = pipe()?;
    limit(input, Rights::FSTAT | Rights::TRANSFER)?;
    let child = spawn(program, &["busybox", "cat"], &[(input, 0), (output[1], 1)], &[])?;
    let told = outcome(child, output)?;
    let _ = (close(program), close(input));
    Ok(equal(told, (1 << 8, String::new())))
}

fn held() -> Result<Holds> {
    let program = open("/bin/busybox", libc::O_RDONLY)?;
    let input = pipe()?;
    let child = spawn(program, &["busybox", "cat"], &[(input[0], 0)], &[])?;
    let mut pid = 0_i32;
    call(number::pdgetpid, &[child, &raw mut pid as usize])?;
    let watch = call(number::pidfd_open, &[pid as usize, 0])?;
    close(child)?;
    let ended = poll(watch, libc::POLLIN, -1)?;
    let _ = [program, input[0], input[1], watch].map(close);
    Ok(equal(ended & libc::POLLIN, libc::POLLIN))
}

fn refused() -> Result<Holds> {
    let program = open("/bin/busybox", libc::O_RDONLY)?;
    let plain = open("/etc/passwd", libc::O_RDONLY)?;
    let (fixed, unrunnable) = (dup(plain)?, dup(program)?);
    limit(fixed, Rights::ALL - Rights::TRANSFER)?;
    limit(unrunnable, Rights::ALL - Rights::FEXECVE)?;
    let with = |slots: &[(usize, i32)]| spawn(program, &["busybox", "true"], slots, &[]);
    let holds = Ok(all([
        fails(with(&[(plain, 1), (plain, 0)]), Errno::EINVAL),
        fails(with(&[(plain, 1), (plain, 1)]), Errno::EINVAL),
        fails(with(&[(plain, -1)]), Errno::EINVAL),
        fails(with(&[(999, 0)]), Errno::EBADF),
        fails(with(&[(fixed, 0)]), Errno::ENOTCAPABLE),
        fails(spawn(unrunnable, &["busybox"], &[], &[]), Errno::ENOTCAPABLE),
        fails(spawn(plain, &["passwd"], &[], &[]), Errno::EACCES),
        fails(spawn(999, &["x"], &[], &[]), Errno::EBADF),
        fails(call(number::spawn, &[program, 8, size_of::<SpawnArguments>()]), Errno::EFAULT),
        fails(call(number::spawn, &[program, 0, 8]), Errno::EINVAL),
        works(with(&[]).and_then(close)),
    ]));
    let _ = [program, plain, fixed, unrunnable].map(close);
    holds
}

fn limit(slot: usize, rights: Rights) -> Result<usize> {
    let words = [rights.bits() as u64, (rights.bits() >> 64) as u64];
    call(number::cap_rights_limit, &[slot, words.as_ptr() as usize])
}
