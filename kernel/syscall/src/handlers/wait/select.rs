//! `select` and `pselect6`.

use super::{deadline, interrupted, with_mask};
use crate::{Context, timeout};
use abi::types::{SelectMask, Timespec, Timeval};
use abi::{Errno, Result, SignalSet};
use alloc::vec::Vec;
use caps::Rights;
use mm::user::UserPtr;
use object::Ready;
use object::revocation::Waited;
use sched::Wait;

/// Slots of a word.
const BITS: usize = u64::BITS as usize;

/// What makes a slot readable, writable and exceptional.
const CLASSES: [Ready; 3] =
    [Ready::READABLE.union(Ready::HUP).union(Ready::ERR), Ready::WRITABLE.union(Ready::ERR), Ready::PRI];

/// Waits until a slot of the sets is ready, says how many bits are left, and how much of the time is.
/// EBADF for an empty slot; numbers beyond the limit are ignored.
pub fn select(
    cx: &mut Context,
    count: i32,
    read: UserPtr<u64>,
    write: UserPtr<u64>,
    except: UserPtr<u64>,
    timeout: UserPtr<Timeval>,
) -> Result<usize> {
    let deadline_ns = deadline(cx, timeout::after_timeval(timeout)?);
    let result = wait(cx, count, [read, write, except], deadline_ns);
    // What is left of the time is told back, as on Linux; that it cannot be told is no error.
    if let (Some(timeout), Some(deadline)) = (timeout.non_null(), deadline_ns) {
        let left_us = deadline.saturating_sub(arch::clock::now_ns()) / 1000;
        let left = Timeval { seconds: (left_us / 1_000_000) as i64, microseconds: (left_us % 1_000_000) as i64 };
        let _ = timeout.write(&left);
    }
    result
}

/// Does the same with nanoseconds and another signal mask; the time left is not told, unlike on Linux.
pub fn pselect6(
    cx: &mut Context,
    count: i32,
    read: UserPtr<u64>,
    write: UserPtr<u64>,
    except: UserPtr<u64>,
    timeout: UserPtr<Timespec>,
    mask: UserPtr<SelectMask>,
) -> Result<usize> {
    let deadline_ns = deadline(cx, timeout::after_timespec(timeout)?);
    let SelectMask { set, size } = match mask.non_null() {
        Some(mask) => mask.read()?,
        None => SelectMask::default(),
    };
    with_mask(cx, UserPtr::<SignalSet>::new(set), size as usize, |cx| {
        wait(cx, count, [read, write, except], deadline_ns)
    })
}

/// What is in the slots asked about.
type Objects = Vec<Option<Waited>>;

/// One slot that is asked about.
struct Asked {
    slot: usize,
    /// For which of the three sets.
    sets: [bool; 3],
}

fn wait(cx: &Context, count: i32, sets: [UserPtr<u64>; 3], deadline_ns: Option<u64>) -> Result<usize> {
    // Slots beyond the limit cannot be open.
    let count = usize::try_from(count).map_err(|_| Errno::EINVAL)?.min(cx.table.limit());
    let words = count.div_ceil(BITS);
    let given = read_sets(sets, words)?;
    let (asked, objects) = collect(cx, &given, count)?;
    let mut found = [const { Vec::<u64>::new() }; 3];
    for (found, given) in found.iter_mut().zip(&given) {
        *found = mm::alloc::try_vec_of(0, given.len())?;
    }
    let how = Wait { deadline_ns, ..Wait::INTERRUPTIBLE };
    let ready = ipc::poll::wait_for_any(&objects, how, || {
        let ready = look(&asked, &objects, &mut found);
        (ready > 0).then_some(ready)
    });
    let ready = match ready {
        Ok(ready) => ready.unwrap_or(0),
        Err(Errno::EINTR) => return Err(interrupted(cx, deadline_ns)),
        Err(errno) => return Err(errno),
    };
    for (set, found) in sets.iter().zip(&found) {
        if !set.is_null() {
            set.write_slice(found)?;
        }
    }
    Ok(ready)
}

fn read_sets(sets: [UserPtr<u64>; 3], words: usize) -> Result<[Vec<u64>; 3]> {
    let mut given = [const { Vec::new() }; 3];
    for (given, set) in given.iter_mut().zip(sets) {
        if let Some(set) = set.non_null() {
            *given = set.read_slice(words)?;
        }
    }
    Ok(given)
}

/// The slots asked about and what is in them. EBADF if one is empty.
fn collect(cx: &Context, given: &[Vec<u64>; 3], count: usize) -> Result<(Vec<Asked>, Objects)> {
    let (mut asked, mut objects) = (Vec::new(), Vec::new());
    for slot in 0..count {
        let is_in = |set: &Vec<u64>| set.get(slot / BITS).is_some_and(|word| word >> (slot % BITS) & 1 == 1);
        let sets = [is_in(&given[0]), is_in(&given[1]), is_in(&given[2])];
        if sets.contains(&true) {
            let held = cx.table.get(slot as i32, Rights::EVENT)?;
            mm::alloc::try_push(&mut asked, Asked { slot, sets })?;
            mm::alloc::try_push(&mut objects, Some(Waited::new(&held)))?;
        }
    }
    Ok((asked, objects))
}

/// Fills in what is ready; how many bits are set.
fn look(asked: &[Asked], objects: &[Option<Waited>], found: &mut [Vec<u64>; 3]) -> usize {
    let mut count = 0;
    for (asked, object) in asked.iter().zip(objects) {
        let ready = object.as_ref().map_or(Ready::empty(), Waited::poll);
        for (set, class) in CLASSES.iter().enumerate() {
            if asked.sets[set] && ready.intersects(*class) {
                found[set][asked.slot / BITS] |= 1 << (asked.slot % BITS);
                count += 1;
            }
        }
    }
    count
}
