//! [`Frame`]: a counted handle to one frame.
#![allow(unsafe_code)]

use super::{Number, clean, give, metadata, take};
use crate::error::OutOfMemory;
use crate::inject;
use arch::paging::{GROUP, Table};
use arch::{PAGE_SIZE, PhysAddr};
use core::mem::ManuallyDrop;
use core::ptr;
use core::sync::atomic::AtomicU64;

/// One reference to a 4 KiB frame. Cloning counts up, dropping counts down, and the last one frees the frame.
///
/// The bytes may be mapped into address spaces, so they can change at any time: access copies, never borrows.
#[derive(Debug)]
pub struct Frame {
    number: Number,
}

impl Frame {
    /// A frame of zeros.
    #[inline]
    pub fn zeroed() -> Result<Self, OutOfMemory> {
        let frame = Self::for_overwrite()?;
        // SAFETY: the frame is ours alone and in the direct map.
        unsafe { arch::page::zero(frame.as_ptr()) };
        Ok(frame)
    }

    /// A frame with arbitrary contents, for those who overwrite all of it before anyone else sees it.
    #[inline]
    pub fn for_overwrite() -> Result<Self, OutOfMemory> {
        let number = take()?;
        metadata::set_one(number);
        Ok(Self { number })
    }

    /// A frame with a copy of this one's bytes.
    #[inline]
    pub fn duplicate(&self) -> Result<Self, OutOfMemory> {
        let copy = Self::for_overwrite()?;
        // SAFETY: both are whole frames in the direct map, and the copy is ours alone.
        unsafe { arch::page::copy(copy.as_ptr(), self.as_ptr()) };
        Ok(copy)
    }

    /// A frame with a copy of the bytes of one that someone else holds. Should it be freed meanwhile, the bytes are
    /// arbitrary.
    #[inline]
    pub(crate) fn duplicate_number(number: Number) -> Result<Self, OutOfMemory> {
        ManuallyDrop::new(Self { number }).duplicate()
    }

    /// The physical address.
    #[inline]
    pub fn addr(&self) -> PhysAddr {
        PhysAddr::new_truncate(u64::from(self.number.get()) << 12)
    }

    /// Whether someone else holds a reference too.
    #[inline]
    pub fn is_shared(&self) -> bool {
        metadata::is_shared(self.number)
    }

    /// Copies bytes out of the frame, from offset `at`; returns how many there were before its end.
    #[inline]
    pub fn read(&self, at: usize, to: &mut [u8]) -> usize {
        let len = to.len().min(PAGE_SIZE.saturating_sub(at));
        if len != 0 {
            let from = self.as_ptr().wrapping_add(at);
            // SAFETY: `at + len` lies within the frame; kernel slices do not lie in frames that have a handle.
            unsafe { ptr::copy_nonoverlapping(from, to.as_mut_ptr(), len) };
        }
        len
    }

    /// Copies bytes into the frame, from offset `at`; returns how many fitted before its end.
    #[inline]
    pub fn write(&self, at: usize, from: &[u8]) -> usize {
        let len = from.len().min(PAGE_SIZE.saturating_sub(at));
        if len != 0 {
            let to = self.as_ptr().wrapping_add(at);
            // SAFETY: as in `read`.
            unsafe { ptr::copy_nonoverlapping(from.as_ptr(), to, len) };
        }
        len
    }

    /// Zeroes `len` bytes from offset `at`, cut at its end.
    pub fn zero(&self, at: usize, len: usize) {
        let len = len.min(PAGE_SIZE.saturating_sub(at));
        if len != 0 {
            let to = self.as_ptr().wrapping_add(at);
            // SAFETY: `at + len` lies within the frame.
            unsafe { ptr::write_bytes(to, 0, len) };
        }
    }

    /// The frame's address in the direct map.
    #[inline]
    pub fn as_ptr(&self) -> *mut u8 {
        arch::phys_to_virt(self.addr())
    }

    /// The frame's words, for good: it is never freed. Others may map it; only atomics see it.
    pub fn leak(self) -> &'static [AtomicU64; PAGE_SIZE / 8] {
        let words = ManuallyDrop::new(self).as_ptr().cast::<[AtomicU64; PAGE_SIZE / 8]>();
        // SAFETY: a whole aligned frame in the direct map, which stays since this reference is never given up.
        unsafe { &*words }
    }

    /// An empty page table.
    #[inline]
    pub(crate) fn empty_table() -> Result<Self, OutOfMemory> {
        if inject::should_fail() {
            return Err(OutOfMemory);
        }
        let Some(number) = clean::take_table() else { return Self::zeroed() };
        metadata::set_one(number);
        Ok(Self { number })
    }

    /// A root table with nothing but the kernel half.
    #[inline]
    pub(crate) fn root_table() -> Result<Self, OutOfMemory> {
        if inject::should_fail() {
            return Err(OutOfMemory);
        }
        if let Some(number) = clean::take_root() {
            metadata::set_one(number);
            return Ok(Self { number });
        }
        let root = Self::zeroed()?;
        // SAFETY: a zeroed frame is an empty table, and it is ours.
        arch::paging::copy_kernel_half(unsafe { Table::at(root.addr()) });
        Ok(root)
    }

    /// Frees a table whose words have all been cleared: it is one again at no cost.
    pub(crate) fn into_clean_tables(self) {
        // SAFETY: as in `root_table`.
        debug_assert!((0..512).step_by(GROUP).all(|at| unsafe { Table::at(self.addr()) }.is_clear(at)));
        let number = self.into_number();
        if metadata::remove_one(number) {
            clean::give_table(number);
        }
    }

    /// Frees a root whose user half has been cleared.
    pub(crate) fn into_clean_roots(self) {
        let number = self.into_number();
        if metadata::remove_one(number) {
            clean::give_root(number);
        }
    }

    /// The number, with the reference moved into it.
    #[inline]
    pub(crate) fn into_number(self) -> Number {
        ManuallyDrop::new(self).number
    }

    /// Takes a reference out of a number.
    ///
    /// # Safety
    /// The number came from [`Self::into_number`], and each such reference is taken out once.
    #[inline]
    pub(crate) unsafe fn from_number(number: Number) -> Self {
        Self { number }
    }
}

impl Clone for Frame {
    #[inline]
    fn clone(&self) -> Self {
        metadata::add_one(self.number);
        Self { number: self.number }
    }
}

impl Drop for Frame {
    #[inline]
    fn drop(&mut self) {
        if metadata::remove_one(self.number) {
            give(self.number);
        }
    }
}

impl PartialEq for Frame {
    /// Whether both name the same frame.
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Frame {}
