//! The file system as a whole.

use super::node::ProcNode;
use super::source::ProcessSource;
use super::system;
use abi::Result;
use abi::types::Statfs;
use alloc::sync::{Arc, Weak};
use object::{FileSystem, Node};

/// `PROC_SUPER_MAGIC` of `statfs`.
const MAGIC: i64 = 0x9fa0;

/// The process file system.
pub struct ProcFs {
    this: Weak<ProcFs>,
    source: &'static dyn ProcessSource,
    device: u64,
    boot_id: u128,
}

/// Makes the file system over a source of processes.
pub fn make(source: &'static dyn ProcessSource) -> Result<Arc<dyn FileSystem>> {
    let (device, boot_id) = (crate::device_id::allocate(), system::random_bits());
    Ok(mm::alloc::try_arc_cyclic(|this| ProcFs { this: this.clone(), source, device, boot_id })?)
}

impl ProcFs {
    /// What processes there are.
    pub fn source(&self) -> &'static dyn ProcessSource {
        self.source
    }

    /// A number drawn at boot.
    pub(super) fn boot_id(&self) -> u128 {
        self.boot_id
    }
}

impl FileSystem for ProcFs {
    fn name(&self) -> &'static str {
        "proc"
    }

    fn device(&self) -> u64 {
        self.device
    }

    fn root(&self) -> Result<Arc<dyn Node>> {
        match self.this.upgrade() {
            Some(this) => Ok(mm::alloc::try_arc(ProcNode::root(this))?),
            None => unreachable!("whoever asks holds the file system"),
        }
    }

    fn statfs(&self) -> Result<Statfs> {
        Ok(Statfs { kind: MAGIC, block_size: 4096, fragment_size: 4096, name_max: 255, ..Statfs::default() })
    }
}
