//! What a last-level page-table word of a user half says.
//!
//! Words that map a frame are of three kinds. *Counted*: the word owns a reference to the frame. *Borrowed*: it names
//! the zero
//! frame and owns nothing. *Hidden*: the region allows no access, so the word is not present, but still owns its
//! frame. The processor never changes words: accessed and dirty are set beforehand.

use super::region::VmRegion;
use super::request::Sharing;
use crate::frame::{Frame, Number, metadata};
use crate::page_table::number_of;
use abi::Protection;
use arch::paging::{Entry, Flags};

/// The word names the zero frame and does not count.
const BORROWED: Flags = Flags::SOFT_0;
/// The frame came from a pager and has not been copied since.
const FROM_PAGER: Flags = Flags::SOFT_1;
/// Not present, but owns its frame.
const HIDDEN: Flags = Flags::SOFT_2;

/// Whether a word lets the user write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writes {
    Allowed,
    Fault,
}

/// Where a word's frame came from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Private memory.
    Own,
    /// A pager.
    Pager,
}

fn flags(protection: Protection, writes: Writes) -> Flags {
    let mut flags = Flags::USER | Flags::ACCESSED;
    flags |= if protection.intersects(ACCESSIBLE) { Flags::PRESENT } else { HIDDEN };
    if writes == Writes::Allowed && protection.contains(Protection::WRITE) {
        flags |= Flags::WRITABLE | Flags::DIRTY;
    }
    if !protection.contains(Protection::EXECUTE) {
        flags |= Flags::NO_EXECUTE;
    }
    flags
}

/// A region with none of these cannot be touched at all.
pub(super) const ACCESSIBLE: Protection = Protection::READ.union(Protection::WRITE).union(Protection::EXECUTE);

/// A counted word for `frame`; the reference is not moved yet (see [`give_reference`]).
pub(super) fn counted(frame: &Frame, region: &VmRegion, writes: Writes, origin: Origin) -> Entry {
    let mut flags = flags(region.protection, writes);
    if origin == Origin::Pager {
        flags |= FROM_PAGER;
    }
    Entry::new(frame.addr(), flags)
}

/// The reference now belongs to the word that names the frame.
pub(super) fn give_reference(frame: Frame) {
    let _owned_by_the_word = frame.into_number();
}

/// A borrowed word for the zero frame.
pub(super) fn borrowed(zero: &Frame, region: &VmRegion) -> Entry {
    Entry::new(zero.addr(), flags(region.protection, Writes::Fault) | BORROWED)
}

/// Whether the word maps a frame at all.
#[inline]
pub(super) fn is_mapped(entry: Entry) -> bool {
    entry != Entry::EMPTY
}

/// Whether the word owns a reference.
#[inline]
pub(super) fn is_counted(entry: Entry) -> bool {
    is_mapped(entry) && !entry.flags().contains(BORROWED)
}

/// Whether the word's frame came from a pager.
#[inline]
pub(super) fn is_from_pager(entry: Entry) -> bool {
    entry.flags().contains(FROM_PAGER)
}

/// Whether the user may write through the word.
#[inline]
pub(super) fn is_writable(entry: Entry) -> bool {
    entry.flags().contains(Flags::WRITABLE)
}

/// Whether the word owns the only reference to its frame.
#[inline]
pub(super) fn is_exclusive(entry: Entry) -> bool {
    is_counted(entry) && number_of(entry).is_some_and(|number| !metadata::is_shared(number))
}

/// The frame of a counted word, without a reference.
pub(super) fn frame_number(entry: Entry) -> Option<Number> {
    number_of(entry).filter(|_| is_counted(entry))
}

/// The same word for what its region now allows. Write permission is kept, never added: adding it is the fault's work,
/// which knows whether the frame is shared.
pub(super) fn with_protection(entry: Entry, protection: Protection) -> Entry {
    let writes = if is_writable(entry) { Writes::Allowed } else { Writes::Fault };
    Entry::new(entry.address(), flags(protection, writes) | entry.flags() & (BORROWED | FROM_PAGER))
}

/// The same word, writable.
pub(super) fn made_writable(entry: Entry) -> Entry {
    Entry::new(entry.address(), entry.flags() | Flags::WRITABLE | Flags::DIRTY)
}

/// The same word, read-only.
#[inline]
pub(super) fn made_read_only(entry: Entry) -> Entry {
    Entry::new(entry.address(), entry.flags() - (Flags::WRITABLE | Flags::DIRTY))
}

/// Whether a region's first write to a page must go through a fault though the region allows it.
pub(super) fn copies_on_write(region: &VmRegion) -> bool {
    region.sharing == Sharing::Private
}
