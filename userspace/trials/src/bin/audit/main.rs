//! Records of denials: one line for each, with the narrowing that took what was missing, and none that a flood can hide.
#![allow(unsafe_code, reason = "libc's calls")]

mod paths;

use abi::Errno;
use abi::types::NarrowItem;
use caps::{FcntlSet, Kind, Promises, Rights, Root};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;
use trials::narrowing::{fcntls, ioctls, kind, narrow, promises, root, slot, table};
use trials::{Holds, Outcome, Report, all, child, equal};

type Case = fn() -> Outcome;
/// The fields of a record by name.
type Fields = HashMap<String, String>;

const NOW: u32 = NarrowItem::NOW;

fn main() -> ExitCode {
    let mut report = Report::new();
    let cases: &[(&str, Case)] = &[
        ("a right that a slot lost", slot_right),
        ("a right that a ceiling took", ceiling),
        ("a control request", request),
        ("a command", command),
        ("a promise", promise),
        ("a root capability", root_capability),
        ("a path outside the view", paths::hidden),
        ("what is only asked for", paths::asked),
        ("what a directory does not pass on", paths::passed_on),
        ("a process that may do more", paths::wider_process),
        ("the log itself", log_itself),
        ("what Linux refuses by itself leaves no record", plain_errors),
        ("of two narrowings the one that took it is named", right_narrowing),
        ("the table says who took what", shown_table),
        ("a flood hides nobody else's record", flood),
        ("the log is read by bytes, waited for and polled", reading),
    ];
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (what, case) in cases.iter().filter(|(what, _)| what.contains(&wanted)) {
        report.try_case(what, case);
    }
    report.finish()
}

/// The log, open at its oldest record, not waiting.
fn log() -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open("/dev/audit")
}

/// All lines that are there.
fn lines(log: &mut File) -> io::Result<Vec<String>> {
    let mut text = Vec::new();
    loop {
        let mut part = [0; 4096];
        match log.read(&mut part) {
            Ok(count) => text.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
}

/// The fields of a line.
fn fields(line: &str) -> Fields {
    let mut fields = Fields::new();
    let mut rest = line;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        fields.insert(name.trim().to_owned(), value.to_owned());
        rest = next;
    }
    fields
}

/// Runs a body in a child and gives the records that it left.
fn records_of(body: impl FnOnce() -> i32) -> io::Result<(Vec<Fields>, i32)> {
    let mut log = log()?;
    lines(&mut log)?;
    let pid = child::fork(body)?;
    let (_, status) = child::wait(pid, 0)?;
    let own = pid.to_string();
    let lines = lines(&mut log)?;
    let records = lines.iter().map(|line| fields(line)).filter(|record| record.get("pid") == Some(&own));
    Ok((records.collect(), status))
}

/// Holds if there is one record, with these fields.
fn one(records: &[Fields], expected: &[(&str, &str)]) -> Holds {
    let [record] = records else { return Err(format!("{} records: {records:?}", records.len())) };
    let wrong = expected.iter().find(|(name, value)| record.get(*name).map(String::as_str) != Some(value));
    match wrong {
        Some((name, value)) => Err(format!("{name} should be {value}: {record:?}")),
        None => Ok(()),
    }
}

fn scratch(name: &str) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(true).open(format!("/tmp/audit-{name}"))
}

fn unwritable() -> Rights {
    Rights::ALL - Rights::WRITE
}

fn denied<T>(result: io::Result<T>) -> bool {
    result.err().and_then(|error| error.raw_os_error()) == Some(Errno::ENOTCAPABLE.raw())
}

fn code(holds: bool) -> i32 {
    i32::from(!holds)
}

fn slot_right() -> Outcome {
    let mut file = scratch("slot")?;
    let number = file.as_raw_fd().to_string();
    let (records, status) = records_of(|| {
        let narrowed = narrow(&[slot(&file, unwritable())]);
        code(narrowed.is_ok() && denied(file.write(b"x")))
    })?;
    let allow = format!("slot {number} WRITE");
    let expected = [
        ("name", "audit"),
        ("nth", "1"),
        ("call", "write"),
        ("slot", number.as_str()),
        ("kind", "file"),
        ("object", "/tmp/audit-slot"),
        ("needs", "rights:WRITE"),
        ("held", "all-WRITE"),
        ("taken-by", "narrow"),
        ("allow", allow.as_str()),
    ];
    Ok(all([equal(status, 0), one(&records, &expected), own_cause(&records)]))
}

/// Holds if the process itself narrowed, before it was denied.
fn own_cause(records: &[Fields]) -> Holds {
    let get = |name| records.first().and_then(|record| record.get(name)).cloned().unwrap_or_default();
    let time = |name| get(name).parse::<f64>().unwrap_or(-1.0);
    equal((get("taken-pid") == get("pid"), time("taken-at") > 0.0, time("taken-at") < time("time")), (true, true, true))
}

fn ceiling() -> Outcome {
    let (records, status) = records_of(|| {
        let narrowed = narrow(&[kind(Kind::File, unwritable(), NOW)]);
        code(narrowed.is_ok() && scratch("ceiling").is_ok_and(|mut file| denied(file.write(b"x"))))
    })?;
    let expected =
        [("call", "write"), ("object", "/tmp/audit-ceiling"), ("needs", "rights:WRITE"), ("taken-by", "narrow")];
    Ok(all([equal(status, 0), one(&records, &expected), own_cause(&records)]))
}

fn request() -> Outcome {
    let (reader, _writer) = pipe()?;
    let (records, status) = records_of(|| {
        let narrowed = narrow(&[ioctls(&reader, &[libc::FIONBIO as u32])]);
        let mut count = 0i32;
        // SAFETY: the request takes the address of a number.
        let result = unsafe { libc::ioctl(reader.as_raw_fd(), libc::FIONREAD, &raw mut count) };
        code(narrowed.is_ok() && result == -1)
    })?;
    let needs = format!("ioctl:{:#x}", libc::FIONREAD);
    let expected = [("call", "ioctl"), ("kind", "pipe"), ("needs", needs.as_str()), ("taken-by", "narrow")];
    Ok(all([equal(status, 0), one(&records, &expected), own_cause(&records)]))
}

fn command() -> Outcome {
    let (reader, _writer) = pipe()?;
    let (records, status) = records_of(|| {
        let narrowed = narrow(&[fcntls(&reader, FcntlSet::NONE.with(libc::F_GETFL as u32).bits())]);
        // SAFETY: the command takes a number.
        let result = unsafe { libc::fcntl(reader.as_raw_fd(), libc::F_SETFL, 0) };
        code(narrowed.is_ok() && result == -1)
    })?;
    let allow = format!("fcntl {} 4", reader.as_raw_fd());
    let expected = [("call", "fcntl"), ("needs", "fcntl:4"), ("taken-by", "narrow"), ("allow", allow.as_str())];
    Ok(all([equal(status, 0), one(&records, &expected), own_cause(&records)]))
}

fn promise() -> Outcome {
    let (records, status) = records_of(|| {
        let narrowed = narrow(&[promises(Promises::STDIO | Promises::ERROR, NOW)]);
        // SAFETY: no memory is involved.
        let result = unsafe { libc::setsid() };
        code(narrowed.is_ok() && result == -1)
    })?;
    let (fatal, ended) = records_of(|| {
        let narrowed = narrow(&[promises(Promises::STDIO, NOW)]);
        // SAFETY: no memory is involved.
        unsafe { libc::setsid() };
        code(narrowed.is_ok())
    })?;
    let expected = [
        ("call", "setsid"),
        ("slot", "-"),
        ("needs", "promise:proc"),
        ("taken-by", "narrow"),
        ("allow", "promise proc"),
    ];
    Ok(all([
        equal(status, 0),
        one(&records, &expected),
        own_cause(&records),
        equal(ended & 0x7f, libc::SIGABRT),
        one(&fatal, &expected),
    ]))
}

fn root_capability() -> Outcome {
    let (records, status) = records_of(|| {
        let narrowed = narrow(&[root(Root::Signal, Rights::NONE, NOW)]);
        code(narrowed.is_ok() && child::kill(1, 0).is_err())
    })?;
    let expected = [("call", "kill"), ("needs", "root:signal"), ("taken-by", "narrow"), ("allow", "root signal")];
    Ok(all([equal(status, 0), one(&records, &expected), own_cause(&records)]))
}

fn log_itself() -> Outcome {
    let mut open = log()?;
    let (records, status) = records_of(|| {
        let narrowed = narrow(&[root(Root::System, Rights::ALL - Rights::AUDIT_READ, NOW)]);
        let unread = log();
        let reread = open.read(&mut [0; 64]);
        code(narrowed.is_ok() && denied(unread) && denied(reread))
    })?;
    let needs: Vec<_> = records.iter().filter_map(|record| record.get("needs")).map(String::as_str).collect();
    Ok(all([equal(status, 0), equal(needs, vec!["root:system:AUDIT_READ"; 2])]))
}

fn plain_errors() -> Outcome {
    let (records, status) = records_of(|| {
        let mut unwritten = match File::open("/proc/version") {
            Ok(file) => file,
            Err(_) => return 1,
        };
        code(unwritten.write(b"x").is_err() && File::open("/nowhere").is_err() && child::kill(1 << 20, 0).is_err())
    })?;
    Ok(all([equal(status, 0), equal(records.len(), 0)]))
}

fn right_narrowing() -> Outcome {
    let mut file = scratch("two")?;
    let (records, status) = records_of(|| {
        let first = narrow(&[slot(&file, Rights::ALL - Rights::FSYNC)]);
        let second = narrow(&[slot(&file, Rights::ALL - Rights::FSYNC - Rights::WRITE)]);
        let third = narrow(&[slot(&file, Rights::READER)]);
        code(first.is_ok() && second.is_ok() && third.is_ok() && denied(file.write(b"x")) && denied(file.sync_data()))
    })?;
    let sequence = |at: usize| records.get(at).and_then(|record| record.get("taken-seq")?.parse::<u64>().ok());
    Ok(all([equal(status, 0), equal(records.len(), 2), equal(sequence(0), sequence(1).map(|first| first + 1))]))
}

fn shown_table() -> Outcome {
    let file = scratch("shown")?;
    let before = table();
    let (_, status) = records_of(|| {
        let narrowed = narrow(&[
            slot(&file, Rights::READER),
            kind(Kind::Socket, Rights::NONE, NarrowItem::AFTER_EXEC),
            root(Root::Clock, Rights::NONE, NOW),
            promises(Promises::STDIO | Promises::RPATH, NarrowItem::AFTER_EXEC),
        ]);
        let text = table();
        let number = file.as_raw_fd();
        let wanted = [
            format!("slot {number} kind=file rights=reader depth=0 flags=cloexec "),
            "ceiling socket now=all exec=none".to_owned(),
            "root clock now=none exec=all".to_owned(),
            "promises now=all exec=stdio+rpath".to_owned(),
            format!("taken slot:{number} rights:"),
            "taken exec kind:socket:all by=narrow".to_owned(),
        ];
        let missing: Vec<_> = wanted.iter().filter(|line| !text.contains(*line)).collect();
        if !missing.is_empty() {
            eprintln!("missing {missing:?} in\n{text}");
        }
        code(narrowed.is_ok() && missing.is_empty())
    })?;
    Ok(all([equal(status, 0), equal(before.contains("taken"), false)]))
}

fn flood() -> Outcome {
    let mut file = scratch("flood")?;
    let mut log = log()?;
    lines(&mut log)?;
    let number = file.as_raw_fd();
    let victim = |mut file: &File| code(narrow(&[slot(&number, unwritable())]).is_ok() && denied(file.write(b"x")));
    let first = child::fork(|| victim(&file))?;
    child::wait(first, 0)?;
    let flooder = child::fork(|| {
        let narrowed = narrow(&[slot(&file, unwritable())]);
        code(narrowed.is_ok() && (0..20_000).all(|_| denied(file.write(b"x"))))
    })?;
    let second = child::fork(|| victim(&file))?;
    child::wait(second, 0)?;
    let ended = child::wait(flooder, 0)?.1;
    let lines = lines(&mut log)?;
    let of = |pid: i32| lines.iter().filter(|line| line.contains(&format!(" pid={pid} "))).count();
    let lost: u64 = lines.iter().filter_map(|line| fields(line).get("lost")?.parse::<u64>().ok()).sum();
    let last = lines.iter().map(|line| fields(line)).rfind(|record| record.get("pid") == Some(&flooder.to_string()));
    let nth = last.and_then(|record| record.get("nth").cloned());
    Ok(all([
        equal(ended, 0),
        equal(of(first), 1),
        equal(of(second), 1),
        equal(nth.as_deref(), Some("20000")),
        equal(lost, 20_000 - of(flooder) as u64),
    ]))
}

fn reading() -> Outcome {
    let mut log = OpenOptions::new().read(true).open("/dev/audit")?;
    let mut file = scratch("reading")?;
    let mut deny = || {
        child::fork(|| code(narrow(&[slot(&file, unwritable())]).is_ok() && denied(file.write(b"x"))))
            .and_then(|pid| child::wait(pid, 0))
    };
    deny()?;
    // To the end, byte by byte.
    let mut text = Vec::new();
    while is_readable(&log, 0)? {
        let mut byte = [0];
        log.read_exact(&mut byte)?;
        text.push(byte[0]);
    }
    let ends = text.last() == Some(&b'\n');
    let quiet = is_readable(&log, 0)?;
    // Who polls is told of the next one, and who waits in a read gets it.
    let poller = child::fork(|| code(is_readable(&log, -1).unwrap_or(false)))?;
    child::doze(20);
    deny()?;
    let polled = child::wait(poller, 0)?.1;
    let mut line = [0; 4096];
    let next = log.read(&mut line)?;
    let whole = line[..next].ends_with(b"\n");
    let waiter = child::fork(|| code(log.read(&mut line).is_ok_and(|count| line[..count].ends_with(b"\n"))))?;
    child::doze(20);
    deny()?;
    let waited = child::wait(waiter, 0)?.1;
    Ok(all([equal((ends, quiet, whole), (true, false, true)), equal((polled, waited), (0, 0))]))
}

/// Whether something can be read, within so many milliseconds.
fn is_readable(file: &impl AsRawFd, timeout: i32) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one structure is there.
    match unsafe { libc::poll(&raw mut poll, 1, timeout) } {
        -1 => Err(io::Error::last_os_error()),
        count => Ok(count > 0),
    }
}
