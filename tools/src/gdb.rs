//! `gdb`: a debugger on a machine that was started with `--gdb`.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::compile::{self, Variant};
use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::setup::packages::Software;
use crate::setup::programs::find_or_install;

/// Where a waiting machine listens for its debugger.
pub fn socket(project: &Project) -> PathBuf {
    project.output.join("gdb.socket")
}

/// Becomes gdb, with the kernel's symbols, attached to the machine. Returns only if that fails.
pub fn run(project: &Project) -> Result<u8> {
    let socket = socket(project);
    if !socket.exists() {
        return Err(Failure::machine("no machine waits for a debugger; start one in another terminal with --gdb"));
    }
    let gdb = find_or_install(project, "gdb", Software::Gdb)?;
    let kernel = compile::build(project, Variant::Plain)?.kernel;
    let attach = format!("target remote {}", socket.display());
    let error = Command::new(&gdb).arg(kernel).args(["-q", "-ex", &attach]).exec();
    Err(Failure::machine(format!("cannot start {}: {error}", gdb.display())))
}
