//! The file-system trait.

use crate::Node;
use abi::Result;
use abi::types::Statfs;
use alloc::sync::Arc;
use core::any::Any;

/// A mounted tree of nodes.
pub trait FileSystem: Any + Send + Sync {
    /// Its type, as `/proc/mounts` shows it.
    fn name(&self) -> &'static str;

    /// The device number that `st_dev` of its nodes shows; unique among file systems.
    fn device(&self) -> u64;

    /// The root directory.
    fn root(&self) -> Result<Arc<dyn Node>>;

    /// The figures of `statfs`.
    fn statfs(&self) -> Result<Statfs>;
}
