//! Fallible construction: what a user can make the kernel allocate comes from here or from `try_reserve`.

use crate::error::OutOfMemory;
use heap_crate::boxed::Box;
use heap_crate::sync::{Arc, Weak};
use heap_crate::vec::Vec;

/// A box, or [`OutOfMemory`] (the value is dropped).
pub fn try_box<T>(value: T) -> Result<Box<T>, OutOfMemory> {
    let _ = value;
    todo!()
}

/// An [`Arc`], or [`OutOfMemory`] (the value is dropped).
pub fn try_arc<T>(value: T) -> Result<Arc<T>, OutOfMemory> {
    let _ = value;
    todo!()
}

/// As [`Arc::new_cyclic`], but fallible. `make` runs with interrupts off: it must be short and must not allocate.
pub fn try_arc_cyclic<T>(make: impl FnOnce(&Weak<T>) -> T) -> Result<Arc<T>, OutOfMemory> {
    let _ = make;
    todo!()
}

/// An empty vector with room for `capacity` elements.
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

/// Appends `value`.
pub fn try_push<T>(vec: &mut Vec<T>, value: T) -> Result<(), OutOfMemory> {
    vec.try_reserve(1)?;
    vec.push(value);
    Ok(())
}
