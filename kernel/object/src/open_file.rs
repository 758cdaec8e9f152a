//! Open files: the generic description over a node.

use crate::directory::{DirectoryEntry, FIRST_ENTRY};
use crate::floor::try_arc;
use crate::floor::{FileOffset, Mutex, Sink, Source};
use crate::locks::{self, LockOwner};
use crate::namespace::{Leave, Location};
use crate::{Node, NodeKind, Object, Seek, StatusFlags};
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::Kind;
use core::ops::ControlFlow;
use core::sync::atomic::{AtomicBool, Ordering};

/// An open file or directory: a location, an offset and flags, shared by every slot that was duplicated from one open.
///
/// The offset's lock is held over a whole read or write, so that two sharers never get the same bytes.
pub struct OpenFile {
    location: Location,
    flags: StatusFlags,
    offset: Mutex<u64, FileOffset>,
    may_hold_locks: AtomicBool,
}

impl OpenFile {
    /// Opens a location that has been checked. Flags that only say how to open are dropped.
    pub fn open(location: Location, flags: OpenFlags) -> Result<Arc<dyn Object>> {
        let file = Self {
            location,
            flags: StatusFlags::new(flags.kept()),
            offset: Mutex::new(0),
            may_hold_locks: AtomicBool::new(false),
        };
        Ok(try_arc(file)?)
    }

    /// Who holds the locks that are taken through this open file. They go with it.
    pub fn lock_owner(&self) -> LockOwner {
        self.may_hold_locks.store(true, Ordering::Relaxed);
        LockOwner::OpenFile(core::ptr::from_ref(self).addr())
    }

    fn node_ref(&self) -> &dyn Node {
        self.location.node().as_ref()
    }

    /// EBADF where the access mode does not allow what is asked: only for a directory do rights not say so already.
    fn check(&self, allows: fn(OpenFlags) -> bool) -> Result<()> {
        if allows(self.status_flags()) { Ok(()) } else { Err(Errno::EBADF) }
    }

    fn parent_id(&self) -> u64 {
        let at = match self.location.mount().point() {
            Some(point) if self.location.is_mount_root() => point,
            _ => &self.location,
        };
        at.node().parent().map_or(at.node().id(), |parent| parent.id())
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if *self.may_hold_locks.get_mut() {
            locks::unlock_all(&self.location, self.lock_owner());
        }
    }
}

impl Object for OpenFile {
    fn kind(&self) -> Kind {
        match self.node_ref().kind() {
            NodeKind::Directory => Kind::Directory,
            NodeKind::Symlink => Kind::Link,
            NodeKind::CharacterDevice | NodeKind::BlockDevice => Kind::Device,
            NodeKind::File | NodeKind::Fifo | NodeKind::Socket => Kind::File,
        }
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        self.check(OpenFlags::can_read)?;
        let mut offset = self.offset.lock();
        let count = self.node_ref().read_at(to, *offset)?;
        *offset += count as u64;
        Ok(count)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        self.check(OpenFlags::can_write)?;
        let mut offset = self.offset.lock();
        if self.status_flags().contains(OpenFlags::APPEND) {
            let (end, count) = self.node_ref().append(from)?;
            *offset = end;
            return Ok(count);
        }
        let count = self.node_ref().write_at(from, *offset)?;
        *offset += count as u64;
        Ok(count)
    }

    fn read_at(&self, to: &mut Sink<'_>, offset: u64) -> Result<usize> {
        self.check(OpenFlags::can_read)?;
        self.node_ref().read_at(to, offset)
    }

    fn write_at(&self, from: &mut Source<'_>, offset: u64) -> Result<usize> {
        self.check(OpenFlags::can_write)?;
        // With O_APPEND the place is the end whatever was asked for, as on Linux.
        if self.status_flags().contains(OpenFlags::APPEND) {
            return self.node_ref().append(from).map(|(_, count)| count);
        }
        self.node_ref().write_at(from, offset)
    }

    fn seek(&self, to: Seek) -> Result<u64> {
        self.check(|flags| !flags.contains(OpenFlags::PATH))?;
        let mut offset = self.offset.lock();
        let node = self.node_ref();
        let signed = |value: u64| i64::try_from(value).map_err(|_| Errno::EOVERFLOW);
        let target = match to {
            Seek::Set(place) => place,
            Seek::Current(by) => signed(*offset)?.checked_add(by).ok_or(Errno::EOVERFLOW)?,
            Seek::End(by) => signed(node.size()?)?.checked_add(by).ok_or(Errno::EOVERFLOW)?,
            Seek::Data(place) | Seek::Hole(place) => {
                let size = signed(node.size()?)?;
                if place < 0 || place >= size {
                    return Err(Errno::ENXIO);
                }
                // Every byte counts as data; the only hole is behind the end.
                if matches!(to, Seek::Data(_)) { place } else { size }
            }
        };
        *offset = u64::try_from(target).map_err(|_| Errno::EINVAL)?;
        Ok(*offset)
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        self.node_ref().stat()
    }

    fn node(&self) -> Option<&Arc<dyn Node>> {
        Some(self.location.node())
    }

    fn location(&self) -> Option<&Location> {
        Some(&self.location)
    }

    fn sync(&self) -> Result<()> {
        self.node_ref().sync()
    }

    #[cfg(target_os = "none")]
    fn pager(&self) -> Result<Arc<dyn crate::floor::Pager>> {
        crate::pages_of(&self.location)
    }

    fn read_directory(&self, emit: &mut dyn FnMut(&DirectoryEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        if self.node_ref().kind() != NodeKind::Directory {
            return Err(Errno::ENOTDIR);
        }
        self.check(OpenFlags::can_read)?;
        let mut cursor = self.offset.lock();
        let dots: [(&[u8], u64); 2] = [(b".", self.node_ref().id()), (b"..", self.parent_id())];
        while *cursor < FIRST_ENTRY {
            let (name, inode) = dots[*cursor as usize];
            let next = *cursor + 1;
            if emit(&DirectoryEntry { inode, kind: NodeKind::Directory, name, next }).is_break() {
                return Ok(());
            }
            *cursor = next;
        }
        let from = *cursor;
        self.node_ref().read_directory(from, &mut |entry| {
            let flow = emit(entry);
            if flow.is_continue() {
                *cursor = entry.next;
            }
            flow
        })
    }

    fn path(&self) -> Option<Vec<u8>> {
        let root = self.location.mount();
        let mut top = Location::new(root.clone(), root.root().clone());
        while let Some(point) = top.mount().point() {
            let mount = point.mount().clone();
            let node = mount.root().clone();
            top = Location::new(mount, node);
        }
        let roots = crate::Roots {
            root: top.clone(),
            root_leave: Leave::NONE,
            cwd: top,
            cwd_leave: Leave::NONE,
            view: None,
            learning: None,
        };
        crate::namespace::path_of(&roots, &self.location).ok()
    }
}
