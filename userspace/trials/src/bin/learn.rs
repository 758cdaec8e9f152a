//! Learn mode: what a program needs is noted, nothing that was taken comes back, and with what was noted it runs as before.
#![allow(unsafe_code, reason = "own calls by number")]

use abi::Errno;
use abi::table::number;
use abi::types::NarrowItem;
use caps::{FcntlSet, PathPermissions, Promises, Rights};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write, pipe};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use trials::child::in_child;
use trials::narrowing::{fcntls, ioctls, narrow, promises, slots};
use trials::{Outcome, Report, all, child, equal};

type Case = fn() -> Outcome;

/// Learning begins with the next program.
const FROM_EXEC: u64 = 1;

fn main() -> ExitCode {
    let mut report = Report::new();
    let cases: &[(&str, Case)] = &[
        ("a process learns of itself", own_lesson),
        ("what was given up before is not learned back", narrowed_before),
        ("real errors stay", real_errors),
        ("the commands that were used are the ones that stay", commands),
        ("cat runs within what it was learned to need", || learned_then_confined(&["cat", "/tmp/learn/letter"])),
        ("sort runs within what it was learned to need", || {
            learned_then_confined(&["sort", "-r", "/tmp/learn/letter"])
        }),
        ("tar runs within what it was learned to need", || {
            learned_then_confined(&["tar", "-xf", "/tmp/learn/archive.tar", "-C", "/tmp/learn/target"])
        }),
    ];
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (what, case) in cases.iter().filter(|(what, _)| what.contains(&wanted)) {
        report.check(what, in_child(*case));
    }
    report.finish()
}

fn learn(flags: u64) -> Result<File, Errno> {
    // SAFETY: no memory is involved.
    let slot = unsafe { tessera::call::call(number::cap_learn, [flags, 0, 0, 0, 0, 0]) }?;
    // SAFETY: the slot is new, and nobody else's.
    Ok(unsafe { File::from_raw_fd(slot as i32) })
}

fn broken(error: Errno) -> io::Error {
    io::Error::other(format!("{error:?}"))
}

fn own_lesson() -> Outcome {
    fs::write("/tmp/learn-own", "x")?;
    let (reader, mut writer) = pipe()?;
    let wrong = learn(2).err();
    let mut manifest = learn(0).map_err(broken)?;
    writer.write_all(b"x")?;
    fs::read("/tmp/learn-own")?;
    let mut count = 0i32;
    // SAFETY: the request takes the address of a number.
    unsafe { libc::ioctl(reader.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    let mut text = String::new();
    manifest.read_to_string(&mut text)?;
    let has = |line: String| {
        if text.lines().any(|known| known == line) { Ok(()) } else { Err(format!("no {line} in\n{text}")) }
    };
    Ok(all([
        equal(wrong, Some(Errno::EINVAL)),
        equal(learn(0).err(), Some(Errno::EPERM)),
        has("promise stdio".into()),
        has("promise rpath".into()),
        has("view \"/tmp/learn-own\" r".into()),
        has(format!("slot {} WRITE", writer.as_raw_fd())),
        has(format!("ioctl {} {:#x}", reader.as_raw_fd(), libc::FIONREAD)),
        if text.contains("promise inet") { Err(text.clone()) } else { Ok(()) },
    ]))
}

fn narrowed_before() -> Outcome {
    let (_reader, mut writer) = pipe()?;
    let number = writer.as_raw_fd();
    let narrowed = narrow(&[
        slots(number, number, Rights::ALL - Rights::WRITE),
        promises(Promises::STDIO | Promises::ERROR, NarrowItem::NOW),
    ]);
    let learning = learn(0).is_ok();
    let written = writer.write(b"x").err().and_then(|error| error.raw_os_error());
    let opened = File::open("/etc/passwd").err().and_then(|error| error.raw_os_error());
    Ok(all([
        equal(narrowed, Ok(())),
        equal(learning, true),
        equal(written, Some(Errno::ENOTCAPABLE.raw())),
        equal(opened, Some(libc::EPERM)),
    ]))
}

fn real_errors() -> Outcome {
    let _manifest = learn(0).map_err(broken)?;
    // SAFETY: one byte is read from a constant.
    let empty = unsafe { libc::write(900, b"x".as_ptr().cast(), 1) };
    let error = io::Error::last_os_error().raw_os_error();
    let missing = File::open("/nowhere").err().map(|error| error.kind());
    Ok(all([equal((empty, error), (-1, Some(libc::EBADF))), equal(missing, Some(ErrorKind::NotFound))]))
}

/// F_GETFL is learned; then it goes on working, and F_SETFL is refused.
fn commands() -> Outcome {
    let (reader, _writer) = pipe()?;
    let slot = reader.as_raw_fd();
    // SAFETY: these commands take numbers.
    let fcntl = move |command: i32| match unsafe { libc::fcntl(slot, command, 0) } {
        -1 => io::Error::last_os_error().raw_os_error(),
        _ => None,
    };
    let pid = child::fork(|| {
        let learned = learn(0).map_err(broken).and_then(|mut manifest| {
            // Neither the second, which no list could name, nor the third, which is about the slot, is a need.
            let found = (fcntl(libc::F_GETFL), fcntl(9999), fcntl(libc::F_GETFD));
            let mut text = String::new();
            manifest.read_to_string(&mut text)?;
            fs::write("/tmp/learn-commands", text)?;
            Ok(found == (None, Some(libc::EINVAL), None))
        });
        i32::from(!learned.unwrap_or(false))
    })?;
    let ended = child::wait(pid, 0)?.1;
    let manifest = fs::read_to_string("/tmp/learn-commands")?;
    let noted: Vec<_> = manifest.lines().filter(|line| line.starts_with("fcntl")).collect();
    confine(&manifest)?;
    Ok(all([
        equal(ended, 0),
        equal(noted, vec![format!("fcntl {slot} {}", libc::F_GETFL).as_str()]),
        equal(fcntl(libc::F_GETFL), None),
        equal(fcntl(libc::F_SETFL), Some(Errno::ENOTCAPABLE.raw())),
    ]))
}

/// Runs busybox with standard output into a file, after `prepare` in the new process; its output and whether it succeeded.
fn busybox(
    arguments: &[&str],
    prepare: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) -> io::Result<(String, bool)> {
    let mut command = Command::new("/bin/busybox");
    command.args(arguments).env_clear().stdin(std::process::Stdio::null());
    // SAFETY: the process has one thread.
    unsafe { command.pre_exec(prepare) };
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok((text, output.status.success()))
}

fn prepare_files() -> io::Result<()> {
    _ = fs::remove_dir_all("/tmp/learn");
    fs::create_dir_all("/tmp/learn/source/inner")?;
    fs::create_dir_all("/tmp/learn/target")?;
    fs::write("/tmp/learn/letter", "b\na\nc\n")?;
    fs::write("/tmp/learn/source/one", "1")?;
    fs::write("/tmp/learn/source/inner/two", "2")?;
    let packed = busybox(&["tar", "-cf", "/tmp/learn/archive.tar", "-C", "/tmp/learn/source", "."], || Ok(()))?;
    if packed.1 { Ok(()) } else { Err(io::Error::other(packed.0)) }
}

fn learned_then_confined(arguments: &[&str]) -> Outcome {
    prepare_files()?;
    let mut log = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open("/dev/audit")?;
    let manifest = lesson_of(arguments)?;
    let first = fs::read_to_string("/tmp/learn-output")?;
    prepare_files()?;
    drain(&mut log)?;
    let items = manifest.clone();
    let confined = busybox(arguments, move || confine(&items))?;
    let denials = drain(&mut log)?;
    let there = arguments[0] != "tar" || fs::read("/tmp/learn/target/inner/two").is_ok_and(|two| two == b"2");
    let outside = busybox(&["cat", "/etc/passwd"], move || confine(&manifest))?;
    Ok(all([
        equal(&confined, &(first, true)),
        equal(denials, String::new()),
        equal(there, true),
        equal(outside.1, false),
    ]))
}

/// What is in the log and has not been read.
fn drain(log: &mut File) -> io::Result<String> {
    let mut text = Vec::new();
    match log.read_to_end(&mut text) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(String::from_utf8_lossy(&text).into_owned()),
    }
}

/// The manifest of a program that runs freely; its output is in a file.
fn lesson_of(arguments: &[&str]) -> io::Result<String> {
    let (mut told, mut tell) = pipe()?;
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let pid = child::fork(|| {
        let learned = learn(FROM_EXEC).map_err(broken).and_then(|mut manifest| {
            let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let (output, _) = busybox(&words, || Ok(()))?;
            fs::write("/tmp/learn-output", output)?;
            let mut text = String::new();
            manifest.read_to_string(&mut text)?;
            tell.write_all(text.as_bytes())
        });
        i32::from(learned.is_err())
    })?;
    drop(tell);
    let mut text = String::new();
    told.read_to_string(&mut text)?;
    match child::wait(pid, 0)?.1 {
        0 => Ok(text),
        status => Err(io::Error::other(format!("the lesson ended with {status:#x}"))),
    }
}

/// Puts a manifest in force: slots and paths now, promises for the next program.
fn confine(manifest: &str) -> io::Result<()> {
    let mut items = Vec::new();
    let mut kept = Promises::empty();
    let mut requests: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    let mut commands: BTreeMap<i32, FcntlSet> = BTreeMap::new();
    for line in manifest.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["promise", word] => kept |= Promises::from_word(word).unwrap_or_default(),
            ["view", path, letters] => {
                let path = path.trim_matches('"');
                let permissions = PathPermissions::parse(letters.as_bytes()).unwrap_or_default();
                let values = [u64::from(permissions.bits()), 0];
                let (address, length) = (path.as_ptr() as u64, path.len() as u64);
                items.push(NarrowItem { values, address, length, ..NarrowItem::new(NarrowItem::VIEW) });
            }
            ["slot", slot, ref rights @ ..] => {
                let rights =
                    rights.iter().filter_map(|name| Rights::parse(name)).fold(Rights::NONE, |all, one| all | one);
                let slot = slot.parse().unwrap_or(-1);
                items.push(slots(slot, slot, rights));
            }
            ["ioctl", slot, request] => {
                let request = u32::from_str_radix(request.trim_start_matches("0x"), 16).unwrap_or(0);
                requests.entry(slot.parse().unwrap_or(-1)).or_default().push(request);
            }
            ["fcntl", slot, command] => {
                let set = commands.entry(slot.parse().unwrap_or(-1)).or_insert(FcntlSet::NONE);
                *set = set.with(command.parse().unwrap_or(u32::MAX));
            }
            _ => {}
        }
    }
    items.extend(commands.iter().map(|(slot, commands)| fcntls(slot, commands.bits())));
    items.extend(requests.iter().map(|(slot, requests)| ioctls(slot, requests)));
    items.push(NarrowItem::new(NarrowItem::VIEW_LOCK));
    items.push(promises(kept, NarrowItem::AFTER_EXEC));
    narrow(&items).map_err(|error| io::Error::other(format!("{error:?} for\n{manifest}")))
}
