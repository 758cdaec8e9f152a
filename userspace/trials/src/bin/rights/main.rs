//! Rights on slots: every row of the table of system calls checks what it says, limits only narrow, and no door leads around them.

#![allow(unsafe_code, reason = "raw system calls")]

mod doors;
mod limits;
mod rows;

use std::process::ExitCode;

use abi::Result;
use trials::{Holds, Report};

type Case = fn() -> Result<Vec<Holds>>;

fn main() -> ExitCode {
    let mut report = Report::new();
    rows::check_all(&mut report);
    let cases: &[(&str, Case)] = &[
        ("limits only narrow, and are told as they were set", limits::rights),
        ("a limit binds the slot and its later copies, not its siblings", limits::siblings),
        ("lists of control requests bind", limits::ioctls),
        ("lists of fcntl commands bind", limits::fcntls),
        ("a set that changes while it is read is one or the other", limits::changing_words),
        ("no place is chosen without the right to seek", doors::seeking),
        ("copies between files need what reads and writes need", doors::copying),
        ("mappings need the rights to what they allow", doors::mapping),
        ("a mapping cannot be made to allow more than its slot did", doors::protecting),
        ("shared memory is bound by the slot that it is mapped through", doors::shared_memory),
        ("readiness needs the right to wait", doors::waiting),
        ("other calls on slots need their rights", doors::others),
    ];
    for (what, case) in cases {
        report.try_case(what, case);
    }
    report.finish()
}
