//! What may be missing on a fresh machine, and how each package manager calls it.

/// What may be missing.
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
    /// The tracer of system calls; for tests.
    Strace,
    /// cyclictest, hackbench and pi_stress; for tests.
    RealTimeTests,
    /// stress-ng; for tests.
    Stress,
    /// Suites for real-time schedulers; for tests.
    RtTests,
    /// A suite of loads of every kind; for tests.
    StressNg,
    /// chrt, taskset and the like; for tests.
    UtilLinux,
    /// `top` and its like, which read /proc; for tests.
    Procps,
}

/// A package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// Debian, Ubuntu and their children.
    Apt,
    /// Fedora and its children.
    Dnf,
    /// Arch.
    Pacman,
    /// Alpine.
    Apk,
}

/// The package managers by the names of their programs.
pub const MANAGERS: &[(&str, Manager)] =
    &[("apt-get", Manager::Apt), ("dnf", Manager::Dnf), ("pacman", Manager::Pacman), ("apk", Manager::Apk)];

/// The packages of `manager` that hold `software`.
pub fn packages_of(software: &[Software], manager: Manager) -> Vec<&'static str> {
    software.iter().flat_map(|software| software.packages(manager)).copied().collect()
}

impl Software {
    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qemu => "QEMU for x86-64, version 9 or newer",
            Self::Busybox => "a statically linked busybox",
            Self::Gdb => "gdb",
            Self::Grub => "grub-mkrescue with xorriso and mtools",
            Self::MuslGcc => "musl-gcc",
            Self::Bash => "bash",
            Self::Python => "Python 3",
            Self::Strace => "strace",
            Self::RealTimeTests => "rt-tests",
            Self::Stress => "stress-ng",
            Self::RtTests => "rt-tests",
            Self::StressNg => "stress-ng",
            Self::UtilLinux => "util-linux",
            Self::Procps => "procps",
        }
    }

    fn packages(self, manager: Manager) -> &'static [&'static str] {
        match (self, manager) {
            (Self::Qemu, Manager::Dnf) => &["qemu-system-x86-core"],
            (Self::Qemu, Manager::Apk) => &["qemu-system-x86_64"],
            (Self::Qemu, _) => &["qemu-system-x86"],
            (Self::Busybox, Manager::Apt | Manager::Apk) => &["busybox-static"],
            (Self::Busybox, _) => &["busybox"],
            (Self::Gdb, _) => &["gdb"],
            (Self::Strace, _) => &["strace"],
            (Self::MuslGcc, Manager::Apt) => &["musl-tools"],
            (Self::MuslGcc, Manager::Dnf) => &["musl-gcc"],
            (Self::MuslGcc, Manager::Apk) => &["musl-dev", "gcc"],
            (Self::MuslGcc, Manager::Pacman) => &["musl"],
            (Self::Bash, _) => &["bash"],
            (Self::Python, Manager::Apt) => &["python3-minimal"],
            (Self::Python, Manager::Pacman) => &["python"],
            (Self::Python, _) => &["python3"],
            (Self::RtTests, Manager::Dnf) => &["realtime-tests"],
            (Self::RtTests, _) => &["rt-tests"],
            (Self::StressNg, _) => &["stress-ng"],
            (Self::Procps, Manager::Apt | Manager::Apk) => &["procps"],
            (Self::Procps, _) => &["procps-ng"],
            (Self::RealTimeTests, Manager::Dnf) => &["realtime-tests"],
            (Self::RealTimeTests, _) => &["rt-tests"],
            (Self::Stress, _) => &["stress-ng"],
            (Self::UtilLinux, _) => &["util-linux"],
            (Self::Grub, Manager::Apt) => &["grub-common", "grub-pc-bin", "grub-efi-amd64-bin", "xorriso", "mtools"],
            (Self::Grub, Manager::Dnf) => &["grub2-tools-extra", "grub2-pc-modules", "xorriso", "mtools"],
            (Self::Grub, Manager::Apk) => &["grub-bios", "grub-efi", "xorriso", "mtools"],
            (Self::Grub, Manager::Pacman) => &["grub", "xorriso", "mtools"],
        }
    }
}

impl Manager {
    /// The command that installs the packages named after it, without a question.
    pub fn install(self) -> &'static str {
        match self {
            // Another one that is at work is waited for, in words, but not for ever.
            Self::Apt => "apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends --no-remove",
            Self::Dnf => "dnf install -y",
            Self::Pacman => "pacman -S --noconfirm --needed",
            Self::Apk => "apk add",
        }
    }
}
