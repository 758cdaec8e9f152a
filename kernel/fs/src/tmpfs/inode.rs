//! An inode: attributes and one of four kinds of contents.

use super::Store;
use super::attributes::Attributes;
use super::directory::Directory;
use super::pages::FilePages;
use crate::special::{self, Opener};
use abi::types::Stat;
use abi::{Errno, Mode, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use arch::PAGE_SIZE;
use core::ops::Deref;
use object::{NodeKind, Owner};
use sync::SpinLock;
use sync::ranks::ObjectState;

/// What Linux's tmpfs counts as the size of one directory entry.
const ENTRY_SIZE: usize = 20;

/// A file, directory, link or special file in memory.
pub struct Inode {
    pub(super) this: Weak<Inode>,
    pub(super) store: Member,
    pub(super) number: u64,
    pub(super) attributes: SpinLock<Attributes, ObjectState>,
    pub(super) content: Content,
}

/// A place among the inodes of a file system: counted while it lives.
pub(super) struct Member(Arc<Store>);

impl Member {
    fn join(store: &Arc<Store>) -> Result<Self> {
        store.quota.charge_inode()?;
        Ok(Self(store.clone()))
    }
}

impl Deref for Member {
    type Target = Arc<Store>;

    fn deref(&self) -> &Arc<Store> {
        &self.0
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.0.quota.uncharge_inode();
    }
}

/// What an inode holds.
pub(super) enum Content {
    /// A regular file.
    File(FilePages),
    /// A directory.
    Directory(Directory),
    /// The path in a symbolic link.
    Link(Vec<u8>),
    /// A device, FIFO or socket's name.
    Special(Special),
}

/// A node that stands for something outside the file system.
pub(super) struct Special {
    kind: NodeKind,
    number: u64,
    /// A FIFO's shared part, from its first opening on.
    fifo: SpinLock<Option<Opener>, ObjectState>,
}

/// What to make; as [`object::NewNode`], with contents.
pub enum New<'a> {
    /// A file whose contents are this part of the initramfs.
    File(&'static [u8]),
    /// A directory.
    Directory,
    /// A symbolic link to this path.
    Link(&'a [u8]),
    /// A device with its number, a FIFO or a socket's name.
    Special(NodeKind, u64),
}

impl Inode {
    /// The root of a file system: its own parent.
    pub(super) fn make_root(store: &Arc<Store>, mode: Mode) -> Result<Arc<Self>> {
        let root = Self::make(store, Weak::new(), New::Directory, mode, Owner::default())?;
        if let Content::Directory(directory) = &root.content {
            directory.set_parent(Arc::downgrade(&root));
        }
        Ok(root)
    }

    /// An inode that no directory names yet; `parent` matters to directories only.
    pub(super) fn make(
        store: &Arc<Store>,
        parent: Weak<Inode>,
        new: New<'_>,
        mode: Mode,
        owner: Owner,
    ) -> Result<Arc<Self>> {
        let content = match new {
            New::File(archive) => Content::File(FilePages::new(archive)),
            New::Directory => Content::Directory(Directory::new(parent, store.seed)),
            New::Link(target) => Content::Link(mm::alloc::try_to_vec(target)?),
            New::Special(kind, number) => Content::Special(Special { kind, number, fifo: SpinLock::new(None) }),
        };
        let links = if matches!(content, Content::Directory(_)) { 2 } else { 1 };
        let attributes = Attributes::new(mode, owner.uid, owner.gid, links);
        let number = store.next_number();
        let member = Member::join(store)?;
        let attributes = SpinLock::new(attributes);
        let make = |this: &Weak<Self>| Self { this: this.clone(), store: member, number, attributes, content };
        Ok(mm::alloc::try_arc_cyclic(make)?)
    }

    /// What it is.
    pub(super) fn node_kind(&self) -> NodeKind {
        match &self.content {
            Content::File(_) => NodeKind::File,
            Content::Directory(_) => NodeKind::Directory,
            Content::Link(_) => NodeKind::Symlink,
            Content::Special(special) => special.kind,
        }
    }

    /// Its directory side; ENOTDIR.
    pub(super) fn directory(&self) -> Result<&Directory> {
        match &self.content {
            Content::Directory(directory) => Ok(directory),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// Its directory side, for whoever has the inode to themselves.
    pub(super) fn directory_mut(&mut self) -> Option<&mut Directory> {
        match &mut self.content {
            Content::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    /// Its file side.
    pub(super) fn file(&self) -> Result<&FilePages> {
        match &self.content {
            Content::File(file) => Ok(file),
            Content::Directory(_) => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }

    /// A reference to itself; ENOENT while it is being freed.
    pub(super) fn itself(&self) -> Result<Arc<Inode>> {
        self.this.upgrade().ok_or(Errno::ENOENT)
    }

    /// The attributes.
    pub(super) fn stat(&self) -> Stat {
        let (size, pages) = match &self.content {
            Content::File(file) => (file.size(), file.pages_used()),
            Content::Directory(directory) => ((directory.len() * ENTRY_SIZE) as u64, 0),
            Content::Link(target) => (target.len() as u64, 0),
            Content::Special(_) => (0, 0),
        };
        let special_device = match &self.content {
            Content::Special(special) => special.number,
            _ => 0,
        };
        let attributes = *self.attributes.lock();
        Stat {
            device: self.store.device,
            inode: self.number,
            links: attributes.links.into(),
            mode: self.node_kind().mode_bits() | attributes.mode.bits(),
            uid: attributes.uid,
            gid: attributes.gid,
            special_device,
            size: size as i64,
            block_size: PAGE_SIZE as i64,
            blocks: (pages * (PAGE_SIZE as u64 / 512)) as i64,
            accessed: attributes.accessed,
            modified: attributes.modified,
            changed: attributes.changed,
            ..Stat::default()
        }
    }

    /// Counts one more name; ENOENT if it had none left, EMLINK if it has too many.
    pub(super) fn add_link(&self) -> Result<()> {
        let mut attributes = self.attributes.lock();
        if attributes.links == 0 && !attributes.is_linkable {
            return Err(Errno::ENOENT);
        }
        attributes.links = attributes.links.checked_add(1).ok_or(Errno::EMLINK)?;
        attributes.is_linkable = false;
        attributes.stamp_changed();
        Ok(())
    }

    /// Counts `count` names fewer.
    pub(super) fn drop_links(&self, count: u32) {
        let mut attributes = self.attributes.lock();
        attributes.links = attributes.links.saturating_sub(count);
        attributes.stamp_changed();
    }

    /// A directory's entries changed.
    pub(super) fn stamp_modified(&self) {
        self.attributes.lock().stamp_modified();
    }

    /// What opens it, for special files.
    pub(super) fn opener(&self) -> Result<Option<Opener>> {
        let Content::Special(special) = &self.content else { return Ok(None) };
        match special.kind {
            NodeKind::Fifo => special.fifo_opener().map(Some),
            NodeKind::CharacterDevice | NodeKind::BlockDevice => {
                special::find_device(special.kind, special.number).map(Some)
            }
            _ => Err(Errno::ENXIO),
        }
    }
}

impl Special {
    fn fifo_opener(&self) -> Result<Opener> {
        if let Some(opener) = &*self.fifo.lock() {
            return Ok(opener.clone());
        }
        let made = special::make_fifo()?;
        // Two first openings may race; the loser's is dropped, after the lock.
        let mut fifo = self.fifo.lock();
        let kept = fifo.get_or_insert_with(|| made.clone()).clone();
        drop(fifo);
        Ok(kept)
    }
}

impl Drop for Inode {
    fn drop(&mut self) {
        match &mut self.content {
            Content::File(file) => file.release(&self.store.quota),
            Content::Directory(directory) => directory.drop_tree(),
            _ => {}
        }
    }
}
