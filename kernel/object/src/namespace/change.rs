//! Changes of directories: making, linking, removing and renaming names, with the checks that permission bits demand.

use super::mount::MountFlags;
use super::path::full_path;
use super::view::Sight;
use super::{Found, LastName, Location, Place, TrailingSlash, watch};
use crate::{Credentials, NewNode, Node, NodeKind, Owner};
use abi::{AccessMode, Errno, Mode, RenameFlags, Result};
use alloc::sync::Arc;
use caps::{PathPermissions, Rights};

impl Place {
    /// Whether the view of whoever asked lets names be made and removed here. ENOENT, EACCES.
    fn check_view(&self) -> Result<()> {
        self.demand(PathPermissions::CREATE)
    }

    /// Refuses a use that needs permissions here which the view does not give. ENOENT, EACCES.
    pub(super) fn demand(&self, needed: PathPermissions) -> Result<()> {
        watch::demand(self.sight, needed).or_else(|errno| self.refuse(errno, needed))
    }

    #[cold]
    fn refuse(&self, errno: Errno, needed: PathPermissions) -> Result<()> {
        let mut path = full_path(&self.directory).unwrap_or_default();
        if let LastName::Name(name) = &self.last {
            path.try_reserve(name.len() + 1).map_err(|_| Errno::ENOMEM)?;
            if path.last() != Some(&b'/') {
                path.push(b'/');
            }
            path.extend_from_slice(name);
        }
        watch::refuse(errno, needed, &path, self.cause)
    }

    /// The same for a new name. That there is a way here is no secret.
    fn check_view_for_new(&self) -> Result<()> {
        if self.sight == Some(Sight::Way) { Err(Errno::EEXIST) } else { self.check_view() }
    }

    /// Whether something that looks like `from` may come to be here. More must not be allowed with it than
    /// before: EXDEV, upon which programs copy, as far as they may read.
    fn check_gain(&self, from: Option<Sight>) -> Result<()> {
        match (from, self.sight) {
            (Some(Sight::Visible(before)), Some(Sight::Visible(after))) if !before.contains(after) => Err(Errno::EXDEV),
            (Some(Sight::Hidden | Sight::Way), _) => Err(Errno::EXDEV),
            _ => Ok(()),
        }
    }

    /// The name, for making something: EEXIST where the path ends in `.`, `..` or at the root.
    pub fn new_name(&self) -> Result<&[u8]> {
        match &self.last {
            LastName::Name(name) => Ok(name),
            _ => Err(Errno::EEXIST),
        }
    }

    /// Makes a node here. `mode` has the umask applied.
    pub fn create(&self, what: NewNode<'_>, mode: Mode, credentials: &Credentials) -> Result<Location> {
        self.check_view_for_new()?;
        let name = self.new_name()?;
        let directory = self.directory.node();
        if self.trailing_slash == TrailingSlash::Yes && what.kind() != NodeKind::Directory {
            return Err(if directory.lookup(name).is_ok() { Errno::EEXIST } else { Errno::ENOENT });
        }
        if directory.lookup(name).is_ok() {
            return Err(Errno::EEXIST);
        }
        check_changeable(&self.directory, credentials)?;
        let (owner, mode) = owner_in(directory, what.kind(), mode, credentials)?;
        let node = directory.create(name, what, mode, owner)?;
        let entry = super::Entry { directory: directory.clone(), name: super::names::copy_name(name)? };
        Location::with_entry(self.directory.mount().clone(), node, entry)
    }

    /// Gives `target` a further name here.
    pub fn link(&self, target: &Found, credentials: &Credentials) -> Result<()> {
        self.check_view_for_new()?;
        let name = self.new_name()?;
        let Found { location: target, sight, through } = target;
        if self.directory.node().lookup(name).is_ok() {
            return Err(Errno::EEXIST);
        }
        if !Arc::ptr_eq(self.directory.mount(), target.mount()) {
            return Err(Errno::EXDEV);
        }
        let slot = through.as_ref().filter(|through| through.is_itself());
        match slot {
            Some(slot) if target.node().stat()?.links == 0 => slot.demand_for_name(Rights::WRITE)?,
            Some(slot) => {
                slot.demand_for_name(Rights::READ | Rights::WRITE)?;
                self.check_gain(*sight)?;
            }
            None => self.check_gain(*sight)?,
        }
        check_changeable(&self.directory, credentials)?;
        if target.node().is_directory() {
            return Err(Errno::EPERM);
        }
        if self.trailing_slash == TrailingSlash::Yes {
            return Err(Errno::ENOENT);
        }
        self.directory.node().link(name, target.node())
    }

    /// Removes the name of what is no directory.
    pub fn unlink(&self, credentials: &Credentials) -> Result<()> {
        self.check_view()?;
        let LastName::Name(name) = &self.last else { return Err(Errno::EISDIR) };
        let node = self.directory.node().lookup(name)?;
        if self.trailing_slash == TrailingSlash::Yes {
            return Err(if node.is_directory() { Errno::EISDIR } else { Errno::ENOTDIR });
        }
        check_removable(&self.directory, &node, credentials)?;
        if node.is_directory() {
            return Err(Errno::EISDIR);
        }
        self.directory.node().unlink(name)
    }

    /// Removes an empty directory.
    pub fn remove_directory(&self, credentials: &Credentials) -> Result<()> {
        self.check_view()?;
        let name = match &self.last {
            LastName::Name(name) => name,
            LastName::Dot => return Err(Errno::EINVAL),
            LastName::DotDot => return Err(Errno::ENOTEMPTY),
            LastName::Root => return Err(Errno::EBUSY),
        };
        let node = self.directory.node().lookup(name)?;
        check_removable(&self.directory, &node, credentials)?;
        if !node.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        if self.directory.mount().mounted_on(node.id()).is_some() {
            return Err(Errno::EBUSY);
        }
        self.directory.node().remove_directory(name)
    }

    /// Renames what is here to `to`.
    pub fn rename(&self, to: &Self, flags: RenameFlags, credentials: &Credentials) -> Result<()> {
        self.check_view()?;
        to.check_view()?;
        let (LastName::Name(old), LastName::Name(new)) = (&self.last, &to.last) else { return Err(Errno::EBUSY) };
        if !Arc::ptr_eq(self.directory.mount(), to.directory.mount()) {
            return Err(Errno::EXDEV);
        }
        let node = self.directory.node().lookup(old)?;
        to.check_gain(self.sight)?;
        if flags.contains(RenameFlags::EXCHANGE) {
            self.check_gain(to.sight)?;
        }
        check_removable(&self.directory, &node, credentials)?;
        let has_slash = self.trailing_slash == TrailingSlash::Yes || to.trailing_slash == TrailingSlash::Yes;
        if has_slash && !node.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        let replaced = match to.directory.node().lookup(new) {
            Ok(_) if flags.contains(RenameFlags::NO_REPLACE) => return Err(Errno::EEXIST),
            Ok(replaced) => Some(replaced),
            Err(Errno::ENOENT) if flags.contains(RenameFlags::EXCHANGE) => return Err(Errno::ENOENT),
            Err(Errno::ENOENT) => None,
            Err(error) => return Err(error),
        };
        match &replaced {
            Some(replaced) => check_removable(&to.directory, replaced, credentials)?,
            None => check_changeable(&to.directory, credentials)?,
        }
        check_not_mounted(&self.directory, &node)?;
        if let Some(replaced) = &replaced {
            check_not_mounted(&to.directory, replaced)?;
            check_replacement(&node, replaced, flags)?;
        }
        self.directory.node().rename(old, to.directory.node(), new, flags)
    }
}

fn check_not_mounted(directory: &Location, node: &Arc<dyn Node>) -> Result<()> {
    if node.is_directory() && directory.mount().mounted_on(node.id()).is_some() {
        return Err(Errno::EBUSY);
    }
    Ok(())
}

fn check_replacement(node: &Arc<dyn Node>, replaced: &Arc<dyn Node>, flags: RenameFlags) -> Result<()> {
    match (node.is_directory(), replaced.is_directory()) {
        _ if flags.contains(RenameFlags::EXCHANGE) => Ok(()),
        (true, false) => Err(Errno::ENOTDIR),
        (false, true) => Err(Errno::EISDIR),
        _ => Ok(()),
    }
}

/// Whether names may be added to or taken from the directory.
fn check_changeable(directory: &Location, credentials: &Credentials) -> Result<()> {
    if directory.mount().flags().contains(MountFlags::READ_ONLY) {
        return Err(Errno::EROFS);
    }
    let permissions = directory.node().permissions()?;
    if !credentials.may(AccessMode::WRITE | AccessMode::EXECUTE, &permissions, NodeKind::Directory) {
        return Err(Errno::EACCES);
    }
    Ok(())
}

/// The same, and in a sticky directory only what is one's own may be removed.
fn check_removable(directory: &Location, node: &Arc<dyn Node>, credentials: &Credentials) -> Result<()> {
    check_changeable(directory, credentials)?;
    let permissions = directory.node().permissions()?;
    if permissions.mode.contains(Mode::STICKY)
        && !credentials.owns(&permissions)
        && !credentials.owns(&node.permissions()?)
    {
        return Err(Errno::EPERM);
    }
    Ok(())
}

/// Owner and mode of what is made in a directory: a set-group-id directory passes its group on.
pub(super) fn owner_in(
    directory: &Arc<dyn Node>,
    kind: NodeKind,
    mode: Mode,
    credentials: &Credentials,
) -> Result<(Owner, Mode)> {
    let permissions = directory.permissions()?;
    let mut owner = Owner { uid: credentials.fsuid, gid: credentials.fsgid };
    let mut mode = mode;
    if permissions.mode.contains(Mode::SET_GID) {
        owner.gid = permissions.gid;
        if kind == NodeKind::Directory {
            mode |= Mode::SET_GID;
        }
    }
    Ok((owner, mode))
}
