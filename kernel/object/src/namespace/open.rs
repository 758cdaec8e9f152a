//! Opening by path.

use super::change::owner_in;
use super::lookup::{Lookup, LookupFlags, Target};
use super::mount::MountFlags;
use super::view::Sight;
use super::{Found, Location, Through, TrailingSlash};
use crate::{Credentials, NewNode, NodeKind, Object, OpenFile, SetAttributes};
use abi::{AccessMode, Errno, Mode, OpenFlags, Result};
use alloc::sync::Arc;
use caps::{Kind, PathPermissions, Rights};

/// What was opened.
pub struct Opened {
    /// The open file, directory or other object.
    pub object: Arc<dyn Object>,
    /// The slot that the path led through, if it did: what was opened has no more than that.
    pub through: Option<Through>,
}

/// Opens what a path names, making it if the flags ask for that. `mode` has the umask applied.
pub fn open(lookup: Lookup<'_>, path: &[u8], flags: OpenFlags, mode: Mode) -> Result<Opened> {
    let (object, through) = open_target(lookup, path, flags, mode)?;
    Ok(Opened { object, through })
}

fn open_target(
    lookup: Lookup<'_>,
    path: &[u8],
    flags: OpenFlags,
    mode: Mode,
) -> Result<(Arc<dyn Object>, Option<Through>)> {
    let credentials = lookup.credentials;
    // Only what is not there yet has to be made.
    let needed = lookup.needed - PathPermissions::CREATE;
    let lookup = Lookup { needed, ..lookup };
    let mut how = LookupFlags::NAMED;
    if flags.contains(OpenFlags::NO_FOLLOW) || flags.contains(OpenFlags::CREATE | OpenFlags::EXCLUSIVE) {
        how |= LookupFlags::NO_FOLLOW;
    }
    if flags.contains(OpenFlags::DIRECTORY) {
        how |= LookupFlags::DIRECTORY;
    }
    if flags.contains(OpenFlags::TEMPORARY) {
        let directory = lookup.with(how).needing(PathPermissions::CREATE).find_seen(path)?;
        let object = open_unnamed(&directory.location, flags, mode, credentials)?;
        return Ok((object, directory.through));
    }
    let is_creating = flags.contains(OpenFlags::CREATE) && !flags.contains(OpenFlags::PATH);
    if is_creating && path.last() == Some(&b'/') {
        return Err(Errno::EISDIR);
    }
    let lookup = lookup.with(how);
    match lookup.find_target(path)? {
        Target::Found(_) if is_creating && flags.contains(OpenFlags::EXCLUSIVE) => Err(Errno::EEXIST),
        Target::Found(found) => open_found(found, flags, credentials),
        Target::Missing(place) if is_creating => {
            if place.trailing_slash == TrailingSlash::Yes {
                return Err(Errno::EISDIR);
            }
            place.demand(needed | PathPermissions::CREATE)?;
            lookup.needing(PathPermissions::CREATE).note(path);
            let object = match place.create(NewNode::File, mode, credentials) {
                // The mode binds later opens, not this one.
                Ok(location) => location.node().open(&location, flags, credentials),
                // Somebody was quicker.
                Err(Errno::EEXIST) if !flags.contains(OpenFlags::EXCLUSIVE) => {
                    let node = place.directory.node().lookup(place.new_name()?)?;
                    open_location(&Location::new(place.directory.mount().clone(), node), flags, credentials)
                }
                Err(error) => Err(error),
            };
            Ok((object?, place.through))
        }
        Target::Missing(_) => Err(Errno::ENOENT),
    }
}

/// Opens what was found. What a slot stands for may be opened anew only as far as the slot may be used anyway, and what the
/// view does not show, not at all: then the slot's own open file is what is opened.
fn open_found(found: Found, flags: OpenFlags, credentials: &Credentials) -> Result<(Arc<dyn Object>, Option<Through>)> {
    let Found { location, sight, through } = found;
    let slot = through.as_ref().filter(|through| through.is_itself() && !flags.contains(OpenFlags::PATH));
    let is_seen = matches!(sight, None | Some(Sight::Visible(_)));
    let shared = match slot {
        None => None,
        Some(slot) if is_seen => slot.share(flags)?,
        Some(slot) => Some(slot.same(flags)?),
    };
    let object = match shared {
        Some(object) => object,
        None => open_location(&location, flags, credentials)?,
    };
    Ok((object, through))
}

fn open_unnamed(
    directory: &Location,
    flags: OpenFlags,
    mode: Mode,
    credentials: &Credentials,
) -> Result<Arc<dyn Object>> {
    if !flags.can_write() {
        return Err(Errno::EINVAL);
    }
    let node = directory.node();
    if !credentials.may(AccessMode::WRITE | AccessMode::EXECUTE, &node.permissions()?, NodeKind::Directory) {
        return Err(Errno::EACCES);
    }
    let (owner, mode) = owner_in(node, NodeKind::File, mode, credentials)?;
    let file = node.create_unnamed(mode, owner)?;
    let location = Location::new(directory.mount().clone(), file);
    let kept = flags.difference(OpenFlags::TEMPORARY);
    location.node().open(&location, kept, credentials)
}

/// Opens what was found, with the checks of permission bits and mount limits.
pub fn open_location(location: &Location, flags: OpenFlags, credentials: &Credentials) -> Result<Arc<dyn Object>> {
    let node = location.node();
    let kind = node.kind();
    if flags.contains(OpenFlags::PATH) {
        return OpenFile::open(
            location.clone(),
            flags & (OpenFlags::PATH | OpenFlags::DIRECTORY | OpenFlags::NO_FOLLOW),
        );
    }
    match kind {
        NodeKind::Symlink => return Err(Errno::ELOOP),
        NodeKind::Socket => return Err(Errno::ENXIO),
        NodeKind::Directory if flags.can_write() || flags.contains(OpenFlags::CREATE) => return Err(Errno::EISDIR),
        _ => {}
    }
    let mut access = AccessMode::empty();
    access.set(AccessMode::READ, flags.can_read());
    access.set(AccessMode::WRITE, flags.can_write() || flags.contains(OpenFlags::TRUNCATE));
    let permissions = node.permissions()?;
    if !credentials.may(access, &permissions, kind) {
        return Err(Errno::EACCES);
    }
    let limits = location.mount().flags();
    let is_device = matches!(kind, NodeKind::CharacterDevice | NodeKind::BlockDevice);
    if is_device && limits.contains(MountFlags::NO_DEVICES) {
        return Err(Errno::EACCES);
    }
    let is_stored = matches!(kind, NodeKind::File | NodeKind::Directory);
    if is_stored && access.contains(AccessMode::WRITE) && limits.contains(MountFlags::READ_ONLY) {
        return Err(Errno::EROFS);
    }
    if flags.contains(OpenFlags::NO_ATIME) && !credentials.owns(&permissions) {
        return Err(Errno::EPERM);
    }
    if flags.contains(OpenFlags::TRUNCATE) && kind == NodeKind::File {
        node.truncate(0)?;
        drop_set_id(location, &permissions, credentials)?;
    }
    node.open(location, flags, credentials)
}

/// Writing by somebody else takes the set-id bits from a file.
fn drop_set_id(location: &Location, permissions: &crate::Permissions, credentials: &Credentials) -> Result<()> {
    let dangerous = permissions.mode & (Mode::SET_UID | Mode::SET_GID);
    if dangerous.is_empty() || credentials.is_privileged() {
        return Ok(());
    }
    let mode = Some(permissions.mode.difference(dangerous));
    location.node().set_attributes(&SetAttributes { mode, ..SetAttributes::default() })
}

/// The rights of a capability to a thing just opened, within `limit`: what the capability that the path started
/// from lets its children have. An access mode takes rights from what has bytes; of a directory, they say what may be
/// done beneath it.
pub fn rights_for(object: &dyn Object, limit: Rights) -> Rights {
    let flags = object.status_flags();
    if object.kind() == Kind::Directory {
        return limit;
    }
    let mut rights = Rights::ALL;
    if flags.contains(OpenFlags::PATH) {
        rights = Rights::LOOKUP | Rights::FSTAT | Rights::FSTATFS | Rights::FCHDIR | Rights::FEXECVE;
        rights |= Rights::FCNTL | Rights::FPATHCONF | Rights::TRANSFER | Rights::LINKAT_SOURCE | Rights::CONNECTAT;
    }
    if !flags.can_read() {
        rights -= Rights::READ;
    }
    if !flags.can_write() {
        rights -= Rights::WRITE | Rights::FTRUNCATE;
    }
    rights & limit
}
