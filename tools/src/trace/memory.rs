//! The guest's memory as a file that QEMU shares with this process, and still there when QEMU has ended.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, memfd_create};

use crate::failure::{Context, Failure, Result};

/// Where memory beyond the hole for devices goes on.
const HIGH: u64 = 1 << 32;
/// The q35 machine keeps so much below the hole if all of it fits there, and else [`LOW_OF_MUCH`].
const LOW: u64 = 0xb000_0000;
const LOW_OF_MUCH: u64 = 0x8000_0000;

/// The guest's physical memory.
#[derive(Debug)]
pub struct Memory {
    file: File,
    /// The size in bytes.
    size: u64,
}

impl Memory {
    /// Room for `size` bytes, none of it used yet.
    pub fn new(size: u64) -> Result<Self> {
        let context = || "cannot make room for the guest's memory".into();
        let file = File::from(memfd_create("guest-memory", MemfdFlags::CLOEXEC).context(context)?);
        file.set_len(size).context(context)?;
        Ok(Self { file, size })
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// For QEMU to inherit.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// `length` bytes from a physical address on.
    pub fn bytes(&self, physical: u64, length: usize) -> Result<Vec<u8>> {
        let low = if self.size >= LOW { LOW_OF_MUCH } else { LOW };
        let offset = if physical >= HIGH { physical - HIGH + low } else { physical };
        if offset.checked_add(length as u64).is_none_or(|end| end > self.size) {
            return Err(Failure::machine(format!("the trace points outside the guest's memory: {physical:#x}")));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset).context(|| "cannot read the guest's memory".into())?;
        Ok(bytes)
    }

    /// `count` little-endian words from a physical address on.
    pub fn words(&self, physical: u64, count: usize) -> Result<Vec<u64>> {
        let bytes = self.bytes(physical, count * 8)?;
        Ok(bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_above_the_hole_follows_what_is_below() {
        let memory = Memory::new(LOW + (1 << 20)).unwrap();
        memory.file.write_all_at(&7u64.to_le_bytes(), LOW_OF_MUCH + 16).unwrap();
        assert_eq!(memory.words(HIGH + 16, 1).unwrap(), [7]);
        assert!(memory.words(HIGH + LOW, 1).is_err());
    }
}
