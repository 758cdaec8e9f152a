//! `denials [-f]`: the audit log, one denial a line: what was missing, which narrowing took it, what would allow it.
#![forbid(unsafe_code)]

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;

use commands::denial::Denial;

const LOG: &str = "/dev/audit";
const O_NONBLOCK: i32 = 0o4000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let follows = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["-f"] => true,
        _ => {
            eprintln!("usage: denials [-f]");
            return ExitCode::from(2);
        }
    };
    match show(follows) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("denials: {LOG}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Shows what is there, and with `follows` what comes, until the end.
fn show(follows: bool) -> io::Result<()> {
    let flags = if follows { 0 } else { O_NONBLOCK };
    let log = OpenOptions::new().read(true).custom_flags(flags).open(LOG)?;
    let mut output = io::stdout().lock();
    for line in BufReader::new(log).lines() {
        let line = match line {
            Ok(line) => line,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let shown = match Denial::parse(&line).sentence() {
            Some(sentence) => writeln!(output, "{sentence}"),
            None => writeln!(output, "{line}"),
        };
        match shown.and_then(|()| output.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            shown => shown?,
        }
    }
    Ok(())
}
