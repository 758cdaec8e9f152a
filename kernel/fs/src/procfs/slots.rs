//! The slots of a process's table, as `/proc/PID/fd` and `/proc/PID/fdinfo` show them.

use super::process::Subject;
use super::text::Text;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write;
use object::namespace::path_of;
use object::namespace::view::is_shown;
use object::{Held, Object, Roots, Seek};

/// The slots that are filled, ascending.
pub fn numbers(subject: &Subject) -> Result<Vec<i32>> {
    subject.check_access()?;
    let Some(table) = subject.process.table() else { return Ok(Vec::new()) };
    let shown = table.snapshot()?;
    let mut numbers = mm::alloc::try_vec(shown.len())?;
    numbers.extend(shown.iter().map(|shown| shown.slot));
    Ok(numbers)
}

/// The object in a slot. ENOENT.
pub fn object(subject: &Subject, slot: i32) -> Result<Arc<dyn Object>> {
    held(subject, slot).map(Held::into_object)
}

fn held(subject: &Subject, slot: i32) -> Result<Held> {
    subject.check_access()?;
    let table = subject.process.table().ok_or(Errno::ENOENT)?;
    table.get(slot, caps::Rights::NONE).map_err(|_| Errno::ENOENT)
}

/// A slot, to be gone through. Through another process's only they may go who lack nothing that they could gain so. EACCES.
pub fn enter(subject: &Subject, slot: i32) -> Result<Held> {
    let held = held(subject, slot)?;
    if !subject.is_caller() && object::caller().and_then(|caller| caller.table()).is_some_and(|table| !table.is_whole())
    {
        return Err(Errno::EACCES);
    }
    Ok(held)
}

/// Where a slot's object is.
pub fn path(roots: &Roots, subject: &Subject, slot: i32) -> Result<Vec<u8>> {
    let object = object(subject, slot)?;
    if object.location().is_some_and(|location| !is_shown(location)) {
        return Err(Errno::ENOENT);
    }
    if let Some(path) = object.path() {
        return Ok(path);
    }
    match object.location().map(|location| path_of(roots, location)) {
        Some(Ok(path)) => Ok(path),
        _ => Text::build(|text| write!(text, "anon_inode:[{}]", object.kind().name())),
    }
}

/// The text about a slot: offset, flags, mount and inode.
pub fn text(subject: &Subject, slot: i32) -> Result<Vec<u8>> {
    let object = object(subject, slot)?;
    let table = subject.process.table().ok_or(Errno::ENOENT)?;
    let mut flags = object.status_flags();
    let slot_flags = table.slot_flags(slot).map_err(|_| Errno::ENOENT)?;
    flags.set(OpenFlags::CLOSE_ON_EXEC, slot_flags.contains(caps::SlotFlags::CLOSE_ON_EXEC));
    let offset = object.seek(Seek::Current(0)).unwrap_or(0);
    let inode = object.stat().map_or(0, |stat| stat.inode);
    Text::build(|text| writeln!(text, "pos:\t{offset}\nflags:\t0{:o}\nmnt_id:\t1\nino:\t{inode}", flags.bits()))
}
