//! Tracing: every request and every stop, who may trace whom, and what becomes of it when somebody ends.
//!
//! All but the cases of `authority` hold on Linux, too.

mod authority;
mod calls;
mod ends;
mod events;
mod kit;
mod memory;
mod signals;
mod storm;

use std::process::ExitCode;

use trials::{Report, child};

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let mut report = Report::new();
    let mut cases = [memory::CASES, calls::CASES, signals::CASES, events::CASES, ends::CASES, storm::CASES].concat();
    if tessera::system::is_tessera() {
        cases.extend_from_slice(authority::CASES);
    }
    for (name, case) in cases.into_iter().filter(|(name, _)| name.contains(&wanted)) {
        report.check(name, child::in_child(case));
    }
    report.finish()
}
