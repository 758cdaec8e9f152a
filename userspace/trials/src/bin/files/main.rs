//! Files, paths and descriptors: what each call answers, the errors first of all. The calls are made raw, so that no library comes between.

#![allow(unsafe_code, reason = "raw system calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]
#![allow(clippy::expect_used, reason = "a trial without its scratch directory has nothing to try")]

mod kit;
mod open_files;
mod paths;
mod slots;

use std::process::ExitCode;

use abi::Result;
use kit::Place;
use trials::{Holds, Report};

type Case = fn(&Place) -> Result<Vec<Holds>>;

fn main() -> ExitCode {
    let mut report = Report::new();
    let place = Place::new();
    let cases: &[(&str, Case)] = &[
        ("opening answers as Linux does", open_files::opening),
        ("openat2 keeps within its limits", open_files::limits),
        ("reads and writes move the offset or leave it", open_files::offsets),
        ("access modes bind", open_files::access_modes),
        ("appending goes to the end", open_files::appending),
        ("sizes change and holes read as zeros", open_files::sizes),
        ("duplicates share the offset, and flags are each slot's own", slots::duplicates),
        ("ranges of slots are closed and marked", slots::ranges),
        ("pipes tell what is wrong with them", slots::pipes),
        ("names are made, renamed and removed", paths::names),
        ("links lead where they should", paths::links),
        ("attributes change and are told", paths::attributes),
        ("a removed working directory has no path", paths::removed),
        ("listings are whole, and refuse small buffers", paths::listings),
        ("copies between files", slots::copies),
        ("record locks keep others off", slots::record_locks),
        ("whole locks keep others off", slots::whole_locks),
        ("path descriptors name and nothing else", open_files::path_only),
    ];
    for (what, case) in cases {
        place.enter(what);
        report.try_case(what, || case(&place));
    }
    report.finish()
}
