//! Signals: every way to send one to another process needs the authority for it, the ways through the kernel too.

mod kit;
mod owners;
mod routes;

use std::process::ExitCode;

use trials::{Report, child, raw};

fn main() -> ExitCode {
    if !tessera::system::is_tessera() {
        println!("only Tessera narrows tables");
        return ExitCode::SUCCESS;
    }
    // A signal that does not come is waited for in vain.
    raw::give_up_after(120);
    let mut report = Report::new();
    for (name, case) in [owners::CASES, routes::CASES].concat() {
        report.check(name, child::in_child(case));
    }
    report.finish()
}
