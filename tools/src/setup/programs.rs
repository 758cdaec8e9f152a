//! The programs of the host that a boot needs, found or installed.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::initramfs::elf;
use crate::project::Project;
use crate::setup::install::{self, was_cut_short};
use crate::setup::packages::Software;
use crate::setup::qemu::{self, Qemu};

/// Installs all that a boot needs and that is missing, at once: who may not install learns the one command to type, and
/// before anything else is done.
pub fn install_missing(project: &Project) -> Result<()> {
    if missing(project).is_empty() {
        return Ok(());
    }
    let _lock = project.lock("packages")?;
    // Another one may have installed it meanwhile.
    let missing = missing(project);
    if missing.is_empty() {
        return Ok(());
    }
    let old = Qemu::look(project).filter(|qemu| qemu.is_usable() && qemu.is_to_be_replaced(project));
    let result = install::install(project, &missing);
    let Some(old) = old else { return result };
    old.remember_asked(project);
    match result {
        Err(failure) if missing == [Software::Qemu] => {
            install::forget_attempt(project);
            eprintln!("tessera: {failure}");
            eprintln!("tessera: going on with QEMU {}, which is slower; not asked for again", old.version);
            Ok(())
        }
        result => result,
    }
}

fn missing(project: &Project) -> Vec<Software> {
    let is_missing = |software: &Software| {
        let is_there = match software {
            Software::Busybox => look_for_busybox().is_some(),
            _ => Qemu::look(project).is_some_and(|qemu| !qemu.is_to_be_replaced(project)),
        };
        !is_there || was_cut_short(project, *software)
    };
    [Software::Busybox, Software::Qemu].into_iter().filter(is_missing).collect()
}

/// The QEMU to boot with.
pub fn find_qemu(project: &Project) -> Result<PathBuf> {
    install_missing(project)?;
    match Qemu::look(project) {
        Some(qemu) if qemu.is_usable() => Ok(qemu.path),
        Some(qemu) => Err(Failure::machine(qemu.describe_refusal())),
        None => Err(Failure::machine(format!("{} was installed, yet is not to be found in PATH", qemu::PROGRAM))),
    }
}

/// A statically linked busybox: the guest's shell and tools.
pub fn find_busybox(project: &Project) -> Result<PathBuf> {
    if let Some(path) = look_for_busybox() {
        return Ok(path);
    }
    install_missing(project)?;
    look_for_busybox()
        .ok_or_else(|| Failure::machine("busybox was installed, yet no statically linked one is to be found in PATH"))
}

fn look_for_busybox() -> Option<PathBuf> {
    let names = ["busybox", "busybox.static", "busybox-static"];
    names.iter().filter_map(|name| find_in_path(name)).find(|path| elf::is_static(path))
}

/// The program called `name`, which belongs to `software`, installed if need be.
pub fn find_or_install(project: &Project, name: &str, software: Software) -> Result<PathBuf> {
    let found = || find_in_path(name).filter(|_| !was_cut_short(project, software));
    if let Some(path) = found() {
        return Ok(path);
    }
    let _lock = project.lock("packages")?;
    if found().is_none() {
        install::install(project, &[software])?;
    }
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
