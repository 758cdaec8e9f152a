//! The Rust targets that the guest's code is built for.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Stdio;

use crate::compile::clean_command;
use crate::failure::{Context, Failure, Result};
use crate::project::Project;

/// Adds, with rustup, those of `targets` whose standard library is missing.
pub fn ensure_targets(project: &Project, targets: &[&str]) -> Result<()> {
    let sysroot = sysroot(project)?;
    let is_missing = |target: &&&str| !sysroot.join("lib/rustlib").join(target).join("lib").is_dir();
    let missing: Vec<&str> = targets.iter().filter(is_missing).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("rustup target add {}", missing.join(" "));
    eprintln!("tessera: {by_hand}");
    let status = clean_command(project, "rustup").args(["target", "add"]).args(&missing).stdout(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::machine(format!(
            "Rust targets are missing, and so is rustup; please install it from https://rustup.rs, then run: {by_hand}"
        ))),
        _ => Err(Failure::machine(format!("Rust targets are missing and could not be added; please run: {by_hand}"))),
    }
}

fn sysroot(project: &Project) -> Result<PathBuf> {
    let output = clean_command(project, "rustc")
        .args(["--print", "sysroot"])
        .stderr(Stdio::inherit())
        .output()
        .context(|| "cannot start rustc".into())?;
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().into())
}
