//! Taking back while others use, copy, hand on and close.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use trials::lend::{derive, revoke};
use trials::raw::{call, close, dup, pipe, poll};
use trials::{Holds, Random, equal, number_argument};

use crate::lending::scratch;

const USERS: usize = 7;
const NOTHING: usize = usize::MAX;

/// One byte at the start of a file.
fn look(slot: usize) -> Result<u8> {
    let mut byte = [0_u8];
    call(number::pread64, &[slot, byte.as_mut_ptr() as usize, 1, 0]).map(|_| byte[0])
}

fn put(slot: usize, byte: u8) -> Result<usize> {
    let byte = [byte];
    call(number::pwrite64, &[slot, byte.as_ptr() as usize, 1, 0])
}

/// Threads read through a lent slot all the time. What is written after it was taken back, none of them sees.
pub(crate) fn nothing_begins_afterwards() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let (lent, looks, seen_late, is_over) =
        (AtomicUsize::new(NOTHING), AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let user = || {
        while !is_over.load(Ordering::Relaxed) {
            match lent.load(Ordering::Acquire) {
                NOTHING => std::thread::yield_now(),
                slot => {
                    if look(slot) == Ok(b'n') {
                        seen_late.fetch_add(1, Ordering::Relaxed);
                    }
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    };
    let ended = std::thread::scope(|scope| {
        (0..USERS).for_each(|_| drop(scope.spawn(user)));
        let rounds = (0..100).try_for_each(|_| {
            put(slot, b'a')?;
            let fresh = derive(slot, Rights::ALL)?;
            lent.store(fresh, Ordering::Release);
            wait_for(&looks, 20);
            revoke(slot)?;
            put(slot, b'n')?;
            wait_for(&looks, 20);
            lent.store(NOTHING, Ordering::Release);
            // The number may be given out again; a user that still has it reads through another loan at worst.
            call(number::dup2, &[fresh, 300])?;
            close(fresh).map(drop)
        });
        is_over.store(true, Ordering::Relaxed);
        rounds
    });
    ended?;
    Ok(vec![equal(seen_late.load(Ordering::Relaxed), 0)])
}

fn wait_for(count: &AtomicUsize, more: usize) {
    let target = count.load(Ordering::Relaxed) + more;
    while count.load(Ordering::Relaxed) < target {
        std::thread::yield_now();
    }
}

/// How many loans the rounds share.
const PLACES: usize = 24;

/// Everything at once, from eight threads. At the end one call takes everything back.
pub(crate) fn rounds() -> Result<Vec<Holds>> {
    trials::raw::give_up_after(600);
    let rounds = number_argument("race", 3000);
    let root = scratch()?;
    let places: Vec<AtomicUsize> = (0..PLACES).map(|_| AtomicUsize::new(NOTHING)).collect();
    let strange = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..=USERS as u64)
            .map(|seed| {
                let places = &places;
                scope.spawn(move || {
                    let mut random = Random::new(seed + 1);
                    (0..rounds).find_map(|_| round(root, places, &mut random))
                })
            })
            .collect();
        threads.into_iter().find_map(|thread| thread.join().unwrap_or(Some("a thread fell over".to_owned())))
    });
    let left: Vec<usize> =
        places.iter().map(|place| place.load(Ordering::Relaxed)).filter(|slot| *slot != NOTHING).collect();
    revoke(root)?;
    // A number in a place may be another's pipe by now; what can still be read is a loan that lives.
    let ended = left.iter().try_for_each(|slot| match look(*slot) {
        Ok(_) => Err(format!("slot {slot} can still be read")),
        Err(_) => Ok(()),
    });
    for slot in &left {
        let _ = close(*slot);
    }
    Ok(vec![strange.map_or(Ok(()), Err), ended, equal(look(root).is_ok(), true), equal(revoke(root), Ok(0))])
}

/// One random deed; what is strange about its answer.
fn round(root: usize, places: &[AtomicUsize], random: &mut Random) -> Option<String> {
    let mine = &places[random.below(PLACES as u64) as usize];
    let other = places[random.below(PLACES as u64) as usize].load(Ordering::Acquire);
    let parent = if other == NOTHING || random.below(3) == 0 { root } else { other };
    let answer = match random.below(16) {
        0..4 => keep(mine, derive(parent, Rights::ALL)),
        4 | 5 => keep(mine, dup(other)),
        6 | 7 => revoke(parent),
        8 => keep(mine, Ok(NOTHING)),
        9 | 10 => look(other).map(usize::from),
        11 => poll(other, libc::POLLIN, 0).map(|found| found as usize),
        12 => map_and_touch(other),
        13 => trials::lend::limit_grant(other, Rights::ALL - Rights::WRITE),
        14 => in_set(other),
        _ => in_child(other),
    };
    // Slots come and go under a thread's hands, and may hold another's pipe or poll set by now; anything else is strange.
    match answer {
        Ok(_) | Err(Errno::EBADF | Errno::ENOTCAPABLE | Errno::EPERM | Errno::EACCES) => None,
        Err(Errno::ESPIPE | Errno::ENODEV | Errno::EINVAL | Errno::ELOOP) => None,
        Err(errno) => Some(format!("a deed came to {errno}")),
    }
}

/// Puts a slot into a place, and closes what was there.
fn keep(place: &AtomicUsize, fresh: Result<usize>) -> Result<usize> {
    let old = place.swap(fresh?, Ordering::AcqRel);
    if old != NOTHING { close(old) } else { Ok(0) }
}

fn map_and_touch(slot: usize) -> Result<usize> {
    let address = trials::raw::map(slot, libc::PROT_READ, libc::MAP_SHARED)?;
    let ends = pipe()?;
    // Asked of the kernel, so that what is gone is an error.
    let written = call(number::write, &[ends[1], address, 1]);
    let _ = (close(ends[0]), close(ends[1]));
    let unmapped = call(number::munmap, &[address, 4096]);
    match written {
        Ok(_) | Err(Errno::EFAULT) => unmapped,
        Err(errno) => Err(errno),
    }
}

fn in_set(slot: usize) -> Result<usize> {
    let set = call(number::epoll_create1, &[0])?;
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
    let event = &raw mut event as usize;
    let added = call(number::epoll_ctl, &[set, libc::EPOLL_CTL_ADD as usize, slot, event]);
    let waited = call(number::epoll_wait, &[set, event, 1, 0]);
    close(set)?;
    added.and(waited)
}

/// A child that copies, reads and takes back what it inherited.
fn in_child(slot: usize) -> Result<usize> {
    // Only plain calls in the child: it is a copy of one thread of many.
    let child = call(number::fork, &[])?;
    if child == 0 {
        let copy = dup(slot);
        let _ = copy.and_then(look);
        let _ = copy.and_then(revoke);
        // Every other one ends as a program that inherits the slot: it finds out that it is not to do anything.
        if slot.is_multiple_of(2) {
            let arguments = [c"revocation".as_ptr() as usize, c"?".as_ptr() as usize, 0];
            let path = c"/proc/self/exe".as_ptr() as usize;
            let _ = call(number::execve, &[path, arguments.as_ptr() as usize, 0]);
        }
        let _ = call(number::exit_group, &[0]);
    }
    call(number::wait4, &[child, 0, 0, 0])
}
