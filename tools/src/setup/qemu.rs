//! Which QEMU there is, and whether it will do.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::Project;
use crate::setup::programs::find_in_path;

/// The name of the program.
pub const PROGRAM: &str = "qemu-system-x86_64";
/// The first version whose TCG has x2APIC.
const WANTED: u32 = 9;
/// The oldest that boots us at all, in xAPIC mode, where no newer one can be had.
const OLDEST: u32 = 7;

/// The QEMU in PATH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qemu {
    /// Where it is.
    pub path: PathBuf,
    /// Its major version; 0 if it does not run.
    pub version: u32,
    /// What changes when the file does.
    identity: String,
}

impl Qemu {
    /// Finds it.
    pub fn look(project: &Project) -> Option<Self> {
        let path = find_in_path(PROGRAM)?;
        let metadata = path.metadata().ok()?;
        let identity = format!("{} {} {}", path.display(), metadata.len(), metadata.mtime());
        let version = known_version(project, &identity, &path);
        Some(Self { path, version, identity })
    }

    /// Whether it boots us.
    pub fn is_usable(&self) -> bool {
        self.version >= OLDEST
    }

    /// Whether a newer one should be installed. Asked once of one that is usable: where nothing newer can be had, each
    /// start would ask the package manager in vain.
    pub fn is_to_be_replaced(&self, project: &Project) -> bool {
        let was_asked = || fs::read_to_string(asked(project)).is_ok_and(|identity| identity == self.identity);
        self.version < WANTED && !(self.is_usable() && was_asked())
    }

    /// Remembers that a newer one was asked for.
    pub fn remember_asked(&self, project: &Project) {
        // Only a saving of time: a failure to remember is none.
        let _ = fs::write(asked(project), &self.identity);
    }

    /// Why it cannot be used.
    pub fn describe_refusal(&self) -> String {
        let path = self.path.display();
        match self.version {
            0 => format!("{path} does not run: `{path} --version` shows why"),
            version => format!("{path} is QEMU {version}; {OLDEST} is the oldest that will do, and {WANTED} is better"),
        }
    }
}

fn asked(project: &Project) -> PathBuf {
    project.output.join("qemu-asked")
}

/// The major version. Asking costs a noticeable part of a boot, so the answer is remembered for as long as the binary
/// stays the same.
fn known_version(project: &Project, identity: &str, path: &Path) -> u32 {
    let memory = project.output.join("qemu-version");
    let known = fs::read_to_string(&memory).unwrap_or_default();
    if let Some(version) = known.strip_prefix(identity).and_then(|rest| rest.trim().parse().ok()) {
        return version;
    }
    let Ok(output) = Command::new(path).arg("--version").output() else { return 0 };
    let Some(version) = parse_version(&String::from_utf8_lossy(&output.stdout)) else { return 0 };
    // As above.
    let _ = fs::write(&memory, format!("{identity} {version}"));
    version
}

fn parse_version(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("version ")?;
    rest.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_qemus_banner() {
        assert_eq!(parse_version("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)"), Some(10));
        assert_eq!(parse_version("QEMU emulator version 7.2.17"), Some(7));
        assert_eq!(parse_version("no banner"), None);
    }

    #[test]
    fn a_newer_one_is_asked_for_once_unless_the_old_one_is_useless() {
        let output = std::env::temp_dir().join(format!("tessera-qemu-{}", std::process::id()));
        fs::create_dir_all(&output).unwrap();
        let project = Project { root: output.clone(), output: output.clone() };
        let qemu = |version| Qemu { path: "/q".into(), version, identity: format!("q {version}") };
        assert!(!qemu(WANTED).is_to_be_replaced(&project));
        for version in [0, OLDEST - 1, OLDEST] {
            assert!(qemu(version).is_to_be_replaced(&project), "{version}");
            qemu(version).remember_asked(&project);
            assert_eq!(qemu(version).is_to_be_replaced(&project), version < OLDEST, "{version}");
        }
        // Another binary, another question.
        assert!(qemu(OLDEST + 1).is_to_be_replaced(&project));
        fs::remove_dir_all(output).unwrap();
    }
}
