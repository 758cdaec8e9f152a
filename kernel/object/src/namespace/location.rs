//! Locations: nodes as found through a mount.

use super::Mount;
use crate::Node;
use crate::floor::try_arc;
use abi::Result;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

/// Where a node is in a file tree: the mount it was reached through, the node, and, for what is no directory, the directory
/// entry that named it. A directory's own place is asked of its file system, since renames move it.
#[derive(Clone)]
pub struct Location {
    mount: Arc<Mount>,
    node: Arc<dyn Node>,
    entry: Option<Arc<Entry>>,
}

/// The name by which a node was found.
pub struct Entry {
    /// The directory.
    pub directory: Arc<dyn Node>,
    /// The name in it.
    pub name: Box<[u8]>,
}

impl Location {
    /// A node found through `mount`.
    pub fn new(mount: Arc<Mount>, node: Arc<dyn Node>) -> Self {
        Self { mount, node, entry: None }
    }

    /// A node found by name. ENOMEM.
    pub fn with_entry(mount: Arc<Mount>, node: Arc<dyn Node>, entry: Entry) -> Result<Self> {
        Ok(Self { mount, node, entry: Some(try_arc(entry)?) })
    }

    /// The mount.
    pub fn mount(&self) -> &Arc<Mount> {
        &self.mount
    }

    /// The node.
    pub fn node(&self) -> &Arc<dyn Node> {
        &self.node
    }

    /// The directory entry that named it, for what is no directory.
    pub fn entry(&self) -> Option<&Entry> {
        self.entry.as_deref()
    }

    /// Goes to another node of the same mount.
    pub(super) fn move_within(&mut self, node: Arc<dyn Node>) {
        self.node = node;
        self.entry = None;
    }

    /// Whether both are the same node through the same mount.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.mount, &other.mount) && self.node.id() == other.node.id()
    }

    /// Whether it is the root of its mount.
    pub fn is_mount_root(&self) -> bool {
        self.node.id() == self.mount.root_id()
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.mount.file_system().name(), self.node.id())
    }
}
