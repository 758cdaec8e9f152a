//! Doors around slots that lead through paths: links that stand for slots, links to other processes, names for what has none.

mod inherited;
mod others;
mod slots;

use std::fs;
use std::process::ExitCode;

use trials::child::in_child;
use trials::{Holds, Report};

/// A name and what must hold in a directory of one's own.
pub(crate) type Case = (&'static str, fn(&str) -> Holds);

fn main() -> ExitCode {
    if !tessera::system::is_tessera() {
        println!("only Tessera limits slots");
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new();
    for (name, case) in [slots::CASES, others::CASES, inherited::CASES].concat() {
        let here = format!("/tmp/doors-{}", std::process::id());
        let made = fs::create_dir_all(format!("{here}/sub"))
            .and_then(|()| fs::write(format!("{here}/file"), "0123456789"))
            .and_then(|()| fs::write(format!("{here}/sub/deep"), "deep"));
        let held = made.map_err(|error| error.to_string()).and_then(|()| in_child(|| case(&here)));
        let _ = fs::remove_dir_all(&here);
        report.check(name, held);
    }
    report.finish()
}
