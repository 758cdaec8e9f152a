//! Where cores go: the kernel's own capability to put them there, and the pattern of their names.

use super::pattern::{self, Facts, PATTERN_MAX};
use crate::context::Context;
use abi::{Errno, Mode, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::{Rights, Root};
use object::namespace::{Passage, open};
use object::{Credentials, Lookup, LookupFlags, NodeKind, Object, Roots, SetAttributes};
use sync::{Once, SpinLock, ranks};

/// The sink: the whole tree, with every right. Nobody else has it.
static ROOTS: Once<Roots> = Once::new();

/// The pattern, and its length.
static PATTERN: SpinLock<([u8; PATTERN_MAX], usize), ranks::ObjectState> = SpinLock::new(first_pattern());

const fn first_pattern() -> ([u8; PATTERN_MAX], usize) {
    let mut pattern = [0; PATTERN_MAX];
    let (name, _) = pattern.split_at_mut(4);
    name.copy_from_slice(b"core");
    (pattern, 4)
}

/// What is asked of the capability that a relative pattern starts from.
const NEEDED: Rights = Rights::LOOKUP.union(Rights::CREATE).union(Rights::WRITE);

/// Gives the sink its capability. Once, at boot.
pub fn init(roots: Roots) {
    ROOTS.call_once(|| roots);
}

/// Where the paths of cores start.
pub(super) fn roots() -> Option<&'static Roots> {
    ROOTS.get()
}

/// The pattern of the names of cores.
pub fn pattern() -> Result<Vec<u8>> {
    let (pattern, length) = *PATTERN.lock();
    Ok(mm::alloc::try_to_vec(&pattern[..length])?)
}

/// Sets the pattern; whether the caller may is checked already. EINVAL for what would start a program.
pub fn set_pattern(new: &[u8]) -> Result<()> {
    pattern::check(new)?;
    let mut pattern = [0; PATTERN_MAX];
    pattern[..new.len()].copy_from_slice(new);
    *PATTERN.lock() = (pattern, new.len());
    Ok(())
}

/// A new, empty file for the core of the calling process, which is its user's alone.
pub(super) fn make(cx: &Context, facts: &Facts<'_>) -> Result<Arc<dyn Object>> {
    let path = pattern::expand(&pattern()?, facts)?;
    let whose = cx.process().credentials();
    let object = match path.first() {
        None => return Err(Errno::ENOENT),
        Some(b'/') => {
            make_in(Lookup::new(ROOTS.get().ok_or(Errno::ENOENT)?, None, &Credentials::root()), &path, whose.fsuid)
        }
        Some(_) => make_beside(cx, &path, &whose),
    }?;
    let location = object.location().ok_or(Errno::EINVAL)?;
    let (uid, gid) = (Some(whose.fsuid), Some(whose.fsgid));
    location.node().set_attributes(&SetAttributes { uid, gid, ..SetAttributes::default() })?;
    Ok(object)
}

/// Where the process was, by its own authority: no further than that.
fn make_beside(cx: &Context, path: &[u8], whose: &Credentials) -> Result<Arc<dyn Object>> {
    let roots = cx.table.roots();
    let leave = roots.cwd_leave.clone().within(cx.table.root(Root::WorkingDirectory));
    if !(leave.rights() & leave.limit()).contains(NEEDED) {
        return Err(Errno::ENOTCAPABLE);
    }
    let _passage: Passage = leave.begin(NEEDED)?;
    let lookup = Lookup::new(&roots, None, whose).using(NEEDED);
    make_in(lookup.with(LookupFlags::BENEATH | LookupFlags::NO_SYMLINKS), path, whose.fsuid)
}

/// Makes the file. One of the same user that is there already is not written into, since somebody may have it open, but
/// replaced.
fn make_in(lookup: Lookup<'_>, path: &[u8], uid: u32) -> Result<Arc<dyn Object>> {
    let flags = OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::READ_WRITE | OpenFlags::LARGE_FILE;
    let mode = Mode::from_raw(0o600);
    let again = || Lookup { ..copy(&lookup) };
    match open(again(), path, flags, mode) {
        Err(Errno::EEXIST) => {}
        made => return made.map(|opened| opened.object),
    }
    let found = again().with(LookupFlags::NO_FOLLOW).find(path)?;
    if found.node().kind() != NodeKind::File || found.node().permissions()?.uid != uid {
        return Err(Errno::EEXIST);
    }
    again().find_place(path)?.unlink(lookup.credentials)?;
    open(again(), path, flags, mode).map(|opened| opened.object)
}

fn copy<'a>(lookup: &Lookup<'a>) -> Lookup<'a> {
    let Lookup { roots, start, credentials, flags, rights, contained_by, needed } = *lookup;
    Lookup { roots, start, credentials, flags, rights, contained_by, needed }
}
