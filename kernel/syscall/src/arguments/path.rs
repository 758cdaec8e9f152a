//! Paths and other texts in user memory.

use abi::Result;
use alloc::vec::Vec;
use object::namespace::PATH_MAX;

/// The address of a text that ends in NUL. It is copied in once, by the handler, when its turn comes.
#[derive(Clone, Copy, Debug)]
pub struct UserPath(u64);

impl UserPath {
    /// The text at this address.
    pub const fn new(address: u64) -> Self {
        Self(address)
    }

    /// The address.
    pub const fn address(self) -> u64 {
        self.0
    }

    /// Whether it is null.
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// The text without its NUL; ENAMETOOLONG from 4096 bytes on, NUL included.
    pub fn read(self) -> Result<Vec<u8>> {
        mm::user::read_c_string(self.0, PATH_MAX)
    }
}
