//! The view of the file tree: mounts, locations and path look-ups.

mod attributes;
mod change;
mod leave;
mod location;
mod lookup;
mod mount;
pub(crate) mod names;
mod open;
mod path;
#[cfg(test)]
mod tests;
mod through;
pub mod view;
mod walk;
mod watch;

pub use attributes::{change_mode, change_owner, change_times, truncate};
pub use leave::{Leave, Passage};
pub use location::{Entry, Location};
pub use lookup::{Found, LINKS_MAX, LastName, Lookup, LookupFlags, NAME_MAX, PATH_MAX, Place, Target, TrailingSlash};
pub use mount::{Mount, MountFlags};
pub use open::{Opened, open, open_location, rights_for};
pub(crate) use path::is_beneath;
pub use path::path_of;
pub use through::Through;
use view::Sight;
pub use view::View;

pub(crate) use watch::demand_shown;

use crate::FileSystem;
use crate::learning::Learning;
use abi::Result;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Root and working directory of a process: its root capabilities for paths.
#[derive(Clone, Debug)]
pub struct Roots {
    /// Where absolute paths start.
    pub root: Location,
    /// What may be done from there.
    pub root_leave: Leave,
    /// Where relative paths start.
    pub cwd: Location,
    /// What may be done from there.
    pub cwd_leave: Leave,
    /// What is seen of the tree; `None` is all of it.
    pub view: Option<Arc<View>>,
    /// Who learns what is used.
    pub learning: Option<Learning>,
}

impl Roots {
    /// How a place looks that was not walked to; `None` without a view.
    pub fn sight_of(&self, location: &Location) -> Option<Sight> {
        self.view.as_ref().map(|view| view.sight(&view.cover_of(location)))
    }
}

/// A tree of mounts.
pub struct Namespace {
    root: Arc<Mount>,
}

impl Namespace {
    /// A namespace whose root is this file system. ENOMEM.
    pub fn new(file_system: Arc<dyn FileSystem>) -> Result<Self> {
        Ok(Self { root: Mount::root_of(file_system, MountFlags::empty())? })
    }

    /// The root directory, beneath whatever is mounted on it.
    pub fn root(&self) -> Location {
        Location::new(self.root.clone(), self.root.root().clone())
    }

    /// Root and working directory at the root, with every right.
    pub fn roots(&self) -> Roots {
        let (root, cwd) = (self.root(), self.root());
        Roots { root, root_leave: Leave::ALL, cwd, cwd_leave: Leave::ALL, view: None, learning: None }
    }

    /// Mounts a file system on a directory.
    pub fn mount(&self, at: Location, file_system: Arc<dyn FileSystem>, flags: MountFlags) -> Result<Arc<Mount>> {
        Mount::graft(at, file_system, flags)
    }

    /// Takes away the mount whose root `at` is.
    pub fn unmount(&self, at: &Location) -> Result<()> {
        if !at.is_mount_root() {
            return Err(abi::Errno::EINVAL);
        }
        at.mount().detach()
    }

    /// Every mount, parents before children.
    pub fn mounts(&self) -> Result<Vec<Arc<Mount>>> {
        let mut all = Vec::new();
        all.try_reserve(1).map_err(|_| abi::Errno::ENOMEM)?;
        all.push(self.root.clone());
        let mut at = 0;
        while at < all.len() {
            let children = all[at].children()?;
            all.try_reserve(children.len()).map_err(|_| abi::Errno::ENOMEM)?;
            all.extend(children);
            at += 1;
        }
        Ok(all)
    }
}
