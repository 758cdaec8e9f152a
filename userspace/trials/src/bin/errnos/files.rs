//! Cases of calls of the family `files`.

use abi::Errno;
use abi::table::number;
use abi::types::Statfs;
use trials::raw::{AT_FDCWD, call, open, pipe, text};

use crate::Case;
use crate::attempt::{Attempt, holding};
use crate::kit::{
    broken_pipe, empty_pipe, full_pipe, hung_up_master, hung_up_slave, ignore, interrupt_soon, limit, never_wait,
};

/// At the slot's own place, where the call has one.
fn here(attempt: Attempt, slot: usize) -> Attempt {
    let attempt = attempt.with("fd", slot);
    if attempt.has("flags") { attempt.with("offset", usize::MAX) } else { attempt }
}

/// Writes beyond what a file may be.
fn beyond_limit(attempt: Attempt) -> abi::Result<usize> {
    ignore(libc::SIGXFSZ)?;
    limit(libc::RLIMIT_FSIZE, 0)?;
    attempt.call()
}

/// A timer as a file.
fn timer() -> abi::Result<usize> {
    call(number::timerfd_create, &[libc::CLOCK_MONOTONIC as usize, 0])
}

/// A directory that was removed.
fn removed_directory() -> abi::Result<usize> {
    call(number::mkdir, &[text("removed"), 0o755])?;
    let slot = open("removed", libc::O_RDONLY)?;
    call(number::unlinkat, &[AT_FDCWD, text("removed"), libc::AT_REMOVEDIR as usize])?;
    Ok(slot)
}

pub(crate) const CASES: &[Case] = &[
    ("read readv preadv2", Errno::EINTR, |it| {
        let it = here(it, empty_pipe()?);
        interrupt_soon()?;
        it.call()
    }),
    ("read readv preadv2", Errno::EAGAIN, |it| here(it, never_wait(empty_pipe()?)?).call()),
    ("read readv pread64 preadv preadv2", Errno::EISDIR, |it| it.with("fd", open(".", libc::O_RDONLY)?).call()),
    ("read", Errno::EINVAL, |it| it.with("fd", timer()?).with("count", 4).call()),
    ("readv writev preadv pwritev preadv2 pwritev2", Errno::EINVAL, |it| it.with("count", 5000).call()),
    ("pread64 pwrite64 preadv pwritev", Errno::EINVAL, |it| it.with("offset", usize::MAX).call()),
    ("preadv2 pwritev2", Errno::EINVAL, |it| it.with("offset", usize::MAX - 1).call()),
    ("read readv preadv2", Errno::EIO, |it| here(it, hung_up_master()?).call()),
    ("pread64 preadv preadv2 pwrite64 pwritev pwritev2", Errno::ESPIPE, |it| {
        let [reader, writer] = pipe()?;
        it.clone()
            .with("fd", if it.row.name.starts_with('p') && it.row.name.contains("read") { reader } else { writer })
            .call()
    }),
    ("preadv2 pwritev2", Errno::EOPNOTSUPP, |it| it.with("flags", 0x1000).call()),
    ("write writev pwritev2", Errno::EINTR, |it| {
        let it = here(it, full_pipe()?);
        interrupt_soon()?;
        it.call()
    }),
    ("write writev pwritev2", Errno::EAGAIN, |it| here(it, never_wait(full_pipe()?)?).call()),
    ("write writev", Errno::EINVAL, |it| it.with("fd", timer()?).call()),
    ("write writev pwritev2", Errno::EIO, |it| here(it, hung_up_slave()?).call()),
    ("write writev pwritev2", Errno::EPIPE, |it| here(it, broken_pipe()?).call()),
    ("write writev pwrite64 pwritev pwritev2", Errno::ENOSPC, |it| {
        it.with("fd", open("/dev/full", libc::O_RDWR)?).call()
    }),
    ("write writev pwrite64 pwritev pwritev2", Errno::EFBIG, beyond_limit),
    ("lseek", Errno::EINVAL, |it| it.with("whence", 9).call()),
    ("lseek sync_file_range fadvise64", Errno::ESPIPE, |it| it.with("fd", empty_pipe()?).call()),
    ("fallocate", Errno::ESPIPE, |it| it.with("fd", pipe()?[1]).with("len", 1).call()),
    ("lseek", Errno::EOVERFLOW, |it| it.with("offset", isize::MAX as usize).with("whence", 2).call()),
    ("lseek", Errno::ENXIO, |it| it.with("offset", 1 << 20).with("whence", libc::SEEK_DATA as usize).call()),
    ("sendfile", Errno::EAGAIN, |it| it.with("out", never_wait(full_pipe()?)?).with("count", 8).call()),
    ("sendfile", Errno::EINTR, |it| {
        let it = it.with("out", full_pipe()?).with("count", 8);
        interrupt_soon()?;
        it.call()
    }),
    ("sendfile", Errno::EPIPE, |it| it.with("out", broken_pipe()?).with("count", 8).call()),
    ("sendfile", Errno::ENOSPC, |it| it.with("out", open("/dev/full", libc::O_RDWR)?).with("count", 8).call()),
    ("sendfile", Errno::EIO, |it| it.with("out", hung_up_slave()?).with("count", 8).call()),
    ("sendfile", Errno::EFBIG, |it| {
        beyond_limit(it.with("out", open("directory/inner", libc::O_RDWR)?).with("count", 8))
    }),
    ("sendfile", Errno::EINVAL, |it| it.with("from", empty_pipe()?).with("offset", 0).with("count", 8).call()),
    ("flock", Errno::EAGAIN, |it| {
        call(number::flock, &[open("file", libc::O_RDWR)?, libc::LOCK_EX as usize])?;
        it.with("operation", (libc::LOCK_EX | libc::LOCK_NB) as usize).call()
    }),
    ("flock", Errno::EINTR, |it| {
        call(number::flock, &[open("file", libc::O_RDWR)?, libc::LOCK_EX as usize])?;
        interrupt_soon()?;
        it.call()
    }),
    ("flock", Errno::EINVAL, |it| it.with("operation", 0x99).call()),
    ("flock", Errno::ENOLCK, |it| it.with("fd", empty_pipe()?).call()),
    ("fsync fdatasync", Errno::EINVAL, |it| it.with("fd", empty_pipe()?).call()),
    ("ftruncate", Errno::EINVAL, |it| it.with("size", usize::MAX).call()),
    ("ftruncate", Errno::EFBIG, |it| beyond_limit(it.with("size", 100_000))),
    ("fchmod fchown", Errno::EPERM, |it| it.call_as_nobody()),
    ("fchmod fchown", Errno::EROFS, |it| it.with("fd", open("sealed/version", libc::O_RDONLY)?).call()),
    ("getdents64", Errno::EINVAL, |it| it.with("size", 1).call()),
    ("getdents64", Errno::ENOENT, |it| it.with("fd", removed_directory()?).with("size", 4096).call()),
    ("getdents64", Errno::ENOTDIR, |it| it.with("fd", open("file", libc::O_RDONLY)?).call()),
    ("readahead", Errno::EINVAL, |it| it.with("fd", empty_pipe()?).call()),
    ("fadvise64", Errno::EINVAL, |it| it.with("advice", 99).call()),
    ("sync_file_range", Errno::EINVAL, |it| it.with("flags", 0x99).call()),
    ("fallocate", Errno::EINVAL, |it| it.with("len", 0).call()),
    ("fallocate", Errno::EFBIG, |it| it.with("offset", isize::MAX as usize).with("len", 8).call()),
    ("fallocate", Errno::ENODEV, |it| it.with("fd", open("/dev/null", libc::O_RDWR)?).with("len", 8).call()),
    ("fallocate", Errno::ENOSPC, |it| it.with("len", 1 << 40).call()),
    ("fallocate", Errno::EOPNOTSUPP, |it| it.with("mode", 0x100).with("len", 8).call()),
    ("copy_file_range", Errno::EINVAL, |it| it.with("flags", 1).call()),
    ("copy_file_range", Errno::EISDIR, |it| it.with("from", open(".", libc::O_RDONLY)?).with("count", 8).call()),
    ("copy_file_range", Errno::EFBIG, |it| beyond_limit(it.with("count", 8).with("to_offset", holding(1_i64 << 20)))),
    ("copy_file_range", Errno::ENOSPC, |it| {
        let to = open("mounted/full", libc::O_RDWR | libc::O_CREAT)?;
        let mut figures = Statfs::default();
        call(number::fstatfs, &[to, std::ptr::from_mut(&mut figures) as usize])?;
        call(number::fallocate, &[to, 0, 0, (figures.blocks_free * figures.block_size) as usize])?;
        let far = holding(figures.blocks * 2 * 4096);
        let result = it.with("count", 8).with("to", to).with("to_offset", far).call();
        call(number::unlink, &[text("mounted/full")])?;
        result
    }),
];
