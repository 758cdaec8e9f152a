//! Scattered user memory.

use abi::types::Iovec;
use abi::{Errno, Result};
use alloc::vec::Vec;
use mm::user::{Sink, Source, UserPtr};
use zerocopy::IntoBytes;

/// The most pieces that a call may name.
const PIECES_MAX: i32 = 1024;
/// Up to so many are kept without allocating.
const INLINE: usize = 8;
/// The most bytes that one call moves, as on Linux.
const BYTES_MAX: u64 = 0x7fff_f000;

/// The pieces of user memory that a call names, copied in once.
pub struct Iovecs(Kept);

enum Kept {
    Inline([Iovec; INLINE], usize),
    Heap(Vec<Iovec>),
}

impl Iovecs {
    /// Copies `count` descriptions from `address`. EINVAL for too many, or for lengths that do not add up to a signed number.
    pub fn read(address: u64, count: i32) -> Result<Self> {
        if !(0..=PIECES_MAX).contains(&count) {
            return Err(Errno::EINVAL);
        }
        let count = count as usize;
        let mut kept = if count <= INLINE {
            let mut pieces = [Iovec::default(); INLINE];
            let bytes = pieces[..count].as_mut_bytes();
            let wanted = bytes.len();
            if wanted > 0 && Source::from_user(address, wanted).copy_to(bytes)? < wanted {
                return Err(Errno::EFAULT);
            }
            Kept::Inline(pieces, count)
        } else {
            Kept::Heap(UserPtr::<Iovec>::new(address).read_slice(count)?)
        };
        limit(kept.pieces_mut())?;
        Ok(Self(kept))
    }

    /// The pieces as memory to fill.
    pub fn sink(&self) -> Result<Sink<'_>> {
        Sink::from_iovecs(self.pieces())
    }

    /// The pieces as memory to take from.
    pub fn source(&self) -> Result<Source<'_>> {
        Source::from_iovecs(self.pieces())
    }

    /// The pieces themselves: where they are not the caller's own memory.
    pub fn pieces(&self) -> &[Iovec] {
        match &self.0 {
            Kept::Inline(pieces, count) => &pieces[..*count],
            Kept::Heap(pieces) => pieces,
        }
    }
}

impl Kept {
    fn pieces_mut(&mut self) -> &mut [Iovec] {
        match self {
            Self::Inline(pieces, count) => &mut pieces[..*count],
            Self::Heap(pieces) => pieces,
        }
    }
}

/// Cuts the pieces to what one call moves.
fn limit(pieces: &mut [Iovec]) -> Result<()> {
    let mut left = BYTES_MAX;
    for piece in pieces {
        if piece.length > i64::MAX as u64 {
            return Err(Errno::EINVAL);
        }
        piece.length = piece.length.min(left);
        left -= piece.length;
    }
    Ok(())
}
