//! Every error that a row of the table of system calls declares, provoked.
//!
//! The pairs of row and error are made from the table. What the kinds of a row's arguments tell of (a closed slot, a path that leads
//! nowhere, an unknown flag, …) is provoked by one rule for all rows (`by_kind`); the rest by cases, one file for each family
//! of calls. A pair without either is a failure, as is a call that answers something else. So a row says what its call
//! may return, no more; that it says no less is checked by the kernel (`--append check_errnos`).
//!
//! `errnos FAMILY` tries one family, `errnos FAMILY CALL` one call; `errnos sweep [FAMILY or CALL]` makes allocations of
//! calls fail, one after the other.

#![allow(unsafe_code, reason = "raw system calls")]

mod attempt;
mod attributes;
mod authority;
mod by_kind;
mod capabilities;
mod descriptors;
mod files;
mod fixture;
mod futex;
mod identity;
mod kit;
mod memory;
mod narrowing;
mod outcome;
mod paths;
mod process;
mod ptrace;
mod remote_memory;
mod sched;
mod signals;
mod socket;
mod sweep;
mod system;
mod time;
mod view;
mod wait;

use std::process::ExitCode;

use abi::Errno;
use abi::table::{Row, TABLE};
use attempt::Attempt;
use fixture::Fixture;
use outcome::Outcome;
use trials::{Holds, Report};

/// The calls (by name, with blanks between), what they are to answer, and how to bring that about, in a process of its own.
type Case = (&'static str, Errno, fn(Attempt) -> abi::Result<usize>);

/// The cases of each family.
const FAMILIES: &[(&str, &[Case])] = &[
    ("attributes", attributes::CASES),
    ("authority", authority::CASES),
    ("capabilities", capabilities::CASES),
    ("descriptors", descriptors::CASES),
    ("files", files::CASES),
    ("futex", futex::CASES),
    ("identity", identity::CASES),
    ("memory", memory::CASES),
    ("narrowing", narrowing::CASES),
    ("paths", paths::CASES),
    ("process", process::CASES),
    ("ptrace", ptrace::CASES),
    ("remote_memory", remote_memory::CASES),
    ("sched", sched::CASES),
    ("signals", signals::CASES),
    ("socket", socket::CASES),
    ("system", system::CASES),
    ("time", time::CASES),
    ("view", view::CASES),
    ("wait", wait::CASES),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut report = Report::new();
    let _fixture = match Fixture::new() {
        Ok(fixture) => fixture,
        Err(why) => {
            report.check("the objects to try on", Err(why.to_string()));
            return report.finish();
        }
    };
    let (family, only) = (arguments.first().map(String::as_str), arguments.get(1).map(String::as_str));
    if family == Some("sweep") {
        sweep::run(&mut report, only);
        return report.finish();
    }
    for name in families() {
        if family.is_none_or(|family| family == name) {
            try_family(&mut report, name, only);
        }
    }
    report.finish()
}

/// The families that rows belong to.
fn families() -> Vec<&'static str> {
    let mut names: Vec<_> = TABLE.iter().map(|row| row.family).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn try_family(report: &mut Report, family: &str, only: Option<&str>) {
    let cases = FAMILIES.iter().find(|(name, _)| *name == family).map_or(&[][..], |(_, cases)| cases);
    for (names, errno, _) in cases {
        for name in names.split_whitespace() {
            let is_declared =
                TABLE.iter().any(|row| row.name == name && row.family == family && row.errors.contains(errno));
            if !is_declared {
                report.check(format!("{name} {}", errno.name()), Err("has a case, but no row declares it".into()));
            }
        }
    }
    for row in TABLE.iter().filter(|row| row.family == family && only.is_none_or(|only| only == row.name)) {
        for errno in row.errors {
            report.check(format!("{} {}", row.name, errno.name()), try_pair(row, *errno, cases));
        }
    }
}

/// Holds if whatever is to provoke the error does; by cases where there are any, else by the kinds of the arguments.
fn try_pair(row: &'static Row, errno: Errno, cases: &[Case]) -> Holds {
    let own =
        cases.iter().filter(|(names, what, _)| *what == errno && names.split_whitespace().any(|it| it == row.name));
    let mut outcomes: Vec<Outcome> =
        own.map(|(_, _, provoke)| outcome::in_child(|| provoke(Attempt::of(row)?))).collect();
    if outcomes.is_empty() {
        outcomes = by_kind::provoke(row, errno);
    }
    if outcomes.is_empty() {
        return Err("nothing provokes it".into());
    }
    match outcomes.iter().find(|outcome| **outcome != Outcome::Failed(errno)) {
        Some(other) => Err(format!("found {other:?}")),
        None => Ok(()),
    }
}
