//! User memory, as the current thread sees it.
//!
//! A user address is an allegation: nothing is known about it until the copy itself has succeeded. Each type here is
//! consumed as it is read, so a byte that was checked is the byte that is used.

mod sink;
mod source;

pub use sink::Sink;
pub use source::Source;

use abi::Result;
use heap_crate::vec::Vec;
use core::marker::PhantomData;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The address of a `T` in user memory; unchecked until used. Null is allowed and tested by [`UserPtr::is_null`].
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
    pub fn read(self) -> Result<T> {
        todo!()
    }

    /// Reads `count` values. EFAULT, ENOMEM.
    pub fn read_slice(self, count: usize) -> Result<Vec<T>> {
        let _ = count;
        todo!()
    }
}

impl<T: IntoBytes + Immutable> UserPtr<T> {
    /// Writes the value. EFAULT.
    pub fn write(self, value: &T) -> Result<()> {
        let _ = value;
        todo!()
    }

    /// Writes all of `values`. EFAULT.
    pub fn write_slice(self, values: &[T]) -> Result<()> {
        let _ = values;
        todo!()
    }
}

/// Reads bytes up to (and without) the first NUL. ENAMETOOLONG when none is among the first `max` bytes; EFAULT.
pub fn read_c_string(address: u64, max: usize) -> Result<Vec<u8>> {
    let _ = (address, max);
    todo!()
}

/// Loads the futex word at `address` (4-aligned, else EINVAL). EFAULT.
pub fn load_u32(address: u64) -> Result<u32> {
    let _ = address;
    todo!()
}

/// Stores `new` if the word is `expected`; returns what it was. EFAULT, EINVAL when not 4-aligned.
pub fn compare_exchange_u32(address: u64, expected: u32, new: u32) -> Result<u32> {
    let _ = (address, expected, new);
    todo!()
}
