//! `poll` and `ppoll`.

use super::{deadline, interrupted, with_mask};
use crate::{Context, timeout};
use abi::types::{Pollfd, Timespec};
use abi::{Errno, Result, SignalSet};
use alloc::vec::Vec;
use caps::Rights;
use mm::user::UserPtr;
use object::revocation::Waited;
use object::{Held, Ready};
use sched::Wait;

/// Waits until one of the slots is ready and says how many are; an empty one is ready with POLLNVAL.
/// A slot whose capability was taken back has an error and a hang-up.
pub fn poll(cx: &mut Context, fds: UserPtr<Pollfd>, count: usize, timeout_ms: i32) -> Result<usize> {
    let deadline_ns = deadline(cx, timeout::after_ms(timeout_ms));
    wait(cx, fds, count, deadline_ns)
}

/// Does the same with a time in nanoseconds and another signal mask; the time left is not told, unlike on Linux.
pub fn ppoll(
    cx: &mut Context,
    fds: UserPtr<Pollfd>,
    count: usize,
    timeout: UserPtr<Timespec>,
    mask: UserPtr<SignalSet>,
    size: usize,
) -> Result<usize> {
    let deadline_ns = deadline(cx, timeout::after_timespec(timeout)?);
    with_mask(cx, mask, size, |cx| wait(cx, fds, count, deadline_ns))
}

fn wait(cx: &Context, fds: UserPtr<Pollfd>, count: usize, deadline_ns: Option<u64>) -> Result<usize> {
    if count > cx.table.limit() {
        return Err(Errno::EINVAL);
    }
    let mut asked = fds.read_slice(count)?;
    let objects = objects_of(cx, &asked)?;
    let how = Wait { deadline_ns, ..Wait::INTERRUPTIBLE };
    let found = ipc::poll::wait_for_any(&objects, how, || {
        let ready = look(&mut asked, &objects);
        (ready > 0).then_some(ready)
    });
    let ready = match found {
        Ok(found) => found.unwrap_or(0),
        Err(Errno::EINTR) => return Err(interrupted(cx, deadline_ns)),
        Err(errno) => return Err(errno),
    };
    fds.write_slice(&asked)?;
    Ok(ready)
}

/// The objects in the slots; `None` where the slot is not to be looked at or has nothing to wait on.
fn objects_of(cx: &Context, asked: &[Pollfd]) -> Result<Vec<Option<Waited>>> {
    let mut objects = mm::alloc::try_vec(asked.len())?;
    for one in asked {
        let held = if one.slot < 0 {
            None
        } else {
            cx.table.get(one.slot, Rights::EVENT).or_else(|_| taken_back(cx, one)).ok()
        };
        objects.push(held.as_ref().map(Waited::new));
    }
    Ok(objects)
}

/// What is in a slot whose capability was taken back: it is told of as an error and a hang-up, not as a slot without anything.
fn taken_back(cx: &Context, one: &Pollfd) -> Result<Held> {
    let held = cx.table.get(one.slot, Rights::NONE)?;
    if held.grant().is_some_and(|grant| grant.is_revoked()) { Ok(held) } else { Err(Errno::EBADF) }
}

/// Fills in what is ready; how many are.
fn look(asked: &mut [Pollfd], objects: &[Option<Waited>]) -> usize {
    let mut count = 0;
    for (one, object) in asked.iter_mut().zip(objects) {
        let wanted = Ready::from_bits_truncate(u32::from(one.events as u16)) | Ready::UNASKED;
        let ready = match object {
            Some(object) => object.poll() & wanted,
            None if one.slot < 0 => Ready::empty(),
            None => Ready::NVAL,
        };
        one.returned = ready.bits() as i16;
        count += usize::from(!ready.is_empty());
    }
    count
}
