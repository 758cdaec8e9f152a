//! Installing packages by the system's own package manager, where the user may do so.

use std::io::stderr;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use crate::failure::{Context, Failure, Result};
use crate::project::Project;
use crate::setup::apt;
use crate::setup::programs::find_in_path;

/// What may be missing on a fresh machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Software {
    /// The machine itself.
    Qemu,
    /// The guest's shell and tools.
    Busybox,
    /// The debugger.
    Gdb,
    /// What makes a bootable image.
    Grub,
    /// A C compiler for static programs; for tests.
    MuslGcc,
    /// Another shell; for tests.
    Bash,
    /// Python; for tests.
    Python,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Apt,
    Dnf,
    Pacman,
    Apk,
}

/// Who may install packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// We are root.
    Root,
    /// `sudo` asks for no password.
    Sudo,
    /// Nobody without typing.
    None,
}

const MANAGERS: &[(&str, Manager)] =
    &[("apt-get", Manager::Apt), ("dnf", Manager::Dnf), ("pacman", Manager::Pacman), ("apk", Manager::Apk)];

impl Software {
    fn packages(self, manager: Manager) -> &'static [&'static str] {
        match (self, manager) {
            (Self::Qemu, Manager::Dnf) => &["qemu-system-x86-core"],
            (Self::Qemu, Manager::Apk) => &["qemu-system-x86_64"],
            (Self::Qemu, _) => &["qemu-system-x86"],
            (Self::Busybox, Manager::Apt | Manager::Apk) => &["busybox-static"],
            (Self::Busybox, _) => &["busybox"],
            (Self::Gdb, _) => &["gdb"],
            (Self::MuslGcc, Manager::Apt) => &["musl-tools"],
            (Self::MuslGcc, Manager::Dnf) => &["musl-gcc"],
            (Self::MuslGcc, Manager::Apk) => &["musl-dev", "gcc"],
            (Self::MuslGcc, Manager::Pacman) => &["musl"],
            (Self::Bash, _) => &["bash"],
            (Self::Python, Manager::Apt) => &["python3-minimal"],
            (Self::Python, Manager::Pacman) => &["python"],
            (Self::Python, _) => &["python3"],
            (Self::Grub, Manager::Apt) => &["grub-common", "grub-pc-bin", "grub-efi-amd64-bin", "xorriso", "mtools"],
            (Self::Grub, Manager::Dnf) => &["grub2-tools-extra", "grub2-pc-modules", "xorriso", "mtools"],
            (Self::Grub, Manager::Apk) => &["grub-bios", "grub-efi", "xorriso", "mtools"],
            (Self::Grub, Manager::Pacman) => &["grub", "xorriso", "mtools"],
        }
    }
}

impl Manager {
    fn install(self) -> &'static str {
        match self {
            Self::Apt => "apt-get install -y --no-install-recommends",
            Self::Dnf => "dnf install -y",
            Self::Pacman => "pacman -S --noconfirm --needed",
            Self::Apk => "apk add",
        }
    }
}

/// Installs `software`, or says with which one command the user can.
pub fn install(project: &Project, software: Software) -> Result<()> {
    let _lock = project.lock("packages")?;
    let found = MANAGERS.iter().find(|(program, _)| find_in_path(program).is_some());
    let Some((_, manager)) = found else {
        return Err(Failure::machine(format!(
            "{} is missing, and this system has no package manager that I know; please install it",
            software.packages(Manager::Apt).join(", ")
        )));
    };
    let packages = software.packages(*manager);
    let mut script = format!("{} {}", manager.install(), packages.join(" "));
    if *manager == Manager::Apt {
        script = apt::script(software, &script, packages);
    }
    let privilege = privilege();
    if privilege == Privilege::None {
        return Err(Failure::machine(format!(
            "{} is missing; please run: sudo sh -c \"{}\"",
            packages.join(", "),
            script.replace('\n', " && ")
        )));
    }
    eprintln!("tessera: installing {} (this can take some minutes)", packages.join(", "));
    run_as_root(privilege, &script)?;
    eprintln!("tessera: installed {}", packages.join(", "));
    Ok(())
}

/// Runs the lines of a shell script as root, its output on standard error, until one fails.
fn run_as_root(privilege: Privilege, script: &str) -> Result<()> {
    for line in script.lines() {
        eprintln!("tessera: {line}");
        let mut command = match privilege {
            Privilege::Sudo => Command::new("sudo"),
            _ => Command::new("sh"),
        };
        if privilege == Privilege::Sudo {
            command.args(["-n", "sh"]);
        }
        let output = stderr().as_fd().try_clone_to_owned().context(|| "cannot use standard error".into())?;
        command.arg("-c").arg(line).env("DEBIAN_FRONTEND", "noninteractive");
        let status = command.stdin(Stdio::null()).stdout(Stdio::from(output)).status();
        if !status.context(|| "cannot start a shell".into())?.success() {
            return Err(Failure::machine(format!("this failed: {line}")));
        }
    }
    Ok(())
}

/// How packages may be installed here.
pub fn privilege() -> Privilege {
    if rustix::process::geteuid().is_root() {
        return Privilege::Root;
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if sudo.status().is_ok_and(|status| status.success()) { Privilege::Sudo } else { Privilege::None }
}
