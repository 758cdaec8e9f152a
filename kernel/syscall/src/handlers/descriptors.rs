//! Calls on slots.

use crate::Context;
use crate::arguments::Slot;
use crate::handlers::{input_owner, seals};
use abi::consts::general;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use caps::{Rights, Root, SlotFlags};
use ipc::eventfd::{EventCounter, Taking};
use mm::user::UserPtr;
use object::input_owner::tell_owner;
use object::namespace::rights_for;
use object::{Held, Object};
use process::{gate, promise_rules};

/// `ioctl`: set and clear O_NONBLOCK, by the number at the argument.
const FIONBIO: u32 = 0x5421;
/// `ioctl`: set and clear O_ASYNC, by the number at the argument.
const FIOASYNC: u32 = 0x5452;
/// `ioctl`: do not close the slot on exec.
const FIONCLEX: u32 = 0x5450;
/// `ioctl`: close the slot on exec.
const FIOCLEX: u32 = 0x5451;

const CLOSE_RANGE_UNSHARE: u32 = 2;
const CLOSE_RANGE_CLOEXEC: u32 = 4;

const EFD_SEMAPHORE: u32 = general::EFD_SEMAPHORE;

/// Empties the slot.
pub fn close(cx: &mut Context, fd: Slot) -> Result<usize> {
    cx.table.close(fd.number()).map(|()| 0)
}

/// Empties all slots of a range, or marks them to be closed on exec.
/// CLOSE_RANGE_UNSHARE is EINVAL with several threads: they have one table.
pub fn close_range(cx: &mut Context, first: u32, last: u32, flags: u32) -> Result<usize> {
    if first > last || flags & !(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) != 0 {
        return Err(Errno::EINVAL);
    }
    // A table is a whole process's; it has no other to leave to its siblings.
    if flags & CLOSE_RANGE_UNSHARE != 0 && cx.process().tasks()?.len() > 1 {
        return Err(Errno::EINVAL);
    }
    if flags & CLOSE_RANGE_CLOEXEC != 0 {
        cx.table.mark_range(first, last);
    } else {
        cx.table.close_range(first, last);
    }
    Ok(0)
}

/// Puts what the slot holds into the lowest free slot too, with no more rights; exec does not close the new slot.
pub fn dup(cx: &mut Context, fd: Slot) -> Result<usize> {
    cx.table.duplicate(fd.number(), 0, SlotFlags::empty()).map(|slot| slot as usize)
}

/// Puts what one slot holds into another, in place of what that held. The same number twice changes nothing.
pub fn dup2(cx: &mut Context, old: Slot, new: Slot) -> Result<usize> {
    if old == new {
        cx.table.slot_flags(old.number())?;
        return Ok(new.number() as usize);
    }
    cx.table.replace(old.number(), new.number(), SlotFlags::empty()).map(|slot| slot as usize)
}

/// Does the same with O_CLOEXEC if asked; the same number twice is EINVAL.
pub fn dup3(cx: &mut Context, old: Slot, new: Slot, flags: OpenFlags) -> Result<usize> {
    if old == new || !OpenFlags::CLOSE_ON_EXEC.contains(flags) {
        return Err(Errno::EINVAL);
    }
    cx.table.replace(old.number(), new.number(), slot_flags(flags)).map(|slot| slot as usize)
}

/// What the flags of an opening say of the slot.
pub(crate) fn slot_flags(flags: OpenFlags) -> SlotFlags {
    if flags.contains(OpenFlags::CLOSE_ON_EXEC) { SlotFlags::CLOSE_ON_EXEC } else { SlotFlags::empty() }
}

/// Puts a new object with all the rights of its access mode into the lowest free slot.
pub(crate) fn install(cx: &Context, object: Arc<dyn Object>, flags: OpenFlags) -> Result<usize> {
    let rights = rights_for(object.as_ref(), Rights::ALL);
    cx.table.install(object, rights, slot_flags(flags)).map(|slot| slot as usize)
}

/// Makes a pipe whose ends are neither non-blocking nor closed on exec.
pub fn pipe(cx: &mut Context, fds: UserPtr<[i32; 2]>) -> Result<usize> {
    pipe2(cx, fds, OpenFlags::empty())
}

/// Makes a pipe, and writes the slots of its reading and its writing end.
/// Where they cannot be written, no slot is taken.
pub fn pipe2(cx: &mut Context, fds: UserPtr<[i32; 2]>, flags: OpenFlags) -> Result<usize> {
    let known = OpenFlags::CLOSE_ON_EXEC | OpenFlags::NONBLOCK | OpenFlags::DIRECT;
    if !known.contains(flags) {
        return Err(Errno::EINVAL);
    }
    let reader_slot = cx.table.reserve()?;
    let writer_slot = cx.table.reserve()?;
    let (reader, writer) = ipc::pipe_end::make_pipe(flags)?;
    fds.write(&[reader_slot.slot(), writer_slot.slot()])?;
    let rights = |end: &Arc<dyn Object>| rights_for(end.as_ref(), Rights::ALL);
    let (reader_rights, writer_rights) = (rights(&reader), rights(&writer));
    reader_slot.commit(reader, reader_rights, slot_flags(flags));
    writer_slot.commit(writer, writer_rights, slot_flags(flags));
    Ok(0)
}

/// Makes a counter without flags, all of which a read takes.
pub fn eventfd(cx: &mut Context, initial: u32) -> Result<usize> {
    eventfd2(cx, initial, 0)
}

/// Makes a counter; with EFD_SEMAPHORE a read takes one of it, else all.
pub fn eventfd2(cx: &mut Context, initial: u32, flags: u32) -> Result<usize> {
    let opening = OpenFlags::from_bits_retain(flags & !EFD_SEMAPHORE);
    if !(OpenFlags::CLOSE_ON_EXEC | OpenFlags::NONBLOCK).contains(opening) {
        return Err(Errno::EINVAL);
    }
    let taking = if flags & EFD_SEMAPHORE != 0 { Taking::One } else { Taking::All };
    install(cx, EventCounter::new(initial, taking, opening)?, opening)
}

/// Does FIOCLEX, FIONCLEX, FIONBIO and FIOASYNC itself and leaves all other requests to the object.
/// The slot's list must allow any of them, and those of terminals need that root capability.
pub fn ioctl(cx: &mut Context, fd: Held, request: u32, argument: usize) -> Result<usize> {
    gate::demand(cx, promise_rules::control(request))?;
    if promise_rules::is_terminal_control(request) {
        gate::demand_root(cx, Root::Terminal)?;
    }
    fd.demand_ioctl(request)?;
    match request {
        FIOCLEX => mark(cx, fd.slot(), SlotFlags::CLOSE_ON_EXEC),
        FIONCLEX => mark(cx, fd.slot(), SlotFlags::empty()),
        FIONBIO => set_flag(&fd, OpenFlags::NONBLOCK, argument),
        FIOASYNC => set_flag(&fd, OpenFlags::ASYNC, argument),
        _ => fd.ioctl(request, argument),
    }
}

/// Sets a status flag, or takes it away, as the number at the argument says.
fn set_flag(fd: &Held, flag: OpenFlags, argument: usize) -> Result<usize> {
    let is_on = UserPtr::<i32>::new(argument as u64).read()? != 0;
    let mut flags = fd.status_flags();
    flags.set(flag, is_on);
    fd.set_status_flags(flags);
    tell_owner(fd.object().as_ref()).map(|()| 0)
}

/// Sets whether exec closes a slot, leaving its other flags.
fn mark(cx: &Context, slot: i32, close: SlotFlags) -> Result<usize> {
    let kept = cx.table.slot_flags(slot)? - SlotFlags::CLOSE_ON_EXEC;
    cx.table.set_slot_flags(slot, kept | close).map(|()| 0)
}

/// Does a command on the slot, its locks or its open object; only the last asks for the right to `fcntl`.
pub fn fcntl(cx: &mut Context, fd: Slot, command: u32, argument: usize) -> Result<usize> {
    gate::demand(cx, promise_rules::file_control(command))?;
    let number = fd.number();
    match command {
        general::F_DUPFD => duplicate(cx, number, argument, SlotFlags::empty()),
        general::F_DUPFD_CLOEXEC => duplicate(cx, number, argument, SlotFlags::CLOSE_ON_EXEC),
        general::F_GETFD => {
            let flags = cx.table.slot_flags(number)?;
            Ok(usize::from(flags.contains(SlotFlags::CLOSE_ON_EXEC)))
        }
        general::F_SETFD if argument as u32 & general::FD_CLOEXEC != 0 => mark(cx, number, SlotFlags::CLOSE_ON_EXEC),
        general::F_SETFD => mark(cx, number, SlotFlags::empty()),
        general::F_GETLK | general::F_SETLK | general::F_SETLKW => {
            super::locks::record_lock(cx, fd, command, UserPtr::new(argument as u64), super::locks::Scope::Process)
        }
        general::F_OFD_GETLK | general::F_OFD_SETLK | general::F_OFD_SETLKW => {
            super::locks::record_lock(cx, fd, command, UserPtr::new(argument as u64), super::locks::Scope::OpenFile)
        }
        _ => {
            let held = fd.get(cx, Rights::FCNTL)?;
            held.demand_fcntl(command)?;
            control(cx, &held, command, argument)
        }
    }
}

fn duplicate(cx: &Context, slot: i32, from: usize, flags: SlotFlags) -> Result<usize> {
    cx.table.duplicate(slot, from as i32, flags).map(|slot| slot as usize)
}

/// The commands on the open object rather than on the slot.
fn control(cx: &Context, held: &Held, command: u32, argument: usize) -> Result<usize> {
    match command {
        general::F_GETFL => Ok((held.status_flags() | OpenFlags::LARGE_FILE).bits() as usize),
        general::F_SETFL => {
            let flags = OpenFlags::from_bits_truncate(argument as u32);
            held.set_status_flags(flags);
            tell_owner(held.object().as_ref()).map(|()| 0)
        }
        general::F_GETPIPE_SZ => pipe_of(held).map(|pipe| pipe.pipe().capacity()),
        general::F_SETPIPE_SZ => pipe_of(held)?.pipe().set_capacity(argument as u32 as usize),
        general::F_GET_SEALS | general::F_ADD_SEALS => seals::control(held, command, argument),
        _ => input_owner::control(cx, held, command, argument),
    }
}

fn pipe_of(held: &Held) -> Result<&ipc::pipe_end::PipeEnd> {
    held.object().downcast_ref().ok_or(Errno::EBADF)
}
