//! Pledges, tried from within: what each word allows and what is refused without it, how a broken promise ends, what
//! can and cannot be asked for, what becomes of it across fork and exec, and threads that race with it.
#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

mod asking;
mod breaking;
mod passing;
mod races;
mod rows;
mod words;

use std::process::ExitCode;
use trials::{Holds, Report};

/// A name and what must hold.
pub type Case = (&'static str, fn() -> Holds);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("executed") => return asking::executed(arguments.next().as_deref().unwrap_or("")),
        Some("run") => return asking::run(&arguments.collect::<Vec<_>>()),
        Some(group) => return only(group),
        None => {}
    }
    let mut report = Report::new();
    words::try_all(&mut report);
    for (what, case) in [breaking::CASES, asking::CASES, races::CASES].concat() {
        report.check(what, case());
    }
    rows::try_all(&mut report);
    report.finish()
}

fn only(group: &str) -> ExitCode {
    let mut report = Report::new();
    match group {
        "words" => words::try_all(&mut report),
        "rows" => rows::try_all(&mut report),
        _ => {
            for (what, case) in [breaking::CASES, asking::CASES, races::CASES].concat() {
                if what.contains(group) {
                    report.check(what, case());
                }
            }
        }
    }
    report.finish()
}
