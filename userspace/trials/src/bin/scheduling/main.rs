//! Who gets the processors, how much of them and how soon: shares, latency and balance.
//!
//! `scheduling counted [WORDS]` is for a machine whose time is the number of instructions: there the bounds are those
//! that the scheduler promises. Elsewhere the host takes processors away behind the guest's back; what a thread saw of
//! that is allowed for. WORDS choose among the cases.
#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::expect_used, reason = "a trial ends where its machine is another")]

mod balance;
mod calls;
mod crowd;
mod latency;
mod shares;
mod thread_calls;

use std::process::ExitCode;

use trials::{Holds, Report};

/// What time means on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// It is the number of instructions: nobody is held up unseen.
    Counted,
    /// It is the host's.
    Shared,
}

type Case = fn(Machine) -> Holds;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let machine = match arguments.first().map(String::as_str) {
        Some("counted") => Machine::Counted,
        _ => Machine::Shared,
    };
    if machine == Machine::Counted {
        arguments.remove(0);
    }
    let cases: &[(&str, Case)] = &[
        ("share: equal threads on one processor get equal parts", shares::equal_on_one),
        ("share: equal threads on all processors get equal parts", shares::equal_on_all),
        ("share: parts follow the weights", shares::by_weight),
        ("share: a sleeper is not starved and gains nothing", shares::sleeper),
        ("share: napping after each turn gains nothing", shares::napper),
        ("share: the idle policy gets what is left over", shares::idle_policy),
        ("latency: a real-time thread among hogs", latency::real_time),
        ("latency: a fair thread among hogs", latency::fair),
        ("latency: a fair thread with a short slice among hogs", latency::short_slice),
        ("balance: a heavy thread has a processor of its own", balance::by_weight),
        ("balance: threads let go from one processor spread", balance::spread),
        ("calls: policies and their parameters", calls::policies),
        ("calls: attributes, with slices", calls::attributes),
        ("calls: nice values of processes, groups and users", calls::nice_values),
        ("calls: children of who asked for it start afresh", calls::reset_on_fork),
        ("calls: limits bound what who is not the superuser may ask for", calls::limits),
    ];
    let mut report = Report::new();
    for (what, case) in cases {
        if arguments.is_empty() || arguments.iter().any(|word| what.contains(word.as_str())) {
            report.check(what, case(machine));
        }
    }
    report.finish()
}
