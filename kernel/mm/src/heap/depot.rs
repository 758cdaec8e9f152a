//! The slabs behind the magazines: `slab_allocator_rs`, grown class by class with frames as blocks run out.
#![allow(unsafe_code)]

use super::magazine::{BATCH, Magazine};
use super::size_class::SIZES;
use crate::frame;
use arch::{PAGE_SIZE, PhysAddr, phys_to_virt};
use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use slab_allocator_rs::{Heap, MIN_HEAP_SIZE};
use sync::IrqLock;
use sync::ranks::SlabDepot;

static DEPOT: IrqLock<Option<Heap>, SlabDepot> = IrqLock::new(None);
static FRAMES: AtomicUsize = AtomicUsize::new(0);

/// The order of the block that starts the heap, and of those that the larger classes grow by.
const START_ORDER: u8 = (MIN_HEAP_SIZE / PAGE_SIZE).ilog2() as u8;

/// Frames that the slabs hold.
pub(crate) fn frames() -> usize {
    FRAMES.load(Ordering::Relaxed)
}

/// A block of frames for the heap, as an address.
fn take_block(order: u8) -> Option<usize> {
    let first = frame::take_contiguous(order).ok()?;
    FRAMES.fetch_add(1 << order, Ordering::Relaxed);
    Some(phys_to_virt(PhysAddr::new(u64::from(first.get()) << 12)) as usize)
}

fn layout_of(class: usize) -> Option<Layout> {
    Layout::from_size_align(SIZES[class], SIZES[class]).ok()
}

/// Takes one block of the class out of the heap, growing it if need be.
fn allocate(heap: &mut Heap, class: usize) -> Option<NonNull<u8>> {
    let layout = layout_of(class)?;
    if let Ok(block) = heap.allocate(layout) {
        return Some(block);
    }
    // A slab of a frame holds at least two blocks; more at a time for the big ones, if there is a run of frames.
    let wanted = if SIZES[class] > 256 { 2 } else { 0 };
    let (order, start) = take_block(wanted).map(|start| (wanted, start)).or_else(|| Some((0, take_block(0)?)))?;
    // SAFETY: the frames are fresh from the allocator, in the direct map, and the heap's for good.
    unsafe { heap.grow(start, PAGE_SIZE << order, Heap::layout_to_allocator(&layout)) };
    heap.allocate(layout).ok()
}

/// Puts up to a batch of blocks into a magazine.
pub(super) fn refill(magazine: &Magazine, class: usize) {
    let mut guard = DEPOT.lock();
    if guard.is_none() {
        let Some(start) = take_block(START_ORDER) else { return };
        // SAFETY: as in `allocate`.
        *guard = Some(unsafe { Heap::new(start, MIN_HEAP_SIZE) });
    }
    let Some(heap) = guard.as_mut() else { return };
    for _ in 0..BATCH {
        let Some(block) = allocate(heap, class) else { return };
        magazine.push(block);
    }
}

/// Takes a batch of blocks out of a magazine.
pub(super) fn drain(magazine: &Magazine, class: usize) {
    let mut guard = DEPOT.lock();
    let (Some(heap), Some(layout)) = (guard.as_mut(), layout_of(class)) else { return };
    magazine.take_oldest(BATCH, |block| {
        // SAFETY: a magazine holds blocks of its class that the heap gave and nobody uses.
        unsafe { heap.deallocate(block, layout) };
    });
}
