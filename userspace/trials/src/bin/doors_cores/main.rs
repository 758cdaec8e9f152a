//! Core files: what is in them, where they come to be, and what a process cannot do with them.
//!
//! With the argument `crash`, makes a core of a process with three threads and writes it to standard output.

mod contents;
mod core_file;
mod dying;
mod places;
mod record;

use std::fs;
use std::process::ExitCode;

use trials::{Holds, Report, child};

/// A name and what must hold in a directory of one's own, which is the working directory.
pub(crate) type Case = (&'static str, fn(&str) -> Holds);

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("crash") {
        return dying::print_core();
    }
    if !tessera::system::is_tessera() {
        println!("only Tessera's cores are looked at");
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new();
    for (name, case) in [contents::CASES, places::CASES, record::CASES].concat() {
        let here = format!("/tmp/cores-{}", std::process::id());
        let made = fs::create_dir_all(&here).and_then(|()| fs::write(dying::PATTERN, "core\n"));
        let held = made.map_err(|error| error.to_string()).and_then(|()| {
            child::in_child(|| {
                std::env::set_current_dir(&here).map_err(|error| error.to_string())?;
                case(&here)
            })
        });
        let _ = fs::remove_dir_all(&here);
        report.check(name, held);
    }
    report.finish()
}
