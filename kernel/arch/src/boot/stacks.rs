//! The boot processor's stacks, laid out by the linker script: each `SIZE` bytes of which the lowest
//! page is never mapped.

use crate::VirtAddr;

/// Bytes from one stack's guard page to the next one's.
pub(super) const SIZE: usize = 0x8000;
/// How many there are: the boot (then idle) stack, and those of [`crate::descriptors::Stacks`].
const COUNT: usize = 4;

unsafe extern "C" {
    safe static boot_stacks_start: u8;
}

/// The end of stack `index`.
pub(super) fn top(index: usize) -> VirtAddr {
    VirtAddr::new((&raw const boot_stacks_start) as u64 + ((index + 1) * SIZE) as u64)
}

/// The addresses of the guard pages.
pub(super) fn guards() -> impl Iterator<Item = u64> {
    (0..COUNT).map(|index| (&raw const boot_stacks_start) as u64 + (index * SIZE) as u64)
}
