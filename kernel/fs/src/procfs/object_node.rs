//! A node for an open object that has no place in the file tree, such as a pipe: what `/dev/fd/N` and
//! `/proc/PID/fd/N` lead to.

use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use object::{Credentials, FileSystem, Location, Node, NodeKind, Object};

/// An object as a node. Opening it gives the object itself, for no more than it was open for.
pub struct ObjectNode {
    object: Arc<dyn Object>,
    file_system: Arc<dyn FileSystem>,
}

impl ObjectNode {
    /// A node for `object` that claims to lie in `file_system`.
    pub fn new(object: Arc<dyn Object>, file_system: Arc<dyn FileSystem>) -> Self {
        Self { object, file_system }
    }
}

impl Node for ObjectNode {
    fn kind(&self) -> NodeKind {
        let mode = self.object.stat().map_or(0, |stat| stat.mode);
        NodeKind::from_mode(mode).unwrap_or(NodeKind::File)
    }

    fn id(&self) -> u64 {
        self.object.stat().map_or(0, |stat| stat.inode)
    }

    fn stat(&self) -> Result<Stat> {
        self.object.stat()
    }

    fn file_system(&self) -> Result<Arc<dyn FileSystem>> {
        Ok(self.file_system.clone())
    }

    fn open(&self, _location: &Location, flags: OpenFlags, _credentials: &Credentials) -> Result<Arc<dyn Object>> {
        let had = self.object.status_flags();
        if (flags.can_read() && !had.can_read()) || (flags.can_write() && !had.can_write()) {
            return Err(Errno::EACCES);
        }
        Ok(self.object.clone())
    }
}
