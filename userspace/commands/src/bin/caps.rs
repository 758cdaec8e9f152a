//! `caps [PID]`: the table of a process, of one's own shell if none is named.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let process = match (arguments.next(), arguments.next()) {
        (None, _) => std::os::unix::process::parent_id(),
        (Some(text), None) if text.parse::<u32>().is_ok_and(|pid| pid > 0) => text.parse().unwrap_or_default(),
        _ => {
            eprintln!("usage: caps [PID]");
            return ExitCode::from(2);
        }
    };
    let path = format!("/proc/{process}/caps");
    let shown = std::fs::read(&path).and_then(|table| io::stdout().write_all(&table));
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("caps: {path}: {error}");
            ExitCode::FAILURE
        }
    }
}
