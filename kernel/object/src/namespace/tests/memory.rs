//! A file system in memory, small enough to be obviously right.

use crate::directory::FIRST_ENTRY;
use crate::{DirectoryEntry, FileSystem, NewNode, Node, NodeKind, Owner, SetAttributes};
use abi::types::{Stat, Statfs};
use abi::{Errno, Mode, RenameFlags, Result};
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub struct MemoryFileSystem {
    device: u64,
    root: Mutex<Option<Arc<MemoryNode>>>,
    next: AtomicU64,
}

impl MemoryFileSystem {
    pub fn new(device: u64) -> Arc<Self> {
        let system = Arc::new(Self { device, root: Mutex::new(None), next: AtomicU64::new(1) });
        let root = system.make(NodeKind::Directory, Mode::from_raw(0o755), Vec::new());
        *root.parent.lock().unwrap() = Arc::downgrade(&root);
        *system.root.lock().unwrap() = Some(root);
        system
    }

    fn make(self: &Arc<Self>, kind: NodeKind, mode: Mode, link: Vec<u8>) -> Arc<MemoryNode> {
        Arc::new(MemoryNode {
            system: self.clone(),
            id: self.next.fetch_add(1, Ordering::Relaxed),
            kind,
            mode: Mutex::new(mode),
            link,
            parent: Mutex::new(Weak::new()),
            children: Mutex::new(BTreeMap::new()),
        })
    }
}

impl FileSystem for MemoryFileSystem {
    fn name(&self) -> &'static str {
        "memory"
    }
    fn device(&self) -> u64 {
        self.device
    }
    fn root(&self) -> Result<Arc<dyn Node>> {
        Ok(self.root.lock().unwrap().clone().unwrap())
    }
    fn statfs(&self) -> Result<Statfs> {
        Ok(Statfs::default())
    }
}

pub struct MemoryNode {
    system: Arc<MemoryFileSystem>,
    id: u64,
    kind: NodeKind,
    mode: Mutex<Mode>,
    link: Vec<u8>,
    parent: Mutex<Weak<MemoryNode>>,
    children: Mutex<BTreeMap<Vec<u8>, Arc<MemoryNode>>>,
}

impl MemoryNode {
    fn take(&self, name: &[u8]) -> Result<Arc<MemoryNode>> {
        self.children.lock().unwrap().remove(name).ok_or(Errno::ENOENT)
    }
}

impl Node for MemoryNode {
    fn kind(&self) -> NodeKind {
        self.kind
    }
    fn id(&self) -> u64 {
        self.id
    }
    fn stat(&self) -> Result<Stat> {
        let mode = self.kind.mode_bits() | self.mode.lock().unwrap().bits();
        Ok(Stat { inode: self.id, mode, ..Stat::default() })
    }
    fn file_system(&self) -> Result<Arc<dyn FileSystem>> {
        Ok(self.system.clone())
    }
    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Node>> {
        let children = self.children.lock().unwrap();
        children.get(name).map(|child| child.clone() as Arc<dyn Node>).ok_or(Errno::ENOENT)
    }
    fn parent(&self) -> Option<Arc<dyn Node>> {
        self.parent.lock().unwrap().upgrade().map(|parent| parent as Arc<dyn Node>)
    }
    fn create(&self, name: &[u8], what: NewNode<'_>, mode: Mode, _owner: Owner) -> Result<Arc<dyn Node>> {
        let link = if let NewNode::Symlink(path) = what { path.to_vec() } else { Vec::new() };
        let child = self.system.make(what.kind(), mode, link);
        let this = match self.parent().filter(|parent| parent.id() != self.id) {
            Some(parent) => {
                let parent = parent.downcast_ref::<MemoryNode>().unwrap();
                let children = parent.children.lock().unwrap();
                children.values().find(|child| child.id == self.id).cloned().unwrap()
            }
            None => self.system.root.lock().unwrap().clone().unwrap(),
        };
        *child.parent.lock().unwrap() = Arc::downgrade(&this);
        self.children.lock().unwrap().insert(name.to_vec(), child.clone());
        Ok(child)
    }
    fn unlink(&self, name: &[u8]) -> Result<()> {
        self.take(name).map(drop)
    }
    fn remove_directory(&self, name: &[u8]) -> Result<()> {
        self.take(name).map(drop)
    }
    fn rename(&self, old: &[u8], target: &Arc<dyn Node>, new: &[u8], _flags: RenameFlags) -> Result<()> {
        let moved = self.take(old)?;
        let target = target.downcast_ref::<MemoryNode>().unwrap();
        target.children.lock().unwrap().insert(new.to_vec(), moved);
        Ok(())
    }
    fn read_link(&self) -> Result<Vec<u8>> {
        if self.kind == NodeKind::Symlink { Ok(self.link.clone()) } else { Err(Errno::EINVAL) }
    }
    fn set_attributes(&self, attributes: &SetAttributes) -> Result<()> {
        if let Some(mode) = attributes.mode {
            *self.mode.lock().unwrap() = mode;
        }
        Ok(())
    }
    fn truncate(&self, _size: u64) -> Result<()> {
        Ok(())
    }
    fn read_directory(&self, from: u64, emit: &mut dyn FnMut(&DirectoryEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let children = self.children.lock().unwrap();
        for (at, (name, child)) in children.iter().enumerate().skip((from - FIRST_ENTRY) as usize) {
            let next = FIRST_ENTRY + at as u64 + 1;
            if emit(&DirectoryEntry { inode: child.id, kind: child.kind, name, next }).is_break() {
                break;
            }
        }
        Ok(())
    }
}
