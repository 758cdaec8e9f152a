//! Taking pages out of the tables, and tables out of the tree.
#![allow(unsafe_code)]

use super::gather::Gather;
use super::{AddressSpace, PAGE, word};
use crate::frame::Frame;
use crate::page_table::{LEAF_SPAN, PageTables, number_of};
use arch::VirtAddr;
use arch::layout::USER_END;
use arch::paging::{Entry, Table, index};
use core::sync::atomic::Ordering;

/// Takes the reference out of a word that has been removed from its table.
///
/// # Safety
/// The word owned a reference and is in no table any more.
pub(super) unsafe fn take_reference(entry: Entry) -> Option<Frame> {
    // SAFETY: the caller's promise.
    number_of(entry).map(|number| unsafe { Frame::from_number(number) })
}

/// Calls `each` with every word that maps something in `start..end`, its table, its index and its page.
#[inline]
pub(super) fn for_each_word(
    tables: PageTables,
    start: u64,
    end: u64,
    mut each: impl FnMut(&Table, usize, u64, Entry),
) {
    let mut address = start;
    while let Some((from, table)) = tables.next_leaf(address, end) {
        let to = ((from & !(LEAF_SPAN - 1)) + LEAF_SPAN).min(end);
        let first = index(VirtAddr::new_truncate(from), 1);
        let last = first + ((to - from) / PAGE) as usize;
        let mut at = first;
        while at < last {
            if at % 8 == 0 && table.is_clear(at) {
                at += 8;
                continue;
            }
            let entry = table.load(at);
            if word::is_mapped(entry) {
                each(table, at, from + (at - first) as u64 * PAGE, entry);
            }
            at += 1;
        }
        address = to;
    }
}

impl AddressSpace {
    /// Removes every page of `start..end`. The region lock is held for writing.
    pub(super) fn zap(&self, start: u64, end: u64, gather: &mut Gather<'_>) {
        let (mut counted, mut from_pager) = (0, 0);
        for_each_word(self.tables(), start, end, |table, at, page, entry| {
            table.store(at, Entry::EMPTY);
            if !word::is_counted(entry) {
                return gather.note(page);
            }
            counted += 1;
            from_pager += isize::from(word::is_from_pager(entry));
            // SAFETY: the word was counted, and was just removed by the only writer.
            if let Some(frame) = unsafe { take_reference(entry) } {
                gather.push(page, frame);
            }
        });
        self.note_resident(-counted, -from_pager);
    }

    /// The word `entry` of `page` has been replaced by compare-and-swap.
    pub(super) fn release_replaced(&self, page: u64, entry: Entry) {
        let mut gather = Gather::new(self);
        if !word::is_counted(entry) {
            return gather.note(page);
        }
        // SAFETY: the word was counted, and whoever's exchange replaced it is the one who takes the reference.
        if let Some(frame) = unsafe { take_reference(entry) } {
            gather.push(page, frame);
        }
    }

    /// Adds to the counts of resident pages.
    pub(super) fn note_resident(&self, counted: isize, from_pager: isize) {
        if counted < 0 {
            self.note_peak();
        }
        if counted != 0 {
            self.resident.fetch_add(counted, Ordering::Relaxed);
        }
        if from_pager != 0 {
            self.resident_shared.fetch_add(from_pager, Ordering::Relaxed);
        }
    }

    pub(super) fn note_peak(&self) {
        let now = self.resident.load(Ordering::Relaxed).max(0) as usize;
        self.peak_resident.fetch_max(now, Ordering::Relaxed);
    }

    /// Removes the tables that map nothing but what was unmapped: those that touch `start..end` and lie wholly within the
    /// hole `floor..ceiling` that is there now. The region lock is held for writing, and no word is left in the hole.
    pub(super) fn remove_tables(&self, start: u64, end: u64, floor: u64, ceiling: u64, gather: &mut Gather<'_>) {
        // SAFETY: the root is a table of this space.
        let root = unsafe { Table::at(self.presence.root) };
        // A hole that ends at the last user address owns the rest of its tables too.
        let ceiling = if ceiling >= USER_END { 1 << 47 } else { ceiling };
        let hole = Hole { start, end, floor, ceiling };
        hole.remove_below(root, 4, 0, gather);
    }

    /// Frees every page and table, when no CPU has the root loaded.
    pub(super) fn free_all(&self) {
        // SAFETY: the root is a table of this space.
        let root = unsafe { Table::at(self.presence.root) };
        free_below(root, 4);
        self.note_peak();
        self.resident.store(0, Ordering::Relaxed);
        self.resident_shared.store(0, Ordering::Relaxed);
    }
}

struct Hole {
    start: u64,
    end: u64,
    floor: u64,
    ceiling: u64,
}

impl Hole {
    /// The words of a table at `level` that maps addresses from `base` on. The recursion is three deep.
    fn remove_below(&self, table: &Table, level: u32, base: u64, gather: &mut Gather<'_>) {
        let span = 1u64 << (12 + 9 * (level - 1));
        let first = self.start.saturating_sub(base) / span;
        let last = (self.end - base).div_ceil(span).min(512);
        for at in first..last {
            let entry = table.load(at as usize);
            if !entry.is_present() {
                continue;
            }
            let below = base + at * span;
            if level > 2 {
                // SAFETY: a present word above the last level points to a table of this space.
                self.remove_below(unsafe { Table::at(entry.address()) }, level - 1, below, gather);
            }
            if below >= self.floor && below + span <= self.ceiling {
                table.store(at as usize, Entry::EMPTY);
                // SAFETY: the word owned its table, which maps nothing any more, and nobody walks under the write lock.
                if let Some(frame) = unsafe { take_reference(entry) } {
                    gather.push(below.max(self.start), frame);
                }
            }
        }
    }
}

/// Frees what the table of `level` points to, and empties it. The recursion is three deep.
fn free_below(table: &Table, level: u32) {
    // The root's upper half is the kernel's.
    let count = if level == 4 { 256 } else { 512 };
    let mut at = 0;
    while at < count {
        if at % 8 == 0 && table.is_clear(at) {
            at += 8;
            continue;
        }
        let entry = table.load(at);
        if level == 1 {
            if word::is_counted(entry) {
                // SAFETY: the word owned the reference, and its table is about to go.
                drop(unsafe { take_reference(entry) });
            }
        } else if entry.is_present() {
            // SAFETY: a present word above the last level points to a table of this space.
            free_below(unsafe { Table::at(entry.address()) }, level - 1);
            // SAFETY: the word owned its table, which nobody uses any more.
            drop(unsafe { take_reference(entry) });
        }
        if level == 4 {
            table.store(at, Entry::EMPTY);
        }
        at += 1;
    }
}
