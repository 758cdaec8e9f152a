//! The first program: runs the one that the host asked for, reaps what is left behind, tells the exit code, and
//! powers the machine off.
//!
//! It runs in two stages, both this binary. The first, process 1, starts the second and waits. The second becomes
//! leader of a session, opens the program's streams, and turns into the program; in a process of its own, because the
//! first must stay, and because a session leader must not be a group leader yet.
#![forbid(unsafe_code)]

mod run_file;
mod streams;

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::process::{Pid, WaitOptions, WaitStatus, wait};
use rustix::system::{RebootCommand, reboot};

use run_file::Run;

/// The argument that makes this binary the second stage.
const STAGE: &str = "--start";
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
const SIGNAL_BASE: u8 = 128;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == STAGE) {
        return ExitCode::from(start());
    }
    let code = supervise().unwrap_or_else(|error| {
        complain(&format!("init: {error}"));
        NOT_EXECUTABLE
    });
    if let Err(error) = fs::write("/dev/host/exit", [code]) {
        complain(&format!("init: /dev/host/exit: {error}"));
    }
    let error = reboot(RebootCommand::PowerOff);
    complain(&format!("init: cannot power off: {error:?}"));
    ExitCode::from(code)
}

/// Starts the second stage and reaps until it has ended; returns its exit code.
fn supervise() -> io::Result<u8> {
    let child = Command::new("/init").arg(STAGE).spawn()?;
    loop {
        let Some((id, status)) = wait(WaitOptions::empty())? else { continue };
        if Some(id) == Pid::from_child(&child).into() {
            return Ok(exit_code(status));
        }
    }
}

fn exit_code(status: WaitStatus) -> u8 {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code as u8,
        (_, Some(signal)) => SIGNAL_BASE.wrapping_add(signal as u8),
        _ => NOT_EXECUTABLE,
    }
}

/// The second stage; returns only if the program cannot be started.
fn start() -> u8 {
    let run = Run::read();
    if let Err(error) = streams::open(&run.mode) {
        complain(&format!("init: cannot open the program's streams: {error}"));
        return NOT_EXECUTABLE;
    }
    if let Err(error) = std::env::set_current_dir(&run.directory) {
        eprintln!("init: {}: {error}", run.directory.display());
        return NOT_EXECUTABLE;
    }
    let mut command = Command::new(&run.path);
    command.env_clear().envs(run.environment.iter().map(|(name, value)| (name, value)));
    if let Some((name, arguments)) = run.arguments.split_first() {
        command.arg0(name).args(arguments);
    }
    let error = command.exec();
    eprintln!("{}: {error}", run.path.display());
    if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE }
}

/// Tells the host, whatever streams there are.
fn complain(message: &str) {
    let line = format!("{message}\n");
    if fs::write("/dev/host/stderr", &line).is_err() {
        // The console is the last to tell; if it does not listen, nobody does.
        let _ = fs::write("/dev/console", &line);
    }
}
