//! Where things lie in the virtual address space.

use crate::PhysAddr;

/// First address that user mappings may not reach. The last canonical page stays free, so that a
/// `syscall` instruction can never end at a non-canonical return address.
pub const USER_END: u64 = 0x0000_7fff_ffff_f000;
/// All physical memory, mapped writable and not executable.
pub const DIRECT_MAP: u64 = 0xffff_8000_0000_0000;
/// Where `mm` maps kernel stacks, each above an unmapped guard page.
pub const KERNEL_STACKS: u64 = 0xffff_c000_0000_0000;
/// Size of the kernel stack region: what one top-level page-table entry covers.
pub const KERNEL_STACKS_SIZE: u64 = 1 << 39;
/// Where physical address 0 of the kernel image lies.
pub const KERNEL_BASE: u64 = 0xffff_ffff_8000_0000;

/// The direct-map address of physical address `address`.
///
/// Memory that the boot loader reported and device registers below 4 GiB are mapped; other addresses
/// fault when used.
#[inline]
pub fn phys_to_virt(address: PhysAddr) -> *mut u8 {
    (address.as_u64() + DIRECT_MAP) as *mut u8
}

/// The physical address behind a direct-map or kernel-image address.
#[inline]
pub fn virt_to_phys<T: ?Sized>(pointer: *const T) -> PhysAddr {
    let address = pointer.cast::<u8>() as u64;
    if address >= KERNEL_BASE { PhysAddr::new(address - KERNEL_BASE) } else { PhysAddr::new(address - DIRECT_MAP) }
}
