//! Fallible construction: what a user can make the kernel allocate comes from here or from `try_reserve`.
//!
//! Stable Rust has no `Box::try_new` and no `Arc::try_new`. A box is built from a raw block. An `Arc` has a layout
//! that only
//! the standard library may make, so its block is laid aside first, where this can fail, and `Arc::new` then finds it:
//! with interrupts off nobody else on this CPU can take it.
#![allow(unsafe_code)]

use crate::error::OutOfMemory;
use crate::heap;
use core::alloc::Layout;
use core::fmt;
use heap_crate::alloc::alloc;
use heap_crate::boxed::Box;
use heap_crate::sync::{Arc, Weak};
use heap_crate::vec::Vec;

/// A box, or [`OutOfMemory`] (the value is dropped).
#[inline]
pub fn try_box<T>(value: T) -> Result<Box<T>, OutOfMemory> {
    try_box_with(|| value)
}

/// A box of what `make` gives, made in its place: for what is too large to be moved lightly. [`OutOfMemory`] before `make`
/// is called.
#[inline]
pub fn try_box_with<T>(make: impl FnOnce() -> T) -> Result<Box<T>, OutOfMemory> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        return Ok(Box::new(make()));
    }
    // SAFETY: the layout is not empty.
    let block = unsafe { alloc(layout) }.cast::<T>();
    if block.is_null() {
        return Err(OutOfMemory);
    }
    let value = make();
    // SAFETY: a fresh block of the value's layout.
    unsafe { block.write(value) };
    // SAFETY: the block came from the global allocator with this layout, and holds a value.
    Ok(unsafe { Box::from_raw(block) })
}

/// The layout of what an `Arc<T>` points to: two counts and the value. Should the library change it, `Arc::new` would
/// just
/// not find the block laid aside and allocate by itself.
fn arc_layout<T>() -> Result<Layout, OutOfMemory> {
    let (layout, _) = Layout::new::<[usize; 2]>().extend(Layout::new::<T>()).map_err(|_| OutOfMemory)?;
    Ok(layout.pad_to_align())
}

/// An [`Arc`], or [`OutOfMemory`] (the value is dropped).
#[inline]
pub fn try_arc<T>(value: T) -> Result<Arc<T>, OutOfMemory> {
    // Dropped before `value` is, should this fail.
    let _irq = sync::irq_off();
    heap::stash(arc_layout::<T>()?)?;
    let arc = Arc::new(value);
    heap::unstash();
    Ok(arc)
}

/// As [`Arc::new_cyclic`], but fallible. `make` runs with interrupts off: it must be short and must not allocate.
pub fn try_arc_cyclic<T>(make: impl FnOnce(&Weak<T>) -> T) -> Result<Arc<T>, OutOfMemory> {
    let _irq = sync::irq_off();
    heap::stash(arc_layout::<T>()?)?;
    let arc = Arc::new_cyclic(make);
    heap::unstash();
    Ok(arc)
}

/// A boxed slice of `len` values made by `make`.
pub fn try_boxed_slice<T>(len: usize, make: impl FnMut(usize) -> T) -> Result<Box<[T]>, OutOfMemory> {
    let mut vec = try_vec(len)?;
    vec.extend((0..len).map(make));
    Ok(vec.into_boxed_slice())
}

/// An empty vector with room for `capacity` elements.
#[inline]
pub fn try_vec<T>(capacity: usize) -> Result<Vec<T>, OutOfMemory> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(capacity)?;
    Ok(vec)
}

/// A vector of `len` clones of `value`.
pub fn try_vec_of<T: Clone>(value: T, len: usize) -> Result<Vec<T>, OutOfMemory> {
    let mut vec = try_vec(len)?;
    vec.resize(len, value);
    Ok(vec)
}

/// A vector with a copy of `slice`.
pub fn try_to_vec<T: Clone>(slice: &[T]) -> Result<Vec<T>, OutOfMemory> {
    let mut vec = try_vec(slice.len())?;
    vec.extend_from_slice(slice);
    Ok(vec)
}

/// A text as bytes. Who formats must not allocate by itself.
pub fn try_format(text: fmt::Arguments<'_>) -> Result<Vec<u8>, OutOfMemory> {
    struct Bytes(Vec<u8>);
    impl fmt::Write for Bytes {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0.try_reserve(part.len()).map_err(|_| fmt::Error)?;
            self.0.extend_from_slice(part.as_bytes());
            Ok(())
        }
    }
    let mut bytes = Bytes(Vec::new());
    fmt::write(&mut bytes, text).map_err(|_| OutOfMemory)?;
    Ok(bytes.0)
}

/// Appends `value`.
#[inline]
pub fn try_push<T>(vec: &mut Vec<T>, value: T) -> Result<(), OutOfMemory> {
    vec.try_reserve(1)?;
    vec.push(value);
    Ok(())
}
