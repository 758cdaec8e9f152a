//! Asking what would be allowed.

use super::{cwd, empty_path, read, unless_nofollow};
use crate::Context;
use crate::arguments::{At, UserPath};
use abi::{AccessMode, AtFlags, Errno, Result};
use caps::{PathPermissions, Rights};
use object::namespace::MountFlags;
use object::{Credentials, Location, NodeKind};
use process::gate;
use process::promise_rules::Use;

/// Asks about a path from the working directory, for the real ids.
pub fn access(cx: &mut Context, path: UserPath, mode: AccessMode) -> Result<usize> {
    faccessat(cx, cwd(Rights::FSTAT), path, mode)
}

/// Asks about a path from a directory, for the real ids.
pub fn faccessat(cx: &mut Context, directory: At, path: UserPath, mode: AccessMode) -> Result<usize> {
    faccessat2(cx, directory, path, mode, AtFlags::empty())
}

/// Asks whether a use would be allowed: for the real ids, or with AT_EACCESS for the effective ones.
/// The view is asked as well, and what the directory passes on: ENOTCAPABLE, as for opening. EROFS for writing to a file or directory of a read-only mount.
pub fn faccessat2(cx: &mut Context, directory: At, path: UserPath, mode: AccessMode, flags: AtFlags) -> Result<usize> {
    let known = AtFlags::EFFECTIVE_ACCESS | AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    if !known.contains(flags) || !AccessMode::all().contains(mode) {
        return Err(Errno::EINVAL);
    }
    let path = read(path, flags)?;
    if let Some(held) = directory.itself(cx, &path, flags)? {
        let credentials = cx.process().credentials();
        return match held.location() {
            Some(location) => check(location, mode, &credentials),
            None => Ok(0),
        };
    }
    gate::demand_path(cx, &path, Use::Look)?;
    let base = directory.base(cx, &path)?;
    // The question is about the real ids, for programs that lend theirs, unless asked otherwise.
    let credentials = match flags.contains(AtFlags::EFFECTIVE_ACCESS) {
        true => base.credentials().clone(),
        false => base.credentials().as_real(),
    };
    let how = unless_nofollow(flags) | empty_path(flags);
    let lookup = base.lookup_as(&credentials, how).needing(permissions_for(mode));
    let found = lookup.find(&path)?;
    base.demand_inherited(rights_for(mode, &found))?;
    check(&found, mode, &credentials)
}

/// What a view must give for what is asked about.
fn permissions_for(mode: AccessMode) -> PathPermissions {
    let mut needed = PathPermissions::empty();
    needed.set(PathPermissions::READ, mode.contains(AccessMode::READ));
    needed.set(PathPermissions::WRITE, mode.contains(AccessMode::WRITE));
    needed.set(PathPermissions::EXECUTE, mode.contains(AccessMode::EXECUTE));
    needed
}

/// What the directory must pass on, from which the path leads there. To search or change a directory, nothing must be opened.
fn rights_for(mode: AccessMode, location: &Location) -> Rights {
    let uses =
        [(AccessMode::READ, Rights::READ), (AccessMode::WRITE, Rights::WRITE), (AccessMode::EXECUTE, Rights::FEXECVE)];
    let count = if location.node().is_directory() { 1 } else { uses.len() };
    let asked = uses[..count].iter().filter(|(asked, _)| mode.contains(*asked));
    asked.fold(Rights::NONE, |all, (_, right)| all | *right)
}

fn check(location: &Location, mode: AccessMode, credentials: &Credentials) -> Result<usize> {
    let node = location.node();
    let is_stored = matches!(node.kind(), NodeKind::File | NodeKind::Directory);
    if mode.contains(AccessMode::WRITE) && is_stored && location.mount().flags().contains(MountFlags::READ_ONLY) {
        return Err(Errno::EROFS);
    }
    if mode.is_empty() || credentials.may(mode, &node.permissions()?, node.kind()) {
        return Ok(0);
    }
    Err(Errno::EACCES)
}
