//! `fcntl` on seals.

use abi::consts::general;
use abi::{Errno, Result};
use caps::Rights;
use object::{Held, SealSet};

/// Does F_GET_SEALS and F_ADD_SEALS. EINVAL for what cannot have seals; EPERM for a file that is not open for writing, and
/// where there may be no more.
pub(super) fn control(held: &Held, command: u32, argument: usize) -> Result<usize> {
    let node = held.node().ok_or(Errno::EINVAL)?;
    let seals = node.seals().ok_or(Errno::EINVAL)?;
    if command == general::F_GET_SEALS {
        return Ok(seals.get().bits() as usize);
    }
    let added = SealSet::from_bits(argument as u32).ok_or(Errno::EINVAL)?;
    if !held.status_flags().can_write() {
        return Err(Errno::EPERM);
    }
    held.demand(Rights::MEMORY_SEAL)?;
    node.add_seals(added).map(|()| 0)
}
