//! Mounts: file systems grafted onto directories.

use super::Location;
use crate::floor::{ObjectState, RwSpinLock, try_arc};
use crate::{FileSystem, Node};
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

/// A file system in its place. The root mount of a namespace has no place.
pub struct Mount {
    file_system: Arc<dyn FileSystem>,
    root: Arc<dyn Node>,
    root_id: u64,
    point: Option<Location>,
    flags: MountFlags,
    /// Mounts on directories of this one; a later one on the same directory hides the earlier.
    children: RwSpinLock<Vec<(u64, Arc<Mount>)>, ObjectState>,
    /// A bit for each inode number, modulo 64, that something is mounted on. A walk looks here at each step, and so
    /// takes the lock almost only where there is a mount.
    points: AtomicU64,
}

bitflags::bitflags! {
    /// Limits of a mount, in the bits of `mount(2)`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct MountFlags: u64 {
        /// Nothing changes.
        const READ_ONLY = 1;
        /// Set-id bits mean nothing.
        const NO_SET_ID = 2;
        /// Devices cannot be opened.
        const NO_DEVICES = 4;
        /// Nothing executes.
        const NO_EXECUTE = 8;
    }
}

impl Mount {
    /// The first mount of a namespace. ENOMEM.
    pub fn root_of(file_system: Arc<dyn FileSystem>, flags: MountFlags) -> Result<Arc<Self>> {
        Self::build(file_system, None, flags)
    }

    /// Puts a file system onto the directory `point`, hiding what it holds.
    pub fn graft(point: Location, file_system: Arc<dyn FileSystem>, flags: MountFlags) -> Result<Arc<Self>> {
        if !point.node().is_directory() {
            return Err(Errno::ENOTDIR);
        }
        let parent = point.mount().clone();
        let point_id = point.node().id();
        let mount = Self::build(file_system, Some(point), flags)?;
        let mut children = parent.children.write();
        children.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        children.push((point_id, mount.clone()));
        parent.points.store(points_of(&children), Ordering::Release);
        Ok(mount)
    }

    /// Takes this mount away; EBUSY while others are mounted on it, EINVAL for a root.
    pub fn detach(self: &Arc<Self>) -> Result<()> {
        let point = self.point.as_ref().ok_or(Errno::EINVAL)?;
        if !self.children.read().is_empty() {
            return Err(Errno::EBUSY);
        }
        let parent = point.mount();
        let removed = {
            let mut children = parent.children.write();
            let at = children.iter().position(|(_, mount)| Arc::ptr_eq(mount, self)).ok_or(Errno::EINVAL)?;
            let removed = children.remove(at);
            parent.points.store(points_of(&children), Ordering::Release);
            removed
        };
        drop(removed);
        Ok(())
    }

    fn build(file_system: Arc<dyn FileSystem>, point: Option<Location>, flags: MountFlags) -> Result<Arc<Self>> {
        let root = file_system.root()?;
        try_arc(Self {
            root_id: root.id(),
            root,
            file_system,
            point,
            flags,
            children: RwSpinLock::new(Vec::new()),
            points: AtomicU64::new(0),
        })
    }

    /// What is mounted.
    pub fn file_system(&self) -> &Arc<dyn FileSystem> {
        &self.file_system
    }

    /// Its root directory.
    pub fn root(&self) -> &Arc<dyn Node> {
        &self.root
    }

    /// Its root directory's inode number.
    pub fn root_id(&self) -> u64 {
        self.root_id
    }

    /// Its limits.
    pub fn flags(&self) -> MountFlags {
        self.flags
    }

    /// The directory that it hides.
    pub fn point(&self) -> Option<&Location> {
        self.point.as_ref()
    }

    /// What is mounted on its directory `id`, if anything.
    #[inline]
    pub(in crate::namespace) fn mounted_on(&self, id: u64) -> Option<Arc<Mount>> {
        if self.points.load(Ordering::Acquire) & point_bit(id) == 0 {
            return None;
        }
        self.children.read().iter().rev().find(|(point, _)| *point == id).map(|(_, mount)| mount.clone())
    }

    /// The mounts on its directories.
    pub fn children(&self) -> Result<Vec<Arc<Mount>>> {
        let children = self.children.read();
        let mut copy = Vec::new();
        copy.try_reserve(children.len()).map_err(|_| Errno::ENOMEM)?;
        copy.extend(children.iter().map(|(_, mount)| mount.clone()));
        Ok(copy)
    }
}

const fn point_bit(id: u64) -> u64 {
    1 << (id % 64)
}

fn points_of(children: &[(u64, Arc<Mount>)]) -> u64 {
    children.iter().fold(0, |points, (id, _)| points | point_bit(*id))
}
