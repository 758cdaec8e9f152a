//! What is known of each frame: how many hold it. Four bytes a frame. Slabs, which have no holders, keep their state
//! there.
#![allow(unsafe_code)]

use super::Number;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// The array's first element; frame 0's.
static COUNTS: AtomicPtr<AtomicU32> = AtomicPtr::new(core::ptr::null_mut());

/// Makes `counts`, with one element for every frame up to the highest usable one, the metadata.
pub(super) fn install(counts: &'static mut [AtomicU32]) {
    COUNTS.store(counts.as_mut_ptr(), Ordering::Relaxed);
}

#[inline(always)]
fn count_of(number: Number) -> &'static AtomicU32 {
    let base = COUNTS.load(Ordering::Relaxed);
    // SAFETY: numbers come from the allocator, which hands out none above the highest usable frame, for which the
    // array has an element.
    let count = unsafe { base.add(number.get() as usize) };
    // SAFETY: as above; the array is never freed.
    unsafe { &*count }
}

/// A fresh frame has one holder.
#[inline(always)]
pub(crate) fn set_one(number: Number) {
    debug_assert_eq!(count_of(number).load(Ordering::Relaxed), 0, "frame {number:#x} handed out twice");
    count_of(number).store(1, Ordering::Relaxed);
}

/// One more holder. Only a holder may say so.
#[inline(always)]
pub(crate) fn add_one(number: Number) {
    let before = count_of(number).fetch_add(1, Ordering::Relaxed);
    debug_assert!(before != 0, "frame {number:#x} cloned while free");
}

/// One holder fewer. True: that was the last, and the frame must be freed.
#[inline(always)]
pub(crate) fn remove_one(number: Number) -> bool {
    let before = count_of(number).fetch_sub(1, Ordering::Release);
    debug_assert!(before != 0, "frame {number:#x} dropped while free");
    if before == 1 {
        core::sync::atomic::fence(Ordering::Acquire);
    }
    before == 1
}

/// The word of a frame that has no handles and serves its owner otherwise.
#[inline(always)]
pub(crate) fn word(number: Number) -> u32 {
    count_of(number).load(Ordering::Relaxed)
}

/// Sets that word; 0 again before the frame is freed.
#[inline(always)]
pub(crate) fn set_word(number: Number, word: u32) {
    count_of(number).store(word, Ordering::Relaxed);
}

/// Whether there is more than one holder. Acquire: who finds itself alone sees all that former holders wrote.
#[inline(always)]
pub(crate) fn is_shared(number: Number) -> bool {
    count_of(number).load(Ordering::Acquire) != 1
}
