//! Rights on slots, and capabilities lent and taken back.
//!
//! Limits on slots are Capsicum's: a limit replaces what the slot had and may not go beyond it (ENOTCAPABLE). Duplicates
//! that exist already keep theirs; those made later have no more than the slot they were made of.
//!
//! Grants are the other way round: narrowing one narrows everything that derives from it, wherever that has got to.

use crate::Context;
use crate::arguments::Slot;
use crate::handlers::descriptors::slot_flags;
use abi::{Errno, OpenFlags, Result};
use caps::{FcntlSet, IoctlSet, Item, KindSet, Rights, SlotNarrowing, Spelling};
use mm::user::UserPtr;
use object::namespace::rights_for;
use object::narrow::next_cause;
use object::{Held, revocation};
use process::grace::{self, Rest};

/// The most requests that a slot's list may have.
const REQUESTS_MAX: usize = 256;
/// What `cap_ioctls_get` answers for a slot without a list.
const ALL_REQUESTS: usize = isize::MAX as usize;

/// Leaves the slot just these rights: ENOTCAPABLE for one that it, or what was granted, has not.
pub fn cap_rights_limit(cx: &mut Context, fd: Slot, rights: UserPtr<[u64; 2]>) -> Result<usize> {
    let held = fd.get(cx, Rights::NONE)?;
    let rights = read_rights(rights)?;
    // What the slot itself has lost the table knows; what its grant has lost is held no more than that.
    if held.grant().is_some_and(|grant| !grant.limit().contains(rights)) {
        demand_held(&held, rights)?;
    }
    drop(held);
    limit(cx, SlotNarrowing { rights: Some(rights), ..SlotNarrowing::of(fd.number()) })
}

/// Tells the rights that the slot has by now, the low half first.
pub fn cap_rights_get(_cx: &mut Context, fd: Held, rights: UserPtr<[u64; 2]>) -> Result<usize> {
    let bits = fd.rights().bits();
    rights.write(&[bits as u64, (bits >> 64) as u64]).map(|()| 0)
}

/// Leaves the slot just the listed requests of `ioctl`; EINVAL for more than 256.
pub fn cap_ioctls_limit(cx: &mut Context, fd: Slot, requests: UserPtr<u32>, count: usize) -> Result<usize> {
    fd.get(cx, Rights::NONE)?;
    if count > REQUESTS_MAX {
        return Err(Errno::EINVAL);
    }
    let mut listed = requests.read_slice(count)?;
    listed.sort_unstable();
    listed.dedup();
    limit(cx, SlotNarrowing { ioctls: Some(&listed), ..SlotNarrowing::of(fd.number()) })
}

/// Writes as many of the listed requests as there is room for, and says how many there are.
/// Without a list that is the largest number there is.
pub fn cap_ioctls_get(_cx: &mut Context, fd: Held, requests: UserPtr<u32>, count: usize) -> Result<usize> {
    match fd.bounds().map(|bounds| &bounds.ioctls) {
        None | Some(IoctlSet::All) => Ok(ALL_REQUESTS),
        Some(IoctlSet::Listed(listed)) => {
            if count > 0 {
                requests.write_slice(&listed[..listed.len().min(count)])?;
            }
            Ok(listed.len())
        }
    }
}

/// Leaves the slot just these commands of `fcntl`, a bit for each.
pub fn cap_fcntls_limit(cx: &mut Context, fd: Slot, mask: u64) -> Result<usize> {
    limit(cx, SlotNarrowing { fcntls: Some(FcntlSet::from_bits(mask)), ..SlotNarrowing::of(fd.number()) })
}

/// Tells which commands of `fcntl` the slot allows, a bit for each.
pub fn cap_fcntls_get(_cx: &mut Context, fd: Held, mask: UserPtr<u64>) -> Result<usize> {
    let allowed = fd.bounds().map_or(FcntlSet::ALL, |bounds| bounds.fcntls);
    mask.write(&allowed.bits()).map(|()| 0)
}

/// Limits what may be done with what is opened beneath a directory, and beneath what is opened so: at every depth.
pub fn cap_inherited_limit(cx: &mut Context, fd: Slot, rights: UserPtr<[u64; 2]>) -> Result<usize> {
    fd.get_kind(cx, KindSet::DIRECTORY, Rights::NONE, Errno::ENOTDIR)?;
    let rights = read_rights(rights)?;
    limit(cx, SlotNarrowing { inherited: Some(rights), ..SlotNarrowing::of(fd.number()) })
}

/// Tells the rights that what is opened beneath the slot's directory can have at most.
pub fn cap_inherited_get(_cx: &mut Context, fd: Held, rights: UserPtr<[u64; 2]>) -> Result<usize> {
    let bits = fd.inherited().bits();
    rights.write(&[bits as u64, (bits >> 64) as u64]).map(|()| 0)
}

/// Limits a slot, and waits until no other thread goes on with more.
fn limit(cx: &Context, narrowing: SlotNarrowing<'_>) -> Result<usize> {
    cx.table.narrow(&[Item::Slot(narrowing)], next_cause(Spelling::Limit))?;
    grace::settle(cx);
    Ok(0)
}

/// A new slot with the same object and no more than `rights`, which [`cap_revoke`] of `fd` takes back, as does the deadline (on
/// the monotonic clock; 0 for none). What `fd` lacks the new slot lacks; to ask for it is ENOTCAPABLE.
pub fn cap_derive(
    cx: &mut Context,
    fd: Held,
    rights: UserPtr<[u64; 2]>,
    deadline_ns: u64,
    flags: OpenFlags,
) -> Result<usize> {
    if !OpenFlags::CLOSE_ON_EXEC.contains(flags) {
        return Err(Errno::EINVAL);
    }
    let rights = read_rights(rights)?;
    demand_held(&fd, rights)?;
    let reservation = cx.table.reserve()?;
    let lent = cx.table.derive(fd.slot(), rights, next_cause(Spelling::Derive))?;
    // Another thread may have put something else into the slot since it was looked up.
    if !lent.rights.contains(Rights::DERIVE) {
        return Err(Errno::ENOTCAPABLE);
    }
    if let Some(grant) = lent.grant.as_ref().filter(|_| deadline_ns != 0) {
        let cause = object::narrow::cause_of(cx.process().id(), Spelling::Deadline);
        revocation::limit_time(grant, deadline_ns, cause)?;
    }
    Ok(reservation.commit_capability(lent, slot_flags(flags)) as usize)
}

/// Takes back whatever was derived from the slot, from everybody, and says how many grants that were.
pub fn cap_revoke(cx: &mut Context, fd: Held) -> Result<usize> {
    // Whoever waits holds nothing from its table: two that revoke would wait for each other, and who narrows the table need not
    // wait for this.
    let Some(grant) = fd.grant().cloned() else { return Ok(0) };
    drop(fd);
    let _rest = Rest::begin(&cx.task);
    revocation::revoke(&grant, next_cause(Spelling::Revoke))
}

/// Takes from the slot's grant, and from whatever was derived from it, what is not in `rights`. ENOTCAPABLE if the slot has
/// not all of `rights` itself.
pub fn cap_grant_limit(cx: &mut Context, fd: Held, rights: UserPtr<[u64; 2]>) -> Result<usize> {
    let rights = read_rights(rights)?;
    demand_held(&fd, rights)?;
    let (slot, cause) = (fd.slot(), next_cause(Spelling::Narrow));
    drop(fd);
    cx.table.grant_of(slot, cause)?;
    // Looked up again: another thread may have put something else into the slot.
    let held = cx.table.get(slot, Rights::REVOKE)?;
    demand_held(&held, rights)?;
    let grant = held.grant().cloned().ok_or(Errno::EBADF)?;
    drop(held);
    let _rest = Rest::begin(&cx.task);
    revocation::narrow(&grant, rights, cause).map(|()| 0)
}

/// Refuses rights that somebody took from the slot. Those that its object was opened without may be listed: nobody is mistaken
/// about them.
fn demand_held(held: &Held, rights: Rights) -> Result<()> {
    held.demand(rights & rights_for(held.object().as_ref(), Rights::ALL))
}

/// A set of rights as programs hand it over: the low half first. EINVAL for rights that there are not.
fn read_rights(rights: UserPtr<[u64; 2]>) -> Result<Rights> {
    let [low, high] = rights.read()?;
    Rights::from_bits(u128::from(low) | u128::from(high) << 64).ok_or(Errno::EINVAL)
}
