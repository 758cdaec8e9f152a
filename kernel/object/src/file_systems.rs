//! The kinds of file system that can be mounted by name.

use crate::FileSystem;
use crate::floor::{ObjectState, RwSpinLock};
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Makes a file system.
pub type Maker = fn() -> Result<Arc<dyn FileSystem>>;

static KINDS: RwSpinLock<Vec<(&'static str, Maker)>, ObjectState> = RwSpinLock::new(Vec::new());

/// Makes a kind known under the name that `mount` takes.
pub fn register(name: &'static str, maker: Maker) -> Result<()> {
    let mut kinds = KINDS.write();
    kinds.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    kinds.push((name, maker));
    Ok(())
}

/// Makes a file system of the kind with this name; ENODEV if there is none.
pub fn make(name: &[u8]) -> Result<Arc<dyn FileSystem>> {
    let maker = KINDS.read().iter().find(|(known, _)| known.as_bytes() == name).map(|(_, maker)| *maker);
    maker.ok_or(Errno::ENODEV)?()
}
