//! Ways that might lead around a missing right.

use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use trials::lend::without;
use trials::raw::{call, fails, map, open, peek, pipe, poll, works, write};
use trials::{Holds, equal};

const READ: i32 = libc::PROT_READ;
const WRITE: i32 = libc::PROT_WRITE;
const EXECUTE: i32 = libc::PROT_EXEC;

fn scratch() -> Result<usize> {
    let slot = open("/tmp", libc::O_RDWR | libc::O_TMPFILE)?;
    write(slot, &[b'a'; 4096])?;
    Ok(slot)
}

fn refused<T: std::fmt::Debug + PartialEq>(result: Result<T>) -> Holds {
    fails(result, Errno::ENOTCAPABLE)
}

/// An offset in memory.
fn at(offset: &mut i64) -> usize {
    std::ptr::from_mut(offset) as usize
}

pub(crate) fn seeking() -> Result<Vec<Holds>> {
    let slot = without(scratch()?, Rights::SEEK)?;
    let told = without(scratch()?, Rights::SEEK_SET)?;
    let mut buffer = [0_u8; 8];
    let here = buffer.as_mut_ptr() as usize;
    let vector = [here, 8];
    let vector = vector.as_ptr() as usize;
    let now = usize::MAX;
    Ok(vec![
        refused(call(number::pread64, &[slot, here, 8, 0])),
        refused(call(number::pwrite64, &[slot, here, 8, 0])),
        refused(call(number::preadv, &[slot, vector, 1, 0])),
        refused(call(number::pwritev, &[slot, vector, 1, 0])),
        refused(call(number::preadv2, &[slot, vector, 1, 0, 0, 0])),
        refused(call(number::pwritev2, &[slot, vector, 1, 0, 0, 0])),
        works(call(number::preadv2, &[slot, vector, 1, now, 0, 0])),
        works(call(number::read, &[slot, here, 8])),
        refused(call(number::lseek, &[slot, 0, 1])),
        equal(call(number::lseek, &[told, 0, 1]), Ok(4096)),
        refused(call(number::lseek, &[told, 0, 0])),
        refused(call(number::fallocate, &[slot, 0, 0, 4096])),
    ])
}

pub(crate) fn copying() -> Result<Vec<Holds>> {
    let (from, to) = (scratch()?, scratch()?);
    let (blind, fixed) = (without(from, Rights::READ)?, without(from, Rights::SEEK)?);
    let (mute, stiff) = (without(to, Rights::WRITE)?, without(to, Rights::SEEK)?);
    let [_, writer] = pipe()?;
    let copy = |from: usize, from_offset: usize, to: usize, to_offset: usize| {
        call(number::copy_file_range, &[from, from_offset, to, to_offset, 8, 0])
    };
    let mut places = [0_i64; 2];
    let [first, second] = &mut places;
    let (first, second) = (at(first), at(second));
    Ok(vec![
        refused(copy(blind, first, to, second)),
        refused(copy(from, first, mute, second)),
        refused(copy(fixed, first, to, second)),
        refused(copy(from, first, stiff, second)),
        works(copy(from, first, to, second)),
        refused(call(number::sendfile, &[writer, blind, first, 8])),
        refused(call(number::sendfile, &[writer, fixed, first, 8])),
        refused(call(number::sendfile, &[mute, from, first, 8])),
        works(call(number::sendfile, &[writer, from, first, 8])),
    ])
}

pub(crate) fn mapping() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let (shared, private) = (libc::MAP_SHARED, libc::MAP_PRIVATE);
    let lacking = |rights: Rights| without(slot, rights);
    let written = open("/tmp/rights.mapping", libc::O_WRONLY | libc::O_CREAT)?;
    let read_only = open("/tmp/rights.mapping", libc::O_RDONLY)?;
    let _ = std::fs::remove_file("/tmp/rights.mapping");
    Ok(vec![
        refused(map(lacking(Rights::MMAP)?, READ, shared)),
        refused(map(lacking(Rights::READ)?, READ, shared)),
        refused(map(lacking(Rights::SEEK)?, READ, shared)),
        refused(map(lacking(Rights::SEEK_TELL)?, READ, private)),
        refused(map(lacking(Rights::WRITE)?, READ | WRITE, shared)),
        works(map(lacking(Rights::WRITE)?, READ | WRITE, private)),
        refused(map(lacking(Rights::MMAP_EXECUTE)?, READ | EXECUTE, private)),
        works(map(slot, READ | WRITE | EXECUTE, shared)),
        fails(map(written, READ, private), Errno::EACCES),
        fails(map(read_only, READ | WRITE, shared), Errno::EACCES),
    ])
}

pub(crate) fn protecting() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let protect = |address: usize, protection: i32| call(number::mprotect, &[address, 4096, protection as usize]);
    let unwritable = map(without(slot, Rights::WRITE)?, READ, libc::MAP_SHARED)?;
    let unrunnable = map(without(slot, Rights::MMAP_EXECUTE)?, READ | WRITE, libc::MAP_SHARED)?;
    let own = map(without(slot, Rights::WRITE)?, READ, libc::MAP_PRIVATE)?;
    let whole = map(slot, READ, libc::MAP_SHARED)?;
    let moved = call(number::mremap, &[unwritable, 4096, 8192, 1])?;
    Ok(vec![
        fails(protect(moved, READ | WRITE), Errno::EACCES),
        fails(protect(unrunnable, READ | EXECUTE), Errno::EACCES),
        works(protect(own, READ | WRITE)),
        works(protect(whole, READ | WRITE)),
        equal(peek(whole), Some(b'a')),
    ])
}

pub(crate) fn shared_memory() -> Result<Vec<Holds>> {
    let memory = call(number::memfd_create, &[trials::raw::text("shared"), 0])?;
    write(memory, &[b'm'; 4096])?;
    let reader = without(memory, Rights::WRITE)?;
    let seen = map(reader, READ, libc::MAP_SHARED)?;
    Ok(vec![
        refused(map(reader, READ | WRITE, libc::MAP_SHARED)),
        refused(write(reader, b"x")),
        works(map(memory, READ | WRITE, libc::MAP_SHARED)),
        equal(peek(seen), Some(b'm')),
        fails(call(number::mprotect, &[seen, 4096, (READ | WRITE) as usize]), Errno::EACCES),
        refused(call(number::ftruncate, &[without(memory, Rights::FTRUNCATE)?, 0])),
    ])
}

pub(crate) fn waiting() -> Result<Vec<Holds>> {
    let [reader, writer] = pipe()?;
    write(writer, b"x")?;
    let blind = without(reader, Rights::EVENT)?;
    let set = call(number::epoll_create1, &[0])?;
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
    let event = &raw mut event as usize;
    let add = |set: usize, slot: usize| call(number::epoll_ctl, &[set, libc::EPOLL_CTL_ADD as usize, slot, event]);
    let mut asked = [0_u64; 16];
    asked[blind / 64] = 1 << (blind % 64);
    let (fixed, deaf) = (without(set, Rights::KQUEUE_CHANGE)?, without(set, Rights::KQUEUE_EVENT)?);
    Ok(vec![
        equal(poll(reader, libc::POLLIN, 0), Ok(libc::POLLIN)),
        equal(poll(blind, libc::POLLIN, 0), Ok(libc::POLLNVAL)),
        refused(call(number::select, &[blind + 1, asked.as_mut_ptr() as usize, 0, 0, 0])),
        refused(add(set, blind)),
        refused(add(fixed, reader)),
        works(add(set, reader)),
        refused(call(number::epoll_wait, &[deaf, event, 1, 0])),
        equal(call(number::epoll_wait, &[set, event, 1, 0]), Ok(1)),
    ])
}

pub(crate) fn others() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let lock = libc::flock { l_type: libc::F_RDLCK as i16, l_whence: 0, l_start: 0, l_len: 0, l_pid: 0 };
    let lock = &raw const lock as usize;
    let unlocked = without(slot, Rights::FLOCK)?;
    let process = call(number::pidfd_open, &[std::process::id() as usize, 0])?;
    let unwaited = without(process, Rights::PDWAIT)?;
    Ok(vec![
        refused(call(number::flock, &[unlocked, libc::LOCK_SH as usize])),
        refused(call(number::fcntl, &[unlocked, libc::F_SETLK as usize, lock])),
        works(call(number::fcntl, &[slot, libc::F_SETLK as usize, lock])),
        refused(call(number::waitid, &[libc::P_PIDFD as usize, unwaited, 0, libc::WEXITED as usize, 0])),
        refused(call(number::ioctl, &[without(slot, Rights::IOCTL)?, libc::FIONREAD as usize, 0])),
    ])
}
