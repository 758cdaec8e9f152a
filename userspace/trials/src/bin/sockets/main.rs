//! Unix sockets: streams, packets and datagrams, names, and the capabilities that they carry.

#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

mod cycles;
mod kit;
mod names;
mod passing;
mod rights;
mod streams;

use std::process::ExitCode;

use trials::Report;

fn main() -> ExitCode {
    let mut report = Report::new();
    streams::run(&mut report);
    names::run(&mut report);
    passing::run(&mut report);
    rights::run(&mut report);
    cycles::run(&mut report);
    report.finish()
}
