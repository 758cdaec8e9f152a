//! Futex words.

use abi::{Errno, Result};
use arch::layout::USER_END;
use arch::usercopy;

fn check(address: u64) -> Result<()> {
    if !address.is_multiple_of(4) {
        return Err(Errno::EINVAL);
    }
    if address >= USER_END { Err(Errno::EFAULT) } else { Ok(()) }
}

/// Loads the futex word at `address` (4-aligned, else EINVAL). EFAULT.
#[inline]
pub fn load_u32(address: u64) -> Result<u32> {
    check(address)?;
    usercopy::load_u32(address).map_err(|_| Errno::EFAULT)
}

/// Stores `new` if the word is `expected`; returns what it was. EFAULT, EINVAL when not 4-aligned.
#[inline]
pub fn compare_exchange_u32(address: u64, expected: u32, new: u32) -> Result<u32> {
    check(address)?;
    usercopy::cas_u32(address, expected, new).map_err(|_| Errno::EFAULT)
}

/// Replaces the word by what `change` makes of it, atomically; returns what it was. EFAULT, EINVAL, and EAGAIN when
/// the word will
/// not hold still.
pub fn update_u32(address: u64, change: impl Fn(u32) -> u32) -> Result<u32> {
    const ATTEMPTS: usize = 1000;
    let mut seen = load_u32(address)?;
    for _ in 0..ATTEMPTS {
        let found = compare_exchange_u32(address, seen, change(seen))?;
        if found == seen {
            return Ok(seen);
        }
        seen = found;
    }
    Err(Errno::EAGAIN)
}
