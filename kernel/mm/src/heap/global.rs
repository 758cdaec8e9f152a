//! The global allocator.
#![allow(unsafe_code)]

use super::size_class::Place;
use super::{depot, pages};
use crate::cpu_caches::{self, CpuCaches};
use crate::error::OutOfMemory;
use crate::inject;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};

/// The kernel heap as Rust's allocator. Out of memory gives null.
#[cfg_attr(not(target_os = "none"), allow(dead_code, reason = "the host has its own heap"))]
pub struct KernelHeap;

#[cfg(target_os = "none")]
#[global_allocator]
static HEAP: KernelHeap = KernelHeap;

#[inline(always)]
fn allocate(layout: &Layout) -> Option<NonNull<u8>> {
    let Place::Class(class) = Place::of(layout) else { return allocate_pages(*layout) };
    let fast = cpu_caches::try_with(|caches| {
        if caches.stash.get().is_some() || inject::is_armed() {
            return None;
        }
        caches.magazines.of(class).take()
    });
    fast.or_else(|| allocate_slowly(*layout, class))
}

#[cold]
fn allocate_slowly(layout: Layout, class: usize) -> Option<NonNull<u8>> {
    cpu_caches::with(|caches| {
        if let Some(block) = take_stash(caches, &layout) {
            return Some(block);
        }
        if !caches.is_promised.get() && inject::should_fail() {
            return None;
        }
        let magazine = caches.magazines.of(class);
        if magazine.is_empty() {
            depot::refill(magazine, class);
        }
        magazine.take()
    })
}

#[cold]
fn allocate_pages(layout: Layout) -> Option<NonNull<u8>> {
    let stashed = cpu_caches::with(|caches| take_stash(caches, &layout));
    match Place::of(&layout) {
        _ if stashed.is_some() => stashed,
        Place::Pages(order) => pages::take(order),
        _ => None,
    }
}

#[inline(always)]
fn free(block: NonNull<u8>, layout: &Layout) {
    let Place::Class(class) = Place::of(layout) else { return free_pages(block, *layout) };
    if cpu_caches::try_with(|caches| caches.magazines.of(class).give(block)).is_none() {
        free_slowly(block, class);
    }
}

#[cold]
fn free_slowly(block: NonNull<u8>, class: usize) {
    cpu_caches::with(|caches| {
        let magazine = caches.magazines.of(class);
        if magazine.is_full() {
            depot::drain(magazine, class);
        }
        let given = magazine.give(block);
        debug_assert!(given.is_some());
    });
}

#[cold]
fn free_pages(block: NonNull<u8>, layout: Layout) {
    if let Place::Pages(order) = Place::of(&layout) {
        pages::give(block, order);
    }
}

/// Sees to it that the next allocation of this layout on this CPU finds a block. Interrupts are off until that has come and
/// [`unstash`] has cleared up.
#[inline]
pub(crate) fn stash(layout: Layout) -> Result<(), OutOfMemory> {
    // Mostly the magazine has one, which nobody else can take meanwhile.
    if let Place::Class(class) = Place::of(&layout)
        && !inject::is_armed()
        && cpu_caches::with(|caches| {
            let has_one = !caches.magazines.of(class).is_empty();
            // Another CPU may ask for a failure from now on.
            caches.is_promised.set(has_one);
            has_one
        })
    {
        return Ok(());
    }
    lay_aside(layout)
}

#[cold]
fn lay_aside(layout: Layout) -> Result<(), OutOfMemory> {
    let block = allocate(&layout).ok_or(OutOfMemory)?;
    cpu_caches::with(|caches| caches.stash.set(Some((block, layout))));
    Ok(())
}

/// Frees what [`stash`] laid aside, if the allocation did not take it.
#[inline]
pub(crate) fn unstash() {
    let left = cpu_caches::with(|caches| {
        caches.is_promised.set(false);
        caches.stash.take()
    });
    if let Some((block, layout)) = left {
        free(block, &layout);
    }
}

fn take_stash(caches: &CpuCaches, wanted: &Layout) -> Option<NonNull<u8>> {
    let (block, layout) = caches.stash.get()?;
    (layout == *wanted).then(|| {
        caches.stash.set(None);
        block
    })
}

// SAFETY: blocks come from the slabs or the frame allocator, each handed out once until freed, at least as large and as
// aligned as asked (`Place::of`); nothing unwinds.
unsafe impl GlobalAlloc for KernelHeap {
    /// # Safety
    /// As [`GlobalAlloc::alloc`]: the layout is not empty.
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocate(&layout).map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    /// # Safety
    /// As [`GlobalAlloc::dealloc`]: the block is one of this heap's, of this layout, and not used again.
    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(block) = NonNull::new(block) {
            free(block, &layout);
        }
    }

    /// # Safety
    /// As [`GlobalAlloc::realloc`]: the block is one of this heap's, of this layout, and is used again only if null comes back.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Ok(new_layout) = Layout::from_size_align(new_size, layout.align()) else { return ptr::null_mut() };
        if Place::of(&layout) == Place::of(&new_layout) {
            return block;
        }
        // SAFETY: the layout is valid and, as the caller promises, not empty.
        let moved = unsafe { self.alloc(new_layout) };
        if !moved.is_null() {
            // SAFETY: both blocks are at least that long, and they are different blocks.
            unsafe { ptr::copy_nonoverlapping(block, moved, layout.size().min(new_size)) };
            // SAFETY: the caller's block, which it may use no more.
            unsafe { self.dealloc(block, layout) };
        }
        moved
    }
}
