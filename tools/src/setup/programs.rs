//! The programs of the host that a boot needs, found or installed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Failure, Result};
use crate::initramfs::elf;
use crate::project::Project;
use crate::setup::packages::{self, Software};

/// The first QEMU whose TCG has x2APIC.
const WANTED_QEMU: u32 = 9;
/// The oldest QEMU that boots us at all, in xAPIC mode, where the distribution has no newer one.
const OLDEST_QEMU: u32 = 7;

/// The QEMU to boot with: at least version 9 where it can be had.
pub fn find_qemu(project: &Project) -> Result<PathBuf> {
    let found = || find_in_path("qemu-system-x86_64").map(|path| (qemu_version(project, &path).unwrap_or(0), path));
    if let Some((WANTED_QEMU.., path)) = found() {
        return Ok(path);
    }
    packages::install(project, Software::Qemu)?;
    match found() {
        Some((version @ OLDEST_QEMU.., path)) => {
            if version < WANTED_QEMU {
                eprintln!("tessera: this system offers QEMU {version} only; without x2APIC the machine is slower");
            }
            Ok(path)
        }
        _ => {
            Err(Failure::machine(format!("QEMU {WANTED_QEMU} or newer was installed, yet is not to be found in PATH")))
        }
    }
}

/// A statically linked busybox: the guest's shell and tools.
pub fn find_busybox(project: &Project) -> Result<PathBuf> {
    let names = ["busybox", "busybox.static", "busybox-static"];
    let found = || names.iter().filter_map(|name| find_in_path(name)).find(|path| elf::is_static(path));
    if let Some(path) = found() {
        return Ok(path);
    }
    packages::install(project, Software::Busybox)?;
    found()
        .ok_or_else(|| Failure::machine("busybox was installed, yet no statically linked one is to be found in PATH"))
}

/// The program called `name`, which belongs to `software`, installed if need be.
pub fn find_or_install(project: &Project, name: &str, software: Software) -> Result<PathBuf> {
    if let Some(path) = find_in_path(name) {
        return Ok(path);
    }
    packages::install(project, software)?;
    find_in_path(name).ok_or_else(|| Failure::machine(format!("{name} was installed, yet is not to be found in PATH")))
}

/// The first executable file called `name` in PATH, or in the system's directories.
pub fn find_in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|directory| directory.join(name)).find(|path| is_executable(path))
}

/// Whether `path` is a file that somebody may execute.
pub fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// QEMU's major version. Asking costs a noticeable part of a boot, so the answer is remembered for as long as the
/// binary stays the same.
fn qemu_version(project: &Project, path: &Path) -> Result<u32> {
    let metadata = path.metadata().context(|| format!("cannot read {}", path.display()))?;
    let identity = format!("{} {} {}", path.display(), metadata.len(), metadata.mtime());
    let memory = project.output.join("qemu-version");
    let known = fs::read_to_string(&memory).unwrap_or_default();
    if let Some(version) = known.strip_prefix(&identity).and_then(|rest| rest.trim().parse().ok()) {
        return Ok(version);
    }
    let output = Command::new(path).arg("--version").output().context(|| format!("cannot start {}", path.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = parse_version(&text).ok_or_else(|| Failure::machine(format!("strange QEMU version: {text}")))?;
    // Only a saving of time: a failure to remember is none.
    let _ = fs::write(&memory, format!("{identity} {version}"));
    Ok(version)
}

fn parse_version(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("version ")?;
    rest.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn the_major_version_is_read_from_qemus_banner() {
        assert_eq!(parse_version("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)"), Some(10));
        assert_eq!(parse_version("QEMU emulator version 7.2.17"), Some(7));
        assert_eq!(parse_version("no banner"), None);
    }
}
