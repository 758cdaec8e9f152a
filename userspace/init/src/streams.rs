//! Descriptors 0, 1 and 2 of the program, and the session that it leads.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;

use rustix::process::{ioctl_tiocsctty, setsid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

/// Begins a session; for `terminal` with the console as its controlling terminal and for everything, else with the
/// channels of the host link.
pub fn open(mode: &OsStr) -> io::Result<()> {
    setsid()?;
    if mode == "terminal" {
        let console = OpenOptions::new().read(true).write(true).open("/dev/console")?;
        ioctl_tiocsctty(&console)?;
        dup2_stdin(&console)?;
        dup2_stdout(&console)?;
        dup2_stderr(&console)?;
        return Ok(());
    }
    dup2_stdin(File::open("/dev/host/stdin")?)?;
    dup2_stdout(OpenOptions::new().write(true).open("/dev/host/stdout")?)?;
    dup2_stderr(OpenOptions::new().write(true).open("/dev/host/stderr")?)?;
    Ok(())
}
