//! Big blocks: contiguous frames in the direct map.

use crate::frame;
use arch::{PhysAddr, layout, phys_to_virt};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

static FRAMES: AtomicUsize = AtomicUsize::new(0);

/// Frames in big blocks.
pub(crate) fn frames() -> usize {
    FRAMES.load(Ordering::Relaxed)
}

/// A block of `1 << order` frames.
pub(super) fn take(order: u8) -> Option<NonNull<u8>> {
    let first = frame::take_contiguous(order).ok()?;
    FRAMES.fetch_add(1 << order, Ordering::Relaxed);
    NonNull::new(phys_to_virt(PhysAddr::new(u64::from(first.get()) << 12)))
}

/// Gives such a block back.
pub(super) fn give(block: NonNull<u8>, order: u8) {
    let number = layout::virt_to_phys(block.as_ptr()).as_u64() >> 12;
    if let Some(first) = u32::try_from(number).ok().and_then(frame::Number::new) {
        FRAMES.fetch_sub(1 << order, Ordering::Relaxed);
        frame::give_contiguous(first, order);
    }
}
