//! Locks on files: `flock`, and `fcntl`'s record locks.

use crate::Context;
use crate::arguments::Slot;
use abi::consts::general;
use abi::types::Flock;
use abi::{Errno, Result};
use caps::Rights;
use mm::user::UserPtr;
use object::locks::{self, Family, LockKind, LockOwner, RangeLock, Waiting};
use object::{Held, Location, OpenFile};

/// Who owns a record lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The process.
    Process,
    /// The open file description.
    OpenFile,
}

const READ_LOCK: i16 = general::F_RDLCK as i16;
const WRITE_LOCK: i16 = general::F_WRLCK as i16;
const UNLOCK: i16 = general::F_UNLCK as i16;

pub(crate) fn flock(cx: &Context, fd: &Held, operation: u32) -> Result<usize> {
    let waiting = if operation & general::LOCK_NB != 0 { Waiting::No } else { Waiting::Yes };
    let owner = open_file(fd)?.lock_owner();
    let location = location(fd)?;
    let kind = match operation & !general::LOCK_NB {
        general::LOCK_SH => LockKind::Shared,
        general::LOCK_EX => LockKind::Exclusive,
        general::LOCK_UN => return locks::unlock(location, Family::Whole, owner, 0, u64::MAX).map(|()| 0),
        _ => return Err(Errno::EINVAL),
    };
    let wanted = RangeLock { owner, kind, start: 0, end: u64::MAX, process: cx.process().id() };
    locks::lock(location, Family::Whole, wanted, waiting).map(|()| 0)
}

/// F_GETLK, F_SETLK and F_SETLKW, and the same for open files.
pub(crate) fn record_lock(cx: &Context, fd: Slot, command: u32, lock: UserPtr<Flock>, scope: Scope) -> Result<usize> {
    let held = fd.get(cx, Rights::FLOCK)?;
    held.demand_fcntl(command)?;
    let asked = lock.read()?;
    let owner = match scope {
        Scope::Process => cx.table.lock_owner(),
        Scope::OpenFile if asked.pid != 0 => return Err(Errno::EINVAL),
        Scope::OpenFile => open_file(&held)?.lock_owner(),
    };
    let (start, end) = range(&held, &asked)?;
    let location = location(&held)?;
    let kind = match asked.kind {
        READ_LOCK => LockKind::Shared,
        WRITE_LOCK => LockKind::Exclusive,
        UNLOCK if is_question(command) => return Err(Errno::EINVAL),
        UNLOCK => return locks::unlock(location, Family::Records, owner, start, end).map(|()| 0),
        _ => return Err(Errno::EINVAL),
    };
    let wanted = RangeLock { owner, kind, start, end, process: cx.process().id() };
    if is_question(command) {
        return lock.write(&answer(asked, locks::conflict(location, &wanted))).map(|()| 0);
    }
    let flags = held.status_flags();
    let is_allowed = if kind == LockKind::Shared { flags.can_read() } else { flags.can_write() };
    if !is_allowed {
        return Err(Errno::EBADF);
    }
    let waits = matches!(command, general::F_SETLKW | general::F_OFD_SETLKW);
    let waiting = if waits { Waiting::Yes } else { Waiting::No };
    locks::lock(location, Family::Records, wanted, waiting).map(|()| 0)
}

const fn is_question(command: u32) -> bool {
    matches!(command, general::F_GETLK | general::F_OFD_GETLK)
}

/// What is told about the lock in the way, or that there is none.
fn answer(asked: Flock, conflict: Option<RangeLock>) -> Flock {
    let Some(conflict) = conflict else { return Flock { kind: UNLOCK, ..asked } };
    let length = if conflict.end == u64::MAX { 0 } else { (conflict.end - conflict.start + 1) as i64 };
    Flock {
        kind: if conflict.kind == LockKind::Shared { READ_LOCK } else { WRITE_LOCK },
        whence: general::SEEK_SET as i16,
        start: conflict.start as i64,
        length,
        pid: if matches!(conflict.owner, LockOwner::OpenFile(_)) { -1 } else { conflict.process },
        ..asked
    }
}

/// The first and the last byte. A negative length lies before the start, none reaches to the end of any file.
fn range(held: &Held, asked: &Flock) -> Result<(u64, u64)> {
    let base = match u32::try_from(asked.whence) {
        Ok(general::SEEK_SET) => 0,
        Ok(general::SEEK_CUR) => held.seek(object::Seek::Current(0))? as i64,
        Ok(general::SEEK_END) => held.node().ok_or(Errno::EINVAL)?.size()? as i64,
        _ => return Err(Errno::EINVAL),
    };
    let start = base.checked_add(asked.start).ok_or(Errno::EOVERFLOW)?;
    let (first, last) = match asked.length {
        0 => (start, i64::MAX),
        ..0 => (start.checked_add(asked.length).ok_or(Errno::EINVAL)?, start - 1),
        length => (start, start.checked_add(length - 1).ok_or(Errno::EOVERFLOW)?),
    };
    let first = u64::try_from(first).map_err(|_| Errno::EINVAL)?;
    let last = if asked.length == 0 { u64::MAX } else { u64::try_from(last).map_err(|_| Errno::EINVAL)? };
    Ok((first, last))
}

fn open_file(held: &Held) -> Result<&OpenFile> {
    held.object().downcast_ref().ok_or(Errno::ENOLCK)
}

fn location(held: &Held) -> Result<&Location> {
    held.location().ok_or(Errno::ENOLCK)
}
