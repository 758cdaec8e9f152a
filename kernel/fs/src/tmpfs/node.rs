//! The node interface of inodes, and their pages for mapping.

use super::Tmpfs;
use super::directory::Opened;
use super::inode::{Content, Inode, New};
use super::pages::FilePages;
use abi::types::Stat;
use abi::{Errno, Mode, OpenFlags, RenameFlags, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use arrayvec::ArrayVec;
use core::ops::ControlFlow;
use mm::frame::Frame;
use mm::user::{Sink, Source};
use mm::{Access, AddressSpace, FaultError, Pager};
use object::{
    Credentials, DirectoryEntry, FileSystem, Location, NewNode, Node, NodeKind, Object, OpenFile, Owner, Permissions,
    SealSet, Seals, SetAttributes,
};

/// `fallocate` modes that make sense in memory.
const KEEP_SIZE: u32 = 1;
const PUNCH_HOLE: u32 = 2;
const ZERO_RANGE: u32 = 16;

impl Node for Inode {
    fn kind(&self) -> NodeKind {
        self.node_kind()
    }

    fn id(&self) -> u64 {
        self.number
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Inode::stat(self))
    }

    fn permissions(&self) -> Result<Permissions> {
        Ok(self.attributes.lock().permissions())
    }

    fn file_system(&self) -> Result<Arc<dyn FileSystem>> {
        // After the last mount is gone there is no root any more; an inode that is still open stands for it then.
        let root = self.store.root.get().and_then(Weak::upgrade).or_else(|| self.this.upgrade());
        match root {
            Some(root) => Ok(mm::alloc::try_arc(Tmpfs { store: self.store.clone(), root })?),
            None => unreachable!("whoever asks holds the inode"),
        }
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Node>> {
        Ok(self.child(name)?)
    }

    fn parent(&self) -> Option<Arc<dyn Node>> {
        let parent = self.directory().ok()?.parent()?;
        Some(parent)
    }

    fn name_of(&self, id: u64) -> Result<Vec<u8>> {
        let entries = self.directory()?.open();
        let entry = entries.iterate().find(|entry| entry.value.number == id).ok_or(Errno::ENOENT)?;
        Ok(mm::alloc::try_to_vec(&entry.name)?)
    }

    fn create(&self, name: &[u8], what: NewNode<'_>, mode: Mode, owner: Owner) -> Result<Arc<dyn Node>> {
        let new = match what {
            NewNode::File => New::File(&[]),
            NewNode::Directory => New::Directory,
            NewNode::Symlink(target) => New::Link(target),
            NewNode::Fifo => New::Special(NodeKind::Fifo, 0),
            NewNode::Socket => New::Special(NodeKind::Socket, 0),
            NewNode::CharacterDevice(number) => New::Special(NodeKind::CharacterDevice, number),
            NewNode::BlockDevice(number) => New::Special(NodeKind::BlockDevice, number),
        };
        Ok(self.add_new(name, new, mode, owner)?)
    }

    fn link(&self, name: &[u8], node: &Arc<dyn Node>) -> Result<()> {
        let inode = node.downcast_ref::<Inode>().ok_or(Errno::EXDEV)?.itself()?;
        if !Arc::ptr_eq(&inode.store, &self.store) {
            return Err(Errno::EXDEV);
        }
        if inode.node_kind() == NodeKind::Directory {
            return Err(Errno::EPERM);
        }
        inode.add_link()?;
        let inserted = self.directory()?.open().insert(name, inode.clone());
        match inserted {
            Ok(()) => self.stamp_modified(),
            Err(_) => inode.drop_links(1),
        }
        inserted
    }

    fn unlink(&self, name: &[u8]) -> Result<()> {
        let removed = {
            let mut entries = self.directory()?.open();
            let found = entries.get(name).ok_or(Errno::ENOENT)?;
            if found.node_kind() == NodeKind::Directory {
                return Err(Errno::EISDIR);
            }
            entries.remove(name)
        };
        self.stamp_modified();
        if let Some(inode) = removed {
            inode.drop_links(1);
        }
        Ok(())
    }

    fn remove_directory(&self, name: &[u8]) -> Result<()> {
        let _renames = self.store.renames.lock();
        let removed = {
            let mut entries = self.directory()?.open();
            entries.get(name).ok_or(Errno::ENOENT)?.directory()?.die()?;
            entries.remove(name)
        };
        self.drop_links(1);
        self.stamp_modified();
        if let Some(inode) = removed {
            inode.drop_links(2);
        }
        Ok(())
    }

    fn rename(&self, old: &[u8], target: &Arc<dyn Node>, new: &[u8], flags: RenameFlags) -> Result<()> {
        let target = target.downcast_ref::<Inode>().ok_or(Errno::EXDEV)?;
        if !Arc::ptr_eq(&target.store, &self.store) {
            return Err(Errno::EXDEV);
        }
        super::rename::rename(self, old, target, new, flags)
    }

    fn create_unnamed(&self, mode: Mode, owner: Owner) -> Result<Arc<dyn Node>> {
        let made = Inode::make(&self.store, Weak::new(), New::File(&[]), mode, owner)?;
        {
            let mut attributes = made.attributes.lock();
            (attributes.links, attributes.is_linkable) = (0, true);
        }
        Ok(made)
    }

    fn read_link(&self) -> Result<Vec<u8>> {
        match &self.content {
            Content::Link(target) => Ok(mm::alloc::try_to_vec(target)?),
            _ => Err(Errno::EINVAL),
        }
    }

    fn set_attributes(&self, attributes: &SetAttributes) -> Result<()> {
        let is_sealed = Node::seals(self).is_some_and(|seals| seals.get().contains(SealSet::EXECUTE));
        let mut now = self.attributes.lock();
        if is_sealed && attributes.mode.is_some_and(|mode| (mode.bits() ^ now.mode.bits()) & 0o111 != 0) {
            return Err(Errno::EPERM);
        }
        now.apply(attributes);
        Ok(())
    }

    fn open(&self, location: &Location, flags: OpenFlags, _credentials: &Credentials) -> Result<Arc<dyn Object>> {
        match self.opener()? {
            Some(opener) => opener(location, flags),
            None => OpenFile::open(location.clone(), flags),
        }
    }

    fn read_at(&self, to: &mut Sink<'_>, offset: u64) -> Result<usize> {
        let count = self.file()?.read_at(to, offset)?;
        if count > 0 {
            self.attributes.lock().stamp_accessed();
        }
        Ok(count)
    }

    fn write_at(&self, from: &mut Source<'_>, offset: u64) -> Result<usize> {
        let file = self.file()?;
        let written = file.write_at(&file.start_writing(), &self.store.quota, from, offset);
        self.stamp_modified();
        written
    }

    fn append(&self, from: &mut Source<'_>) -> Result<(u64, usize)> {
        let file = self.file()?;
        let writing = file.start_writing();
        let end = file.size();
        let count = file.write_at(&writing, &self.store.quota, from, end)?;
        drop(writing);
        self.stamp_modified();
        Ok((end + count as u64, count))
    }

    fn size(&self) -> Result<u64> {
        match &self.content {
            Content::File(file) => Ok(file.size()),
            _ => Ok(Inode::stat(self).size as u64),
        }
    }

    fn seals(&self) -> Option<&Seals> {
        self.file().ok().map(FilePages::seals)
    }

    fn add_seals(&self, seals: SealSet) -> Result<()> {
        let file = self.file().map_err(|_| Errno::EINVAL)?;
        file.add_seals(&file.start_writing(), seals)
    }

    fn truncate(&self, size: u64) -> Result<()> {
        let file = self.file()?;
        file.set_size(&file.start_writing(), &self.store.quota, size)?;
        self.stamp_modified();
        Ok(())
    }

    fn allocate(&self, mode: u32, offset: u64, length: u64) -> Result<()> {
        let file = self.file()?;
        let end = offset.checked_add(length).filter(|end| *end <= i64::MAX as u64).ok_or(Errno::EFBIG)?;
        let writing = file.start_writing();
        let quota = &self.store.quota;
        match mode {
            0 | KEEP_SIZE => file.reserve(&writing, quota, offset, end)?,
            _ if mode == PUNCH_HOLE | KEEP_SIZE => file.punch(&writing, quota, offset, end)?,
            _ if mode & !KEEP_SIZE == ZERO_RANGE => file.punch(&writing, quota, offset, end)?,
            _ => return Err(Errno::EOPNOTSUPP),
        }
        if mode & KEEP_SIZE == 0 && end > file.size() {
            file.set_size(&writing, quota, end)?;
        }
        drop(writing);
        self.stamp_modified();
        Ok(())
    }

    fn pager(&self) -> Result<Arc<dyn Pager>> {
        match &self.content {
            Content::File(_) => Ok(self.itself()?),
            _ => Err(Errno::ENODEV),
        }
    }

    fn read_directory(&self, from: u64, emit: &mut dyn FnMut(&DirectoryEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let directory = self.directory()?;
        if directory.is_dead() {
            return Err(Errno::ENOENT);
        }
        let mut cursor = from;
        loop {
            // The receiver may sleep, so each entry is copied out, and the lock opened, before it is told.
            let next = copy_entry(&directory.open(), cursor);
            let Some(entry) = next else { break };
            cursor = entry.next;
            let shown = DirectoryEntry { inode: entry.inode, kind: entry.kind, name: &entry.name, next: entry.next };
            if emit(&shown).is_break() {
                break;
            }
        }
        self.attributes.lock().stamp_accessed();
        Ok(())
    }
}

struct EntryCopy {
    inode: u64,
    kind: NodeKind,
    next: u64,
    name: ArrayVec<u8, 255>,
}

fn copy_entry(entries: &Opened<'_>, from: u64) -> Option<EntryCopy> {
    let entry = entries.next(from)?;
    let mut name = ArrayVec::new();
    // Names were checked to fit when they were made.
    let _ = name.try_extend_from_slice(&entry.name);
    Some(EntryCopy { inode: entry.value.number, kind: entry.value.node_kind(), next: entry.cookie + 1, name })
}

impl Inode {
    /// The child of this name.
    pub fn child(&self, name: &[u8]) -> Result<Arc<Inode>> {
        let found = self.directory()?.open().get(name).cloned();
        found.ok_or(Errno::ENOENT)
    }

    /// The directory that holds this directory.
    pub fn parent_inode(&self) -> Result<Arc<Inode>> {
        self.directory()?.parent().ok_or(Errno::ENOENT)
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.node_kind() == NodeKind::Directory
    }

    /// Replaces the contents of a file that nobody uses yet by a part of the initramfs.
    pub fn set_archive(&self, archive: &'static [u8]) -> Result<()> {
        self.file()?.set_archive(archive);
        Ok(())
    }

    /// Makes an inode and names it here.
    pub fn add_new(&self, name: &[u8], new: New<'_>, mode: Mode, owner: Owner) -> Result<Arc<Inode>> {
        let directory = self.directory()?;
        let is_directory = matches!(new, New::Directory);
        // A look first: making an inode only to throw it away is the expensive way to say EEXIST.
        if directory.open().get(name).is_some() {
            return Err(Errno::EEXIST);
        }
        let inode = Inode::make(&self.store, self.this.clone(), new, mode, owner)?;
        directory.open().insert(name, inode.clone())?;
        let mut attributes = self.attributes.lock();
        attributes.links += u32::from(is_directory);
        attributes.stamp_modified();
        Ok(inode)
    }
}

impl Pager for Inode {
    fn page(&self, index: u64, _access: Access) -> core::result::Result<Frame, FaultError> {
        match &self.content {
            Content::File(file) => file.frame_for_fault(&self.store.quota, index),
            _ => Err(FaultError::BeyondEnd),
        }
    }

    fn id(&self) -> u64 {
        match &self.content {
            Content::File(file) => file.id(),
            _ => 0,
        }
    }

    fn mapped(&self, space: &Arc<AddressSpace>) {
        if let Content::File(file) = &self.content {
            file.mappers().add(space);
        }
    }

    fn inode(&self) -> (u64, u64) {
        (self.store.device, self.number)
    }
}
