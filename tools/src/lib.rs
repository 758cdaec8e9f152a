//! The host side of Tessera: what `cargo run` starts.
//!
//! # Big theory
//!
//! **Purpose.** From nothing but cargo to a running guest: find or install what is missing ([`setup`]), build what is
//! out of date ([`compile`]), compose the files of the guest ([`initramfs`]), start QEMU ([`machine`]), feed and
//! watch it ([`session`]), and end as the guest's program ended. What the kernel recorded is then [`trace`]'s.
//!
//! **Invariants.**
//! - Standard output carries the guest program's output and nothing else. All other words go to standard error.
//! - Nothing of a boot outlives this process: QEMU is killed with its parent, its lines and its initramfs have no
//!   names in the file system, and the terminal is given back as it was found.
//! - Nothing that a guest does or omits can make this process wait for ever.
//! - A start with nothing to do does nothing: sources are compared by a fingerprint, and neither cargo nor a package
//!   manager is started.
//! - Any number of these processes may run at the same time: what they share is written under a file lock.
//!
//! **Locks.** Advisory file locks in the output directory: `build`, `packages`, `iso`; never two at once.
//!
//! **What it must not do.** Decide anything about the guest's policy: the kernel's command line, the run file and the
//! initramfs are all that a guest learns from it.
#![forbid(unsafe_code)]

pub mod boot;
pub mod command_line;
pub mod compile;
pub mod failure;
pub mod gdb;
pub mod help;
pub mod initramfs;
pub mod iso;
pub mod kernel_log;
pub mod link;
pub mod machine;
pub mod project;
pub mod session;
pub mod setup;
pub mod symbols;
pub mod trace;

use std::ffi::OsString;
use std::io::Write;

use command_line::Command;
use failure::{Context, Failure, Result};
use project::Project;

/// Carries out a command line (without the program's own name); returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    match command_line::parse(arguments).and_then(carry_out) {
        Ok(code) => code,
        Err(Failure { code, message }) => {
            eprintln!("tessera: {message}");
            if code == failure::USAGE {
                eprintln!("tessera: `cargo run -- help` explains the command line");
            }
            code
        }
    }
}

fn carry_out(command: Command) -> Result<u8> {
    match command {
        Command::Launch(words) => Err(machine::launch(&words)),
        Command::Help => print(help::TEXT),
        Command::HelpCalls => print(&help::calls()),
        Command::Shell(options) => boot::shell(&Project::locate()?, &options),
        Command::Exec(options, program) => boot::exec(&Project::locate()?, &options, &program),
        Command::SelfTest(options, name) => boot::self_test(&Project::locate()?, &options, &name),
        Command::Archive(options, file) => boot::archive(&Project::locate()?, &options, &file),
        Command::Iso(file) => iso::write(&Project::locate()?, &file),
        Command::Analyse(file) => analyse(&file),
        Command::Gdb => gdb::run(&Project::locate()?),
    }
}

fn analyse(file: &std::path::Path) -> Result<u8> {
    let trace = trace::file::read(file)?;
    print(&trace::analysis::report(&trace))
}

fn print(text: &str) -> Result<u8> {
    std::io::stdout().write_all(text.as_bytes()).context(|| "cannot write".into())?;
    Ok(0)
}
