//! Doors into other processes: their slots, their memory, their terminals' input.

mod kit;
mod memory;
mod slots;
mod terminal;

use std::process::ExitCode;

use trials::Report;
use trials::child::in_child;

fn main() -> ExitCode {
    if !tessera::system::is_tessera() {
        println!("only Tessera narrows tables");
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new();
    for (name, case) in [slots::CASES, memory::CASES, terminal::CASES].concat() {
        report.check(name, in_child(case));
    }
    report.finish()
}
