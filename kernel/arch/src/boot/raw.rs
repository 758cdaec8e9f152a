//! What both protocols have in common: facts collected from the loader's structures, copied out
//! before anything may overwrite them.

use super::memory_map::MemoryMap;
use crate::{PhysAddr, phys_to_virt};

/// Longest command line that is kept.
pub(super) const COMMAND_LINE_MAX: usize = 4096;

/// The loader's facts.
pub(super) struct Raw {
    pub memory: MemoryMap,
    pub command_line: [u8; COMMAND_LINE_MAX],
    pub command_line_len: usize,
    /// First and last+1 address of the first module.
    pub initramfs: Option<(u64, u64)>,
    pub rsdp: Option<PhysAddr>,
    /// A copy of the root pointer, for a loader that gives one by value.
    pub rsdp_copy: [u8; 36],
}

impl Raw {
    pub const fn new() -> Self {
        Self {
            memory: MemoryMap::new(),
            command_line: [0; COMMAND_LINE_MAX],
            command_line_len: 0,
            initramfs: None,
            rsdp: None,
            rsdp_copy: [0; 36],
        }
    }

    /// Keeps the zero-terminated string at `address`, as far as it is UTF-8.
    pub fn set_command_line(&mut self, address: u64) {
        let bytes = (0..COMMAND_LINE_MAX as u64).map(|offset| read::<u8>(address + offset));
        self.command_line_len = 0;
        for byte in bytes.take_while(|byte| *byte != 0) {
            self.command_line[self.command_line_len] = byte;
            self.command_line_len += 1;
        }
    }
}

/// Reads a plain value at a physical address below 4 GiB.
pub(super) fn read<T: Copy + Plain>(address: u64) -> T {
    let pointer = phys_to_virt(PhysAddr::new_truncate(address)).cast::<T>();
    // SAFETY: the boot tables map the first 4 GiB, and any bytes make a `Plain` value.
    unsafe { pointer.read_unaligned() }
}

/// Types for which every bit pattern is a value.
pub(super) trait Plain {}
impl Plain for u8 {}
impl Plain for u16 {}
impl Plain for u32 {}
impl Plain for u64 {}
