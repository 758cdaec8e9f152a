//! Changes of attributes, with the checks that ownership demands.

use super::Location;
use super::mount::MountFlags;
use crate::{Credentials, NodeKind, SetAttributes, SetTime};
use abi::{AccessMode, Errno, Mode, Result};

/// Changes the permission bits. Only the owner may; the set-group-id bit goes if the group is not one of theirs.
pub fn change_mode(location: &Location, mode: Mode, credentials: &Credentials) -> Result<()> {
    check_writable(location)?;
    let permissions = location.node().permissions()?;
    if !credentials.owns(&permissions) {
        return Err(Errno::EPERM);
    }
    let mut mode = mode;
    if !credentials.is_privileged() && !credentials.is_in_group(permissions.gid) {
        mode -= Mode::SET_GID;
    }
    location.node().set_attributes(&SetAttributes { mode: Some(mode), ..SetAttributes::default() })
}

/// Changes owner and group; `None` leaves one. Only the privileged change an owner; an owner may choose among their groups.
/// The set-id bits of a file go.
pub fn change_owner(location: &Location, uid: Option<u32>, gid: Option<u32>, credentials: &Credentials) -> Result<()> {
    check_writable(location)?;
    let permissions = location.node().permissions()?;
    if !credentials.is_privileged() {
        let keeps_user = uid.is_none_or(|uid| uid == permissions.uid);
        let has_group = gid.is_none_or(|gid| gid == permissions.gid || credentials.is_in_group(gid));
        if credentials.fsuid != permissions.uid || !keeps_user || !has_group {
            return Err(Errno::EPERM);
        }
    }
    let dropped = match location.node().kind() {
        NodeKind::File if permissions.mode.contains(Mode::GROUP_EXECUTE) => Mode::SET_UID | Mode::SET_GID,
        NodeKind::File => Mode::SET_UID,
        _ => Mode::empty(),
    };
    let mode = permissions.mode.intersects(dropped).then(|| permissions.mode - dropped);
    location.node().set_attributes(&SetAttributes { mode, uid, gid, ..SetAttributes::default() })
}

/// Changes times; `None` leaves one. To the present, whoever may write may; to another time, only the owner.
pub fn change_times(
    location: &Location,
    accessed: Option<SetTime>,
    modified: Option<SetTime>,
    credentials: &Credentials,
) -> Result<()> {
    check_writable(location)?;
    let permissions = location.node().permissions()?;
    if !credentials.owns(&permissions) {
        let to_present = accessed == Some(SetTime::Now) && modified == Some(SetTime::Now);
        if !to_present {
            return Err(Errno::EPERM);
        }
        if !credentials.may(AccessMode::WRITE, &permissions, location.node().kind()) {
            return Err(Errno::EACCES);
        }
    }
    location.node().set_attributes(&SetAttributes { accessed, modified, ..SetAttributes::default() })
}

/// Cuts or grows what a path names.
pub fn truncate(location: &Location, size: u64, credentials: &Credentials) -> Result<()> {
    let node = location.node();
    match node.kind() {
        NodeKind::File => {}
        NodeKind::Directory => return Err(Errno::EISDIR),
        _ => return Err(Errno::EINVAL),
    }
    check_writable(location)?;
    if !credentials.may(AccessMode::WRITE, &node.permissions()?, NodeKind::File) {
        return Err(Errno::EACCES);
    }
    node.truncate(size)
}

fn check_writable(location: &Location) -> Result<()> {
    if location.mount().flags().contains(MountFlags::READ_ONLY) { Err(Errno::EROFS) } else { Ok(()) }
}
