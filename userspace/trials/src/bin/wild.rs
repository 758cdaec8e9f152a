//! Wild pointers for every system call that takes one, as the kernel's own table lists them.
//!
//! `wild` starts itself once for each call, since some may end the process that makes them, and prints one line for
//! each: the call, then for each pointer argument the answers to the wild addresses. `wild NUMBER` makes one call.
#![allow(unsafe_code)]

use std::fs::{self, OpenOptions, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use abi::table::{Argument, ArgumentKind, Row, TABLE, find};
use trials::this_program;
use tessera::call::call;

/// Addresses that no program may use: not mapped, the kernel's, not canonical, the last.
const WILD: [u64; 4] = [0x10, 0xffff_8000_0000_0000, 0x8000_0000_0000_0000, u64::MAX - 7];

/// A file for calls that want one, as a C string.
const FILE: &str = "/tmp/wild\0";

/// Calls whose pointers are legitimately kept or ignored, or that would not come back.
const EXEMPT: &[&str] = &["clone", "clone3", "vfork", "fork", "rt_sigreturn", "exit", "exit_group", "set_tid_address"];

fn main() {
    match std::env::args().nth(1).and_then(|text| text.parse().ok()) {
        Some(number) => find(number).into_iter().for_each(try_row),
        None => TABLE.iter().filter(|row| has_pointer(row)).for_each(run_row),
    }
}

fn has_pointer(row: &Row) -> bool {
    !EXEMPT.contains(&row.name) && row.arguments.iter().any(|argument| argument.kind.is_pointer())
}

fn run_row(row: &Row) {
    let output = this_program().arg(row.number.to_string()).stdin(Stdio::null()).output();
    match output {
        Ok(output) => println!("{}{} {}", row.name, String::from_utf8_lossy(&output.stdout), output.status),
        Err(error) => println!("{} {error}", row.name),
    }
}

/// Prints ` ARGUMENT=ERRNO,ERRNO,…` for each pointer argument.
fn try_row(row: &Row) {
    let path = FILE.trim_end_matches('\0');
    // What fails here shows in the answers.
    let _ = fs::write(path, [b'x'; 4096]);
    let _ = fs::set_permissions(path, Permissions::from_mode(0o755));
    let file = OpenOptions::new().read(true).write(true).open(path);
    let slot = file.as_ref().map_or(0, |file| file.as_raw_fd()) as u64;
    for (at, argument) in row.arguments.iter().enumerate().filter(|(_, argument)| argument.kind.is_pointer()) {
        let answers: Vec<String> = WILD.iter().map(|address| try_address(row, at, *address, slot)).collect();
        print!(" {}={}", argument.name, answers.join(","));
    }
}

fn try_address(row: &Row, at: usize, address: u64, slot: u64) -> String {
    // Room for whatever the other pointers let the kernel write.
    let mut room = vec![0u64; 4096];
    let mut arguments = [0; 6];
    for (place, argument) in arguments.iter_mut().zip(row.arguments) {
        *place = plausible(argument, slot, room.as_mut_ptr() as u64);
    }
    arguments[at] = address;
    // SAFETY: the wild address belongs to nobody, so the kernel must refuse it; the other pointers lead into `room`,
    // which is larger than anything that a call with these arguments writes, or to a path, which none writes; calls that end or double the process are
    // exempt.
    match unsafe { call(row.number, arguments) } {
        Ok(_) => "OK".into(),
        Err(errno) => errno.to_string().split(':').next().unwrap_or_default().to_owned(),
    }
}

/// A value that lets a call get as far as its pointers.
fn plausible(argument: &Argument, slot: u64, room: u64) -> u64 {
    match argument.kind {
        ArgumentKind::Path => FILE.as_ptr() as u64,
        kind if kind.is_pointer() => room,
        ArgumentKind::Capability(_) | ArgumentKind::Slot => slot,
        ArgumentKind::Directory(_) | ArgumentKind::At(_) => -100i64 as u64,
        ArgumentKind::Length => 64,
        ArgumentKind::Signal => 10,
        _ if argument.name.contains("size") => 8,
        _ => 0,
    }
}
