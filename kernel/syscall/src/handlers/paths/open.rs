//! Opening.

use super::masked;
use crate::Context;
use crate::arguments::{At, UserPath};
use crate::handlers::descriptors::slot_flags;
use abi::table::FlagWord;
use abi::types::OpenHow;
use abi::{Errno, Mode, OpenFlags, ResolveFlags, Result};
use caps::Rights;
use mm::user::{Source, UserPtr};
use object::LookupFlags;
use object::namespace::rights_for;
use process::gate;
use process::promise_rules::Use;

/// The largest `struct open_how` that is looked at.
const HOW_MAX: usize = 4096;

/// Opens a path from the working directory.
pub fn open(cx: &mut Context, path: UserPath, flags: OpenFlags, mode: Mode) -> Result<usize> {
    openat(cx, At::cwd(Rights::LOOKUP), path, flags, mode)
}

/// Opens for writing only, making the file or emptying it.
pub fn creat(cx: &mut Context, path: UserPath, mode: Mode) -> Result<usize> {
    open(cx, path, OpenFlags::CREATE | OpenFlags::WRITE_ONLY | OpenFlags::TRUNCATE, mode)
}

/// Opens a path from a directory into the lowest free slot; flags that have no meaning are ignored.
pub fn openat(cx: &mut Context, directory: At, path: UserPath, flags: OpenFlags, mode: Mode) -> Result<usize> {
    // Bits without meaning have always been ignored here.
    let flags = OpenFlags::from_bits_truncate(flags.bits());
    open_beneath(cx, directory, path, flags, mode, LookupFlags::empty())
}

/// Does the same with rules for the look-up: here unknown flags are EINVAL, a longer structure E2BIG unless zero.
/// RESOLVE_CACHED is always EAGAIN.
pub fn openat2(cx: &mut Context, directory: At, path: UserPath, how: UserPtr<OpenHow>, size: usize) -> Result<usize> {
    let how = read_how(how, size)?;
    let flags = u32::try_from(how.flags).map(|word| OpenFlags::from_word(word.into())).map_err(|_| Errno::EINVAL)?;
    let resolve = ResolveFlags::from_bits(how.resolve).ok_or(Errno::EINVAL)?;
    let makes = flags.contains(OpenFlags::CREATE) || flags.contains(OpenFlags::TEMPORARY);
    if flags.has_unknown() || how.mode & !0o7777 != 0 || (how.mode != 0 && !makes) {
        return Err(Errno::EINVAL);
    }
    if resolve.contains(ResolveFlags::BENEATH | ResolveFlags::IN_ROOT) {
        return Err(Errno::EINVAL);
    }
    if resolve.contains(ResolveFlags::CACHED) {
        return Err(Errno::EAGAIN);
    }
    let mode = Mode::from_raw(how.mode as u32);
    open_beneath(cx, directory, path, flags, mode, LookupFlags::from_resolve(resolve))
}

/// Copies a structure that may be longer than the one known here, if what is beyond is zero.
fn read_how(how: UserPtr<OpenHow>, size: usize) -> Result<OpenHow> {
    let known = size_of::<OpenHow>();
    if size < known {
        return Err(Errno::EINVAL);
    }
    if size > HOW_MAX {
        return Err(Errno::E2BIG);
    }
    let mut rest = Source::from_user(how.address().wrapping_add(known as u64), size - known);
    let mut byte = [0];
    while rest.remaining() > 0 {
        rest.copy_to(&mut byte)?;
        if byte[0] != 0 {
            return Err(Errno::E2BIG);
        }
    }
    how.read()
}

fn open_beneath(
    cx: &Context,
    directory: At,
    path: UserPath,
    flags: OpenFlags,
    mode: Mode,
    how: LookupFlags,
) -> Result<usize> {
    if flags.contains(OpenFlags::CREATE | OpenFlags::DIRECTORY) || flags.bits() & 3 == 3 {
        return Err(Errno::EINVAL);
    }
    let path = path.read()?;
    gate::demand_path(cx, &path, Use::Open(flags))?;
    let base = directory.and(rights_to_open(flags)).base_within(cx, &path, how)?;
    base.demand_inherited(rights_to_open(flags) - Rights::CREATE)?;
    let slot = cx.table.reserve()?;
    let opened = object::namespace::open(base.lookup(how), &path, flags, masked(cx, mode))?;
    let rights = rights_for(opened.object.as_ref(), Rights::ALL);
    Ok(slot.commit_capability(base.capability(opened, rights), slot_flags(flags)) as usize)
}

/// What a directory must allow for something to be opened so beneath it.
fn rights_to_open(flags: OpenFlags) -> Rights {
    let mut rights = Rights::NONE;
    if flags.can_read() {
        rights |= Rights::READ;
    }
    if flags.can_write() {
        rights |= Rights::WRITE;
    }
    if flags.contains(OpenFlags::CREATE) || flags.contains(OpenFlags::TEMPORARY) {
        rights |= Rights::CREATE;
    }
    if flags.contains(OpenFlags::TRUNCATE) {
        rights |= Rights::FTRUNCATE;
    }
    rights
}
