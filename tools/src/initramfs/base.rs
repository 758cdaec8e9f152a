//! The base userland: init, busybox and the few files that programs expect.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tree::{Content, Entry, Kind, Origin, Tree, normalize};
use crate::failure::{Context, Result};

/// The time of files that have none of their own (2025-01-01), so that equal boots are equal to the bit.
const BUILD_TIME: u32 = 1_735_689_600;

/// Where the guest's shells look for programs.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// As on today's Linux systems, everything lives below `/usr`.
const LINKS: &[(&str, &str)] = &[
    ("/bin", "usr/bin"),
    ("/sbin", "usr/sbin"),
    ("/lib", "usr/lib"),
    ("/lib64", "usr/lib64"),
    ("/var/run", "/run"),
    ("/etc/mtab", "../proc/self/mounts"),
];

const DIRECTORIES: &[(&str, u32)] = &[
    ("/dev", 0o755),
    ("/etc", 0o755),
    ("/home", 0o755),
    ("/mnt", 0o755),
    ("/proc", 0o555),
    ("/root", 0o700),
    ("/run", 0o755),
    ("/sys", 0o555),
    ("/tmp", 0o1777),
    ("/usr/bin", 0o755),
    ("/usr/lib", 0o755),
    ("/usr/lib64", 0o755),
    ("/usr/local/bin", 0o755),
    ("/usr/sbin", 0o755),
    ("/var/log", 0o755),
    ("/var/tmp", 0o1777),
];

const FILES: &[(&str, &str)] = &[
    ("/etc/group", "root:x:0:\ntty:x:5:\nusers:x:100:\nnogroup:x:65534:\n"),
    ("/etc/hostname", "tessera\n"),
    ("/etc/hosts", "127.0.0.1\tlocalhost tessera\n"),
    ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    ("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"),
    ("/etc/profile", "export PS1='tessera:\\w\\$ '\numask 022\n"),
    ("/etc/shells", "/bin/sh\n"),
];

/// Puts the base userland into the tree: `init`, `busybox` and the `commands` for `/bin` are files of the host.
pub fn lay_out(tree: &mut Tree, init: &Path, busybox: &Path, commands: &[PathBuf]) -> Result<()> {
    let mut insert = |path: &Path, kind: Kind, mode: u32| {
        let entry = Entry { kind, mode, modified: BUILD_TIME, origin: Origin::Base };
        tree.insert(path, entry).context(|| "the base userland".into())
    };
    for (path, target) in LINKS {
        insert(Path::new(path), Kind::Symlink(target.into()), 0o777)?;
    }
    for (path, mode) in DIRECTORIES {
        insert(Path::new(path), Kind::Directory, *mode)?;
    }
    for (path, text) in FILES {
        insert(Path::new(path), Kind::File(Content::Bytes(text.as_bytes().to_vec())), 0o644)?;
    }
    insert(Path::new("/init"), Kind::File(Content::Host(init.to_path_buf())), 0o755)?;
    for command in commands {
        let name = command.file_name().unwrap_or_default();
        insert(&Path::new("/bin").join(name), Kind::File(Content::Host(command.clone())), 0o755)?;
    }
    for applet in applets(busybox)? {
        let path = normalize(&Path::new("/").join(&applet));
        insert(&path, Kind::Symlink("/bin/busybox".into()), 0o777)?;
    }
    insert(Path::new("/bin/busybox"), Kind::File(Content::Host(busybox.to_path_buf())), 0o755)
}

/// Where busybox would install its applets, relative to the root.
fn applets(busybox: &Path) -> Result<Vec<String>> {
    let output =
        Command::new(busybox).arg("--list-full").output().context(|| format!("cannot start {}", busybox.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let is_program = |path: &&str| !path.ends_with("/busybox") && !["linuxrc", "sbin/init"].contains(path);
    Ok(text.lines().filter(is_program).map(str::to_owned).collect())
}
