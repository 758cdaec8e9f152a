//! Strings that end with a NUL.

use super::raw;
use crate::error::OutOfMemory;
use abi::{Errno, Result};
use arch::PAGE_SIZE;
use heap_crate::vec::Vec;

/// Bytes read at a time; paths are mostly shorter.
const CHUNK: usize = 128;

/// Reads bytes up to (and without) the first NUL. ENAMETOOLONG when none is among the first `max` bytes; EFAULT,
/// ENOMEM.
pub fn read_c_string(address: u64, max: usize) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut chunk = [0; CHUNK];
    while text.len() < max {
        let at = address.checked_add(text.len() as u64).ok_or(Errno::EFAULT)?;
        // Not across a page boundary: the string may end just before memory that is not there.
        let room = PAGE_SIZE - at as usize % PAGE_SIZE;
        let wanted = CHUNK.min(room).min(max - text.len());
        let came = raw::copy_in(&mut chunk[..wanted], at);
        let end = chunk[..came].iter().position(|byte| *byte == 0);
        let piece = &chunk[..end.unwrap_or(came)];
        text.try_reserve(piece.len()).map_err(OutOfMemory::from)?;
        text.extend_from_slice(piece);
        if end.is_some() {
            return Ok(text);
        }
        if came < wanted {
            return Err(Errno::EFAULT);
        }
    }
    Err(Errno::ENAMETOOLONG)
}
