//! Capabilities lent and taken back: what derives from a slot ends with it, in every process and on every processor.
//!
//! `revocation race` runs the rounds in which uses, copies, forks and closings race with taking back; `revocation many` takes back
//! a hundred thousand at once and tells how long others had to wait meanwhile. `revocation cost` tells what a use of a loan costs.

#![allow(unsafe_code, reason = "raw system calls")]

mod asleep;
mod blocked;
mod cost;
mod lending;
mod many;
mod mappings;
mod racing;
mod sets;

use std::process::ExitCode;

use abi::Result;
use trials::{Holds, Report};

type Case = fn() -> Result<Vec<Holds>>;

const CASES: &[(&str, Case)] = &[
    ("a lent slot has what it was lent with", lending::lends_less),
    ("what derives from a slot ends with it, and nothing else", lending::takes_back),
    ("copies, and those of children, end too", lending::copies_end),
    ("what was opened beneath a lent directory ends with it", lending::opened_beneath),
    ("narrowing a grant narrows what derives from it", lending::narrows),
    ("a loan is over at its deadline", lending::deadline),
    ("a chain of loans ends from any link on", lending::chain),
    ("blocked reads and writes end", blocked::reads_and_writes),
    ("blocked waits for readiness end", blocked::waits),
    ("waits for locks end", blocked::locks),
    ("waits for connections end", blocked::accepts),
    ("waits in another process end", blocked::in_another_process),
    ("a wait on a word of lent memory ends", blocked::futexes),
    ("a member of a poll set that was taken back is silent", sets::members),
    ("a poll set that was taken back is refused", sets::whole_set),
    ("pages leave every address space, and siblings' stay", mappings::leave),
    ("a lent mapping cannot be made to outlive its loan", mappings::cannot_escape),
    ("narrowing takes the right to write from mappings", mappings::narrow),
    ("nothing is read on another processor after taking back", racing::nothing_begins_afterwards),
];

fn main() -> ExitCode {
    // A wait that does not end is a failure, not a hang.
    trials::raw::give_up_after(120);
    let mut report = Report::new();
    match std::env::args().nth(1).as_deref() {
        Some("race") => report.try_case("uses, copies, forks and closings race with taking back", racing::rounds),
        Some("many") => report.try_case("taking back many lets others through", many::take_back),
        Some("cost") => report.try_case("a use of a loan costs little, however deep it lies", cost::of_a_use),
        only => {
            for (what, case) in CASES.iter().filter(|(what, _)| only.is_none_or(|only| what.contains(only))) {
                report.try_case(what, *case);
            }
        }
    }
    report.finish()
}
