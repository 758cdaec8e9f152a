//! [`UserPtr`]: typed addresses.
#![allow(unsafe_code)]

use super::raw;
use crate::alloc::try_vec;
use abi::{Errno, Result};
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use heap_crate::vec::Vec;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The address of a `T` in user memory; unchecked until used. Null is allowed and tested by [`UserPtr::is_null`]. It
/// need not be
/// aligned.
pub struct UserPtr<T> {
    address: u64,
    _target: PhantomData<fn() -> T>,
}

impl<T> Clone for UserPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for UserPtr<T> {}

impl<T> core::fmt::Debug for UserPtr<T> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{:#x}", self.address)
    }
}

impl<T> UserPtr<T> {
    /// A pointer to whatever is at `address`.
    pub const fn new(address: u64) -> Self {
        Self { address, _target: PhantomData }
    }

    /// The address.
    pub const fn address(self) -> u64 {
        self.address
    }

    /// Whether it is null.
    pub const fn is_null(self) -> bool {
        self.address == 0
    }

    /// The pointer `count` elements on; wraps, and then fails when used.
    pub const fn offset(self, count: usize) -> Self {
        Self::new(self.address.wrapping_add((count as u64).wrapping_mul(size_of::<T>() as u64)))
    }

    /// `None` if null.
    pub fn non_null(self) -> Option<Self> {
        (!self.is_null()).then_some(self)
    }

    /// The same address as another type.
    pub const fn cast<U>(self) -> UserPtr<U> {
        UserPtr::new(self.address)
    }
}

impl<T: FromBytes> UserPtr<T> {
    /// Reads the value. EFAULT.
    #[inline]
    pub fn read(self) -> Result<T> {
        let mut value = MaybeUninit::<T>::uninit();
        if !raw::copy_values_in(core::slice::from_mut(&mut value), self.address) {
            return Err(Errno::EFAULT);
        }
        // SAFETY: every byte has been written, and any bytes make a `T`.
        Ok(unsafe { value.assume_init() })
    }

    /// Reads `count` values. EFAULT, ENOMEM.
    pub fn read_slice(self, count: usize) -> Result<Vec<T>> {
        let mut values = try_vec(count)?;
        if !raw::copy_values_in(&mut values.spare_capacity_mut()[..count], self.address) {
            return Err(Errno::EFAULT);
        }
        // SAFETY: every byte of the first `count` values has been written, and any bytes make a `T`.
        unsafe { values.set_len(count) };
        Ok(values)
    }
}

impl<T: IntoBytes + Immutable> UserPtr<T> {
    /// Writes the value. EFAULT.
    #[inline]
    pub fn write(self, value: &T) -> Result<()> {
        self.write_bytes(value.as_bytes())
    }

    /// Writes all of `values`. EFAULT.
    pub fn write_slice(self, values: &[T]) -> Result<()> {
        self.write_bytes(values.as_bytes())
    }

    fn write_bytes(self, bytes: &[u8]) -> Result<()> {
        if raw::copy_out(self.address, bytes) == bytes.len() { Ok(()) } else { Err(Errno::EFAULT) }
    }
}
