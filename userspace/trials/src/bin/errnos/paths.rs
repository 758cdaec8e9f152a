//! Cases of calls of the family `paths`.

use abi::Errno;
use abi::table::number;
use trials::raw::{AT_FDCWD, call, open, text};

use crate::Case;
use crate::attempt::{Attempt, become_nobody, holding};
use crate::fixture::NOBODY;
use crate::kit::{ignore, interrupt_soon, limit};

/// `openat2`'s flags, mode and rules.
fn how(flags: i32, mode: u64, resolve: u64) -> usize {
    holding([flags as u64, mode, resolve])
}

/// Opens so, whichever of the calls it is.
fn opening(attempt: Attempt, path: &str, flags: i32) -> Attempt {
    let attempt = attempt.with_text("path", path);
    match attempt.row.name {
        "openat2" => attempt.with("how", how(flags, 0, 0)),
        _ => attempt.with("flags", flags as usize),
    }
}

/// The privileges of the user stay, but not for files.
fn become_nobody_for_files() -> abi::Result<()> {
    call(number::setfsuid, &[NOBODY]).map(drop)
}

const REMOVE_DIRECTORY: usize = libc::AT_REMOVEDIR as usize;
const BENEATH: u64 = 8;
const CACHED: u64 = 0x20;
const NO_REPLACE: usize = 1;
/// Microseconds and nanoseconds that there are not in a second.
const BAD_TIMES: [i64; 4] = [0, 2_000_000_000, 0, 2_000_000_000];

pub(crate) const CASES: &[Case] = &[
    ("access faccessat faccessat2", Errno::EROFS, |it| it.with_text("path", "sealed/version").with("mode", 2).call()),
    ("access faccessat", Errno::EINVAL, |it| it.with("mode", 0x100).call()),
    ("chmod fchmodat fchmodat2 chown lchown fchownat", Errno::EPERM, |it| it.call_as_nobody()),
    ("utime utimes futimesat utimensat", Errno::EPERM, |it| it.call_as_nobody()),
    ("utimes futimesat utimensat", Errno::EINVAL, |it| it.with("times", holding(BAD_TIMES)).call()),
    ("chroot", Errno::EPERM, |it| it.call_as_nobody()),
    ("mount umount2", Errno::EACCES, |it| {
        let name = if it.row.name == "mount" { "target" } else { "path" };
        become_nobody_for_files()?;
        it.with_text(name, "locked/file").call()
    }),
    ("fchdir", Errno::EACCES, |it| {
        let locked = open("locked", libc::O_RDONLY)?;
        it.with("fd", locked).call_as_nobody()
    }),
    ("link linkat", Errno::EPERM, |it| it.with_text("old", "directory").call()),
    ("link linkat rename renameat renameat2", Errno::EROFS, |it| {
        it.with_text("old", "sealed/version").with_text("new", "sealed/new").call()
    }),
    ("rename renameat renameat2", Errno::EPERM, |it| {
        it.with_text("old", "shared/owned").with_text("new", "shared/new").call_as_nobody()
    }),
    ("rmdir", Errno::EPERM, |it| it.with_text("path", "shared/directory").call_as_nobody()),
    ("unlink unlinkat", Errno::EPERM, |it| it.with_text("path", "shared/owned").call_as_nobody()),
    ("mkdir mkdirat symlink symlinkat", Errno::EPERM, |it| it.with_text("path", "/proc/new").call()),
    ("mknod mknodat", Errno::EPERM, |it| it.with("mode", libc::S_IFCHR as usize | 0o644).call_as_nobody()),
    ("mknod mknodat", Errno::EINVAL, |it| it.with("mode", 0o170_644).call()),
    ("open openat openat2", Errno::EPERM, |it| opening(it, "file", libc::O_NOATIME).call_as_nobody()),
    ("open openat openat2", Errno::EEXIST, |it| opening(it, "file", libc::O_CREAT | libc::O_EXCL).call()),
    ("open openat", Errno::EINVAL, |it| opening(it, "file", libc::O_CREAT | libc::O_DIRECTORY).call()),
    ("openat2", Errno::EINVAL, |it| it.with("size", 8).call()),
    ("openat2", Errno::EINVAL, |it| it.with("how", how(0, 0o644, 0)).call()),
    ("openat2", Errno::EINVAL, |it| it.with("how", how(0, 0, 1 << 40)).call()),
    ("open openat openat2", Errno::EISDIR, |it| opening(it, "directory", libc::O_RDWR).call()),
    ("open openat openat2", Errno::ENXIO, |it| opening(it, "fifo", libc::O_WRONLY | libc::O_NONBLOCK).call()),
    ("open openat openat2", Errno::EROFS, |it| opening(it, "sealed/version", libc::O_WRONLY).call()),
    ("openat2", Errno::E2BIG, |it| it.with("size", 5000).call()),
    ("openat2", Errno::EAGAIN, |it| it.with("how", how(0, 0, CACHED)).call()),
    ("openat2", Errno::EXDEV, |it| it.with_text("path", "..").with("how", how(0, 0, BENEATH)).call()),
    ("open openat openat2 creat", Errno::EINTR, |it| {
        let it =
            if it.row.name == "creat" { it.with_text("path", "fifo") } else { opening(it, "fifo", libc::O_RDONLY) };
        interrupt_soon()?;
        it.call()
    }),
    ("creat", Errno::EISDIR, |it| it.with_text("path", "directory").call()),
    ("creat", Errno::EROFS, |it| it.with_text("path", "sealed/version").call()),
    ("truncate", Errno::EISDIR, |it| it.with_text("path", "directory").call()),
    ("truncate", Errno::EINVAL, |it| it.with("size", usize::MAX).call()),
    ("truncate", Errno::EFBIG, |it| {
        ignore(libc::SIGXFSZ)?;
        limit(libc::RLIMIT_FSIZE, 0)?;
        it.with("size", 100_000).call()
    }),
    ("link linkat", Errno::EEXIST, |it| it.with_text("new", "link").call()),
    ("mkdir mkdirat mknod mknodat symlink symlinkat", Errno::EEXIST, |it| it.with_text("path", "file").call()),
    ("renameat2", Errno::EEXIST, |it| it.with_text("new", "link").with("flags", NO_REPLACE).call()),
    ("link linkat rename renameat renameat2", Errno::EXDEV, |it| it.with_text("new", "mounted/new").call()),
    ("rename renameat renameat2", Errno::EINVAL, |it| {
        it.with_text("old", "directory").with_text("new", "directory/deeper").call()
    }),
    ("rename renameat renameat2", Errno::EISDIR, |it| it.with_text("new", "empty").call()),
    ("rename renameat renameat2", Errno::ENOTEMPTY, |it| {
        it.with_text("old", "empty").with_text("new", "directory").call()
    }),
    ("rename renameat renameat2", Errno::EBUSY, |it| it.with_text("old", "mounted").call()),
    ("rmdir", Errno::EINVAL, |it| it.with_text("path", "empty/.").call()),
    ("rmdir", Errno::ENOTEMPTY, |it| it.with_text("path", "directory").call()),
    ("rmdir", Errno::EBUSY, |it| it.with_text("path", "mounted").call()),
    ("unlinkat", Errno::ENOTEMPTY, |it| it.with_text("path", "directory").with("flags", REMOVE_DIRECTORY).call()),
    ("unlinkat", Errno::EBUSY, |it| it.with_text("path", "mounted").with("flags", REMOVE_DIRECTORY).call()),
    ("unlink unlinkat", Errno::EISDIR, |it| it.with_text("path", "directory").call()),
    ("readlink readlinkat", Errno::EINVAL, |it| it.with_text("path", "file").call()),
    ("fchmodat2", Errno::EOPNOTSUPP, |it| {
        it.with_text("path", "link").with("flags", libc::AT_SYMLINK_NOFOLLOW as usize).call()
    }),
    ("getcwd", Errno::ERANGE, |it| it.with("size", 1).call()),
    ("getcwd", Errno::ENOENT, |it| {
        call(number::mkdir, &[text("gone"), 0o755])?;
        call(number::chdir, &[text("gone")])?;
        call(number::unlinkat, &[AT_FDCWD, text("../gone"), REMOVE_DIRECTORY])?;
        it.call()
    }),
    ("mount", Errno::EINVAL, |it| it.with("flags", 1 << 40).call()),
    ("mount", Errno::ENODEV, |it| it.with_text("kind", "nonsense").call()),
    ("mount", Errno::ENOTDIR, |it| it.with_text("target", "file").call()),
    ("umount2", Errno::EINVAL, |it| it.with_text("path", "directory").call()),
    ("umount2", Errno::EINVAL, |it| it.with("flags", 0x100).call()),
    ("umount2", Errno::EBUSY, |it| {
        call(number::mkdir, &[text("mounted/inner"), 0o755])?;
        call(number::mount, &[0, text("mounted/inner"), text("tmpfs"), 0, 0])?;
        let result = it.call();
        call(number::umount2, &[text("mounted/inner"), 0])?;
        result
    }),
    ("mount umount2", Errno::EPERM, |it| {
        become_nobody()?;
        it.call()
    }),
];
