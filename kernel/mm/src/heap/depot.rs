//! The slabs behind the magazines, one lock a class.
#![allow(unsafe_code)]

use super::magazine::{BATCH, Magazine};
use super::size_class::{COUNT, SIZES};
use super::slab::{Pages, Slabs};
use crate::frame::{self, Number, metadata};
use arch::layout::DIRECT_MAP;
use arch::{PhysAddr, phys_to_virt};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use sync::ranks::SlabDepot;
use sync::{CachePadded, IrqLock};

static DEPOT: [CachePadded<IrqLock<Slabs, SlabDepot>>; COUNT] = {
    let mut depot = [const { CachePadded::new(IrqLock::new(Slabs::new(0))) }; COUNT];
    let mut class = 0;
    while class < COUNT {
        depot[class] = CachePadded::new(IrqLock::new(Slabs::new(SIZES[class])));
        class += 1;
    }
    depot
};
/// Frames that the slabs of each class hold.
static FRAMES: [AtomicUsize; COUNT] = [const { AtomicUsize::new(0) }; COUNT];

/// Frames that the slabs of a class hold.
pub(crate) fn frames(class: usize) -> usize {
    FRAMES[class].load(Ordering::Relaxed)
}

/// Frames as the pages of a class's slabs, in the direct map. A slab's state is what a counted frame's count would be.
struct FramePages {
    class: usize,
}

fn number_of(page: NonNull<u8>) -> Option<Number> {
    Number::new((page.addr().get().wrapping_sub(DIRECT_MAP as usize) >> 12) as u32)
}

// SAFETY: frames are pages, in the direct map at an address that follows from their number, and a frame without
// handles has
// no other use for its count.
unsafe impl Pages for FramePages {
    fn take(&mut self) -> Option<NonNull<u8>> {
        let number = frame::take().ok()?;
        FRAMES[self.class].fetch_add(1, Ordering::Relaxed);
        Some(self.page(number.get()))
    }

    fn give(&mut self, page: NonNull<u8>) {
        if let Some(number) = number_of(page) {
            metadata::set_word(number, 0);
            FRAMES[self.class].fetch_sub(1, Ordering::Relaxed);
            frame::give(number);
        }
    }

    #[inline]
    fn number(&self, page: NonNull<u8>) -> u32 {
        number_of(page).map_or(u32::MAX, Number::get)
    }

    #[inline]
    fn page(&self, number: u32) -> NonNull<u8> {
        let page = phys_to_virt(PhysAddr::new_truncate(u64::from(number) << 12));
        // SAFETY: the direct map does not begin at 0.
        unsafe { NonNull::new_unchecked(page) }
    }

    #[inline]
    fn state(&self, page: NonNull<u8>) -> u32 {
        number_of(page).map_or(0, metadata::word)
    }

    #[inline]
    fn set_state(&mut self, page: NonNull<u8>, state: u32) {
        if let Some(number) = number_of(page) {
            metadata::set_word(number, state);
        }
    }
}

/// Puts up to a batch of blocks into a magazine.
pub(super) fn refill(magazine: &Magazine, class: usize) {
    let mut slabs = DEPOT[class].lock();
    let mut missing = BATCH;
    while missing != 0 {
        let got = slabs.allocate(&mut FramePages { class }, missing, |block| {
            let added = magazine.add(block);
            debug_assert!(added.is_some(), "a magazine that is refilled has room for a batch");
        });
        if got == 0 {
            return;
        }
        missing -= got;
    }
}

/// Takes a batch of blocks out of a magazine.
pub(super) fn drain(magazine: &Magazine, class: usize) {
    let mut slabs = DEPOT[class].lock();
    magazine.take_oldest(BATCH, |block| {
        // SAFETY: a magazine holds blocks of its class that the slabs gave and nobody uses.
        unsafe { slabs.free(&mut FramePages { class }, block) };
    });
}
