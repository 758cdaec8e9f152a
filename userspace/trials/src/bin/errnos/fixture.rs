//! A directory with something of each kind in it: the working directory of all attempts.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use abi::table::number;
use trials::raw::{call, text};

/// The directory; removed in the end.
pub(crate) struct Fixture {
    path: PathBuf,
}

/// The user of attempts without privileges.
pub(crate) const NOBODY: usize = 1000;
/// MS_RDONLY.
const READ_ONLY: usize = 1;

impl Fixture {
    /// Makes everything.
    ///
    /// `file`, `program` (cannot be run), `directory` with `inner`, `empty`, `link` to `file`, `loop` to itself, `locked` (nobody
    /// else's), `shared` (sticky, everybody's, with `owned`), `sealed` (procfs, read-only), `mounted` (a tmpfs), `fifo`.
    pub(crate) fn new() -> io::Result<Self> {
        let path = PathBuf::from(format!("/tmp/errnos.{}", std::process::id()));
        fs::create_dir_all(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        std::env::set_current_dir(&path)?;
        let fixture = Self { path };
        fs::write("file", [b'a'; 8192])?;
        fs::write("program", b"not a program")?;
        fs::set_permissions("program", Permissions::from_mode(0o755))?;
        for name in ["directory", "empty", "locked", "shared", "sealed", "mounted"] {
            fs::create_dir(name)?;
        }
        for name in ["directory/inner", "locked/file", "shared/owned"] {
            fs::write(name, b"something")?;
        }
        fs::create_dir("shared/directory")?;
        fs::set_permissions("locked", Permissions::from_mode(0o700))?;
        fs::set_permissions("shared", Permissions::from_mode(0o1777))?;
        symlink("file", "link")?;
        symlink("loop", "loop")?;
        let mount = |path: &str, kind: &str, flags: usize| {
            call(number::mount, &[0, text(path), text(kind), flags, 0])
                .map_err(|errno| io::Error::other(errno.to_string()))
        };
        mount("sealed", "proc", READ_ONLY)?;
        mount("mounted", "tmpfs", 0)?;
        fs::write("mounted/file", b"elsewhere")?;
        call(number::mknod, &[text("fifo"), libc::S_IFIFO as usize | 0o666, 0])
            .map_err(|_| io::Error::other("fifo"))?;
        Ok(fixture)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        for mounted in ["sealed", "mounted"] {
            let _ = call(number::umount2, &[text(mounted), 0]);
        }
        let _ = std::env::set_current_dir("/");
        let _ = fs::remove_dir_all(&self.path);
    }
}
