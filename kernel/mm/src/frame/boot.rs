//! Taking over the memory that the boot loader left.
#![allow(unsafe_code)]

use super::{depot, metadata};
use crate::algorithm::buddy::Buddy;
use arch::boot::{BootInfo, MemoryRegion};
use arch::{PAGE_SIZE, phys_to_virt};
use core::slice;
use core::sync::atomic::AtomicU32;

/// Frame numbers must fit 32 bits with room to spare.
const MAX_FRAMES: u64 = 1 << 31;

/// The whole frames of a usable region, as numbers.
fn frames_of(region: &MemoryRegion) -> core::ops::Range<u64> {
    let start = region.start.as_u64().div_ceil(PAGE_SIZE as u64).max(1);
    let end = (region.start.as_u64().saturating_add(region.len) / PAGE_SIZE as u64).min(MAX_FRAMES);
    start..end.max(start)
}

/// Takes over the usable memory of the boot map. Once, on the boot CPU.
///
/// The allocator's own arrays come out of the first usable region that is large enough.
pub fn init(boot: &BootInfo) {
    let usable = || boot.memory.iter().filter(|region| region.usable).map(frames_of);
    let frames = usable().map(|range| range.end).max().unwrap_or(0) as usize;
    let buddy_words = Buddy::words_needed(frames);
    let words = buddy_words + frames.div_ceil(2);
    let own_frames = (words * size_of::<u64>()).div_ceil(PAGE_SIZE) as u64;
    let Some(own) = usable().find(|range| range.end - range.start >= own_frames) else {
        panic!("no memory region holds {own_frames} frames of metadata");
    };
    let base = phys_to_virt(arch::PhysAddr::new(own.start * PAGE_SIZE as u64)).cast::<u64>();
    // SAFETY: these frames are usable memory that nobody owns yet, in the direct map, and stay the allocator's for
    // good.
    unsafe { base.write_bytes(0, words) };
    // SAFETY: as above; just initialised.
    let storage = unsafe { slice::from_raw_parts_mut(base, words) };
    let (bitmaps, counts) = storage.split_at_mut(buddy_words);
    // SAFETY: two zeroed 32-bit atomics lie in each zeroed word, and nothing else uses these words.
    metadata::install(unsafe { slice::from_raw_parts_mut(counts.as_mut_ptr().cast::<AtomicU32>(), frames) });
    let mut buddy = Buddy::new(frames, bitmaps);
    for range in usable() {
        let start = if range == own { range.start + own_frames } else { range.start };
        buddy.add(start as usize, range.end as usize);
    }
    depot::install(buddy);
}
