//! A heap that is always empty, until `mm` brings the real one.

use core::alloc::{GlobalAlloc, Layout};

struct Empty;

// SAFETY: it never hands out memory, so nothing it hands out can be wrong.
unsafe impl GlobalAlloc for Empty {
    unsafe fn alloc(&self, _layout: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _pointer: *mut u8, _layout: Layout) {}
}

#[global_allocator]
static HEAP: Empty = Empty;
