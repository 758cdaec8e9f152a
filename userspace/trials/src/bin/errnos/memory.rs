//! Cases of calls of the family `memory`.

use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use trials::lend::without;
use trials::raw::{CLOSED, call, map, open};

use crate::Case;
use crate::attempt::{Attempt, become_nobody, pages};
use crate::kit::{empty_pipe, limit};

const READ: usize = libc::PROT_READ as usize;
const WRITE: usize = libc::PROT_WRITE as usize;
const PRIVATE: usize = libc::MAP_PRIVATE as usize;
const SHARED: usize = libc::MAP_SHARED as usize;
/// A flag that only MAP_SHARED_VALIDATE looks at.
const UNKNOWN: usize = 1 << 29;

/// Maps a slot.
fn mapping(attempt: Attempt, slot: usize) -> Attempt {
    attempt.with("fd", slot).with("flags", PRIVATE)
}

/// Nothing may be locked.
fn lock_nothing() -> Result<()> {
    limit(libc::RLIMIT_MEMLOCK, 0)?;
    become_nobody()
}

pub(crate) const CASES: &[Case] = &[
    ("mmap", Errno::EBADF, |it| mapping(it, CLOSED).call()),
    ("mmap", Errno::EACCES, |it| mapping(it, open("file", libc::O_WRONLY)?).call()),
    ("mmap", Errno::EINVAL, |it| it.with("len", 0).call()),
    ("mmap", Errno::EINVAL, |it| it.with("flags", 0).call()),
    ("mmap", Errno::ENODEV, |it| mapping(it, empty_pipe()?).call()),
    ("mmap", Errno::EEXIST, |it| {
        let flags = PRIVATE | libc::MAP_ANONYMOUS as usize | libc::MAP_FIXED_NOREPLACE as usize;
        it.with("addr", pages(1)?).with("flags", flags).call()
    }),
    ("mmap", Errno::EPERM, |it| {
        it.with("flags", PRIVATE | libc::MAP_ANONYMOUS as usize | libc::MAP_FIXED as usize).call()
    }),
    ("mmap", Errno::EOVERFLOW, |it| {
        mapping(it, open("file", libc::O_RDONLY)?).with("offset", usize::MAX & !0xfff).call()
    }),
    ("mmap", Errno::ENOTCAPABLE, |it| mapping(it, without(open("file", libc::O_RDONLY)?, Rights::MMAP)?).call()),
    ("mmap", Errno::EOPNOTSUPP, |it| {
        let file = open("file", libc::O_RDONLY)?;
        mapping(it, file).with("flags", libc::MAP_SHARED_VALIDATE as usize | UNKNOWN).call()
    }),
    ("mprotect", Errno::EACCES, |it| {
        let shared = map(open("file", libc::O_RDONLY)?, READ as i32, SHARED as i32)?;
        it.with("addr", shared).with("len", 4096).with("prot", READ | WRITE).call()
    }),
    ("munmap mincore madvise mremap", Errno::EINVAL, |it| {
        let address = it.word("addr") + 1;
        it.with("addr", address).call()
    }),
    ("madvise", Errno::EINVAL, |it| it.with("advice", 999).call()),
    ("mremap", Errno::EFAULT, |it| {
        let address = it.word("addr");
        call(number::munmap, &[address, 0x4000])?;
        it.call()
    }),
    ("mremap", Errno::EPERM, |it| {
        let flags = (libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED) as usize;
        it.with("flags", flags).with("new_addr", 0).call()
    }),
    ("mlock munlock", Errno::EINVAL, |it| it.with("len", usize::MAX).call()),
    ("mlockall", Errno::EINVAL, |it| it.with("flags", 0x99).call()),
    ("mlock mlockall", Errno::EPERM, |it| {
        lock_nothing()?;
        it.call()
    }),
];
