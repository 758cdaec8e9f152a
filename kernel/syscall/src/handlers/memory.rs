//! Calls on the address space.

use crate::Context;
use crate::arguments::{Slot, UserPath};
use abi::{Errno, MapFlags, MemfdFlags, Protection, RemapFlags, Result, SyncFlags};
use mm::user::UserPtr;

pub fn mmap(
    _cx: &mut Context,
    _addr: u64,
    _len: usize,
    _prot: Protection,
    _flags: MapFlags,
    _fd: Slot,
    _offset: u64,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn mprotect(_cx: &mut Context, _addr: u64, _len: usize, _prot: Protection) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn munmap(_cx: &mut Context, _addr: u64, _len: usize) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn brk(_cx: &mut Context, _addr: u64) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn mremap(
    _cx: &mut Context,
    _addr: u64,
    _old_len: usize,
    _new_len: usize,
    _flags: RemapFlags,
    _new_addr: u64,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn msync(_cx: &mut Context, _addr: u64, _len: usize, _flags: SyncFlags) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn mincore(_cx: &mut Context, _addr: u64, _len: usize, _vector: UserPtr<u8>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn madvise(_cx: &mut Context, _addr: u64, _len: usize, _advice: i32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn mlock(_cx: &mut Context, _addr: u64, _len: usize) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn munlock(_cx: &mut Context, _addr: u64, _len: usize) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn mlockall(_cx: &mut Context, _flags: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn munlockall(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn memfd_create(_cx: &mut Context, _name: UserPath, _flags: MemfdFlags) -> Result<usize> {
    Err(Errno::ENOSYS)
}
