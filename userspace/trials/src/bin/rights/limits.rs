//! Limiting a slot, and asking for its limits.

use std::sync::atomic::{AtomicBool, Ordering};

use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use trials::child::in_child;
use trials::lend::{limit, rights as rights_of, words};
use trials::raw::{CLOSED, call, close, dup, fails, open, pipe, read, works, write};
use trials::{Holds, equal};

const ALL_REQUESTS: usize = isize::MAX as usize;

fn scratch() -> Result<usize> {
    let slot = open("/tmp", libc::O_RDWR | libc::O_TMPFILE)?;
    write(slot, b"0123456789")?;
    Ok(slot)
}

pub(crate) fn rights() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let some = Rights::READ | Rights::SEEK | Rights::FSTAT;
    limit(slot, some)?;
    let told = equal(rights_of(slot), Ok(some));
    let again = works(limit(slot, some));
    let wider = fails(limit(slot, some | Rights::WRITE), Errno::ENOTCAPABLE);
    let kept = equal(rights_of(slot), Ok(some));
    let none = works(limit(slot, Rights::NONE));
    let unknown = [0, 1_u64 << 63];
    let unknown = call(number::cap_rights_limit, &[scratch()?, unknown.as_ptr() as usize]);
    Ok(vec![
        told,
        again,
        wider,
        kept,
        none,
        equal(rights_of(slot), Ok(Rights::NONE)),
        fails(read(slot, 1), Errno::ENOTCAPABLE),
        works(close(slot)),
        fails(unknown, Errno::EINVAL),
        fails(limit(CLOSED, Rights::NONE), Errno::EBADF),
        fails(rights_of(CLOSED), Errno::EBADF),
        fails(call(number::cap_rights_limit, &[scratch()?, 16]), Errno::EFAULT),
    ])
}

pub(crate) fn siblings() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let sibling = dup(slot)?;
    limit(slot, Rights::READ | Rights::SEEK)?;
    let copy = dup(slot)?;
    let refused = |slot: usize| fails(write(slot, b"x"), Errno::ENOTCAPABLE);
    Ok(vec![
        refused(slot),
        refused(copy),
        works(write(sibling, b"x")),
        equal(rights_of(copy), rights_of(slot)),
        in_child(|| refused(slot).and(works(write(sibling, b"x")))),
        fails(limit(copy, Rights::READ | Rights::WRITE), Errno::ENOTCAPABLE),
    ])
}

pub(crate) fn ioctls() -> Result<Vec<Holds>> {
    let [reader, writer] = pipe()?;
    write(writer, b"abc")?;
    let list = |slot: usize, requests: &[u32]| {
        call(number::cap_ioctls_limit, &[slot, requests.as_ptr() as usize, requests.len()])
    };
    let told = |slot: usize, count: usize| {
        let mut found = [0_u32; 8];
        let total = call(number::cap_ioctls_get, &[slot, found.as_mut_ptr() as usize, count])?;
        Ok((total, found))
    };
    let (readable, nonblocking) = (libc::FIONREAD as u32, libc::FIONBIO as u32);
    let ask = |slot: usize, request: u32| {
        let mut value = 0_i32;
        call(number::ioctl, &[slot, request as usize, &raw mut value as usize])
    };
    let unlimited = equal(told(reader, 8).map(|(total, _)| total), Ok(ALL_REQUESTS));
    let many = vec![0_u32; 257];
    let too_many = fails(list(reader, &many), Errno::EINVAL);
    list(reader, &[nonblocking, readable])?;
    let mut expected = [0_u32; 8];
    expected[..2].copy_from_slice(&[readable.min(nonblocking), readable.max(nonblocking)]);
    let both = equal(told(reader, 8), Ok((2, expected)));
    let cut = equal(told(reader, 1), Ok((2, [expected[0], 0, 0, 0, 0, 0, 0, 0])));
    let counted = equal(call(number::cap_ioctls_get, &[reader, 0, 0]), Ok(2));
    list(reader, &[readable])?;
    let allowed = works(ask(reader, readable));
    let refused = fails(ask(reader, nonblocking), Errno::ENOTCAPABLE);
    let wider = fails(list(reader, &[readable, nonblocking]), Errno::ENOTCAPABLE);
    limit(reader, Rights::READ)?;
    Ok(vec![
        unlimited,
        too_many,
        both,
        cut,
        counted,
        allowed,
        refused,
        wider,
        fails(ask(reader, readable), Errno::ENOTCAPABLE),
        fails(list(CLOSED, &[readable]), Errno::EBADF),
        fails(told(CLOSED, 1), Errno::EBADF),
        fails(call(number::cap_ioctls_limit, &[writer, 16, 1]), Errno::EFAULT),
    ])
}

pub(crate) fn fcntls() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let control = |slot: usize, command: i32, value: usize| call(number::fcntl, &[slot, command as usize, value]);
    let list = |slot: usize, mask: u64| call(number::cap_fcntls_limit, &[slot, mask as usize]);
    let told = |slot: usize| {
        let mut mask = 0_u64;
        call(number::cap_fcntls_get, &[slot, &raw mut mask as usize])?;
        Ok(mask)
    };
    let (get, set) = (1_u64 << libc::F_GETFL, 1_u64 << libc::F_SETFL);
    let unlimited = equal(told(slot), Ok(u64::MAX));
    list(slot, get)?;
    let without = trials::lend::without(slot, Rights::FCNTL)?;
    Ok(vec![
        unlimited,
        equal(told(slot), Ok(get)),
        works(control(slot, libc::F_GETFL, 0)),
        fails(control(slot, libc::F_SETFL, 0), Errno::ENOTCAPABLE),
        fails(list(slot, get | set), Errno::ENOTCAPABLE),
        works(control(slot, libc::F_GETFD, 0)),
        works(control(slot, libc::F_DUPFD, 0)),
        fails(control(without, libc::F_GETFL, 0), Errno::ENOTCAPABLE),
        fails(control(CLOSED, libc::F_GETFL, 0), Errno::EBADF),
        fails(list(CLOSED, get), Errno::EBADF),
        fails(told(CLOSED), Errno::EBADF),
    ])
}

/// Another thread changes the set between any two looks at it: what comes out must be what one look saw.
pub(crate) fn changing_words() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let (narrow, wide) = (words(Rights::READ), words(Rights::READ | Rights::AUDIT_READ | Rights::SEEK));
    let shared = [std::sync::atomic::AtomicU64::new(narrow[0]), std::sync::atomic::AtomicU64::new(narrow[1])];
    let is_over = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                for from in [wide, narrow] {
                    shared[0].store(from[0], Ordering::Relaxed);
                    shared[1].store(from[1], Ordering::Relaxed);
                }
            }
        });
        let seen: Result<Vec<Rights>> = (0..500)
            .map(|_| {
                let copy = dup(slot)?;
                call(number::cap_rights_limit, &[copy, shared.as_ptr() as usize])?;
                let found = rights_of(copy)?;
                close(copy)?;
                Ok(found)
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        seen
    })?;
    let known = Rights::READ | Rights::AUDIT_READ | Rights::SEEK;
    let strange = seen.iter().find(|found| !known.contains(**found) || !found.contains(Rights::READ));
    Ok(vec![equal(strange, None)])
}
