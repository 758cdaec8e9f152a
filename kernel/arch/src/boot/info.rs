//! What the boot loader said, in one form for all protocols.

use core::ops::Range;

use crate::PhysAddr;

/// A stretch of physical memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRegion {
    /// First byte, a multiple of the page size where `usable`.
    pub start: PhysAddr,
    /// Bytes.
    pub len: u64,
    /// Free RAM: the kernel image, the initramfs, boot page tables and everything below 1 MiB are
    /// taken out already.
    pub usable: bool,
}

/// What the kernel learns from the boot loader.
pub struct BootInfo {
    /// The memory map, ascending, without overlaps.
    pub memory: &'static [MemoryRegion],
    /// The command line.
    pub command_line: &'static str,
    /// The first module, in the direct map.
    pub initramfs: Option<&'static [u8]>,
    /// The ACPI root pointer.
    pub rsdp: Option<PhysAddr>,
    /// The kernel image, from its first byte to the end of `.bss`.
    pub kernel: Range<PhysAddr>,
}
