//! The memory of a process as a core has it.

use abi::types::ElfSegment;
use abi::{Protection, Result};
use alloc::vec::Vec;
use mm::AddressSpace;
use mm::space::{Contents, RegionInfo, Sharing};

/// A page, in bytes.
pub(super) const PAGE: u64 = arch::PAGE_SIZE as u64;
/// PT_LOAD.
const LOAD: u32 = 1;
/// The most regions that are described: the count has 16 bits, and its last value has a meaning of its own.
const REGIONS_MAX: usize = 0xfff0;

/// A region, and how much of it the core holds.
pub(super) struct Piece {
    pub region: RegionInfo,
    /// Bytes from its start; where memory was never touched they are a hole in the file.
    pub size: u64,
    /// Whether what was not touched is read too.
    is_whole: bool,
}

/// What is to be written, in the order of addresses.
pub(super) fn pieces(space: &AddressSpace) -> Result<Vec<Piece>> {
    let mut regions = space.regions()?;
    regions.truncate(REGIONS_MAX);
    let mut pieces = mm::alloc::try_vec(regions.len())?;
    pieces.extend(regions.into_iter().map(|region| piece(space, region)));
    Ok(pieces)
}

/// What no file has: memory of its own, and files' pages among pages that were changed. Of a file that was only read, the first
/// page tells which it is.
fn piece(space: &AddressSpace, region: RegionInfo) -> Piece {
    let length = region.end - region.start;
    let is_file = region.inode != (0, 0);
    let first_own = || first_own(space, region.start, region.end);
    let (size, is_whole) = match region.sharing {
        Sharing::Shared if space.next_touched(region.start, region.end).is_none() => (0, false),
        Sharing::Shared => (length, false),
        Sharing::Private if is_file && first_own().is_some() => (length, true),
        Sharing::Private if is_file && region.offset == 0 => (PAGE.min(length), true),
        Sharing::Private if is_file => (0, false),
        Sharing::Private if region.protection.is_empty() && first_own().is_none() => (0, false),
        Sharing::Private => (length, false),
    };
    Piece { region, size, is_whole }
}

fn first_own(space: &AddressSpace, start: u64, end: u64) -> Option<u64> {
    let mut at = start;
    while let Some((page, contents)) = space.next_touched(at, end) {
        if contents == Contents::Own {
            return Some(page);
        }
        at = page + PAGE;
    }
    None
}

impl Piece {
    /// The program header, for bytes that begin at `offset`.
    pub fn segment(&self, offset: u64) -> ElfSegment {
        let allows = |protection, flag| if self.region.protection.contains(protection) { flag } else { 0 };
        ElfSegment {
            kind: LOAD,
            flags: allows(Protection::EXECUTE, 1) | allows(Protection::WRITE, 2) | allows(Protection::READ, 4),
            offset,
            address: self.region.start,
            physical: 0,
            file_size: self.size,
            memory_size: self.region.end - self.region.start,
            alignment: PAGE,
        }
    }

    /// The first page from `from` on that has to be written.
    pub fn next_page(&self, space: &AddressSpace, from: u64) -> Option<u64> {
        let end = self.region.start + self.size;
        match self.is_whole {
            true => (from < end).then_some(from),
            false => space.next_touched(from, end).map(|(page, _)| page),
        }
    }
}
