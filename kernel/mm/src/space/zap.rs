//! Taking pages out of the tables, and tables out of the tree.
#![allow(unsafe_code)]

use super::gather::Gather;
use super::region::VmRegion;
use super::{AddressSpace, PAGE, word};
use crate::algorithm::region_map::Region;
use crate::frame::Frame;
use crate::page_table::{GROUP_SPAN, LEAF_SPAN, PageTables, Run, number_of};
use arch::VirtAddr;
use arch::layout::USER_END;
use arch::paging::{Entry, GROUP, Table};
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
pub(super) fn for_each_word(tables: PageTables, start: u64, end: u64, mut each: impl FnMut(&Table, usize, u64, Entry)) {
    let mut address = start;
    while let Some(run) = tables.next_run(address, end) {
        address = run.end;
        for_each_in_run(&run, |at, page, entry| each(run.table, at, page, entry));
    }
}

/// Calls `each` with every word of a run that maps something, its index and its page.
#[inline]
pub(super) fn for_each_in_run(run: &Run<'_>, mut each: impl FnMut(usize, u64, Entry)) {
    let base = run.start & !(LEAF_SPAN - 1);
    let last = ((run.end - base) / PAGE) as usize;
    let mut at = ((run.start - base) / PAGE) as usize;
    while at < last {
        let entry = run.table.load(at);
        if word::is_mapped(entry) {
            each(at, base + at as u64 * PAGE, entry);
        } else if at.is_multiple_of(GROUP) && run.table.is_clear(at) {
            at += GROUP;
            continue;
        }
        at += 1;
    }
}

impl AddressSpace {
    /// Removes every page of `start..end`. The region lock is held for writing.
    pub(super) fn zap(&self, start: u64, end: u64, gather: &mut Gather<'_>) {
        let (mut counted, mut from_pager) = (0, 0);
        let tables = self.tables();
        let mut address = start;
        while let Some(run) = tables.next_run(address, end) {
            for_each_in_run(&run, |at, page, entry| {
                run.table.store(at, Entry::EMPTY);
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
            if run.end - run.start == GROUP_SPAN {
                tables.unmark_group(VirtAddr::new_truncate(run.start));
            }
            address = run.end;
        }
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

    /// Removes the tables that map nothing but what was unmapped: those that touch `start..end` and lie wholly within
    /// the
    /// hole `floor..ceiling` that is there now. The region lock is held for writing, and no word is left in the hole.
    pub(super) fn remove_tables(&self, hole: Hole, gather: &mut Gather<'_>) {
        if hole.has_tables() {
            hole.remove_below(self.root_table(), 4, 0, &mut |page, frame| gather.push(page, frame));
        }
    }

    /// Frees every page of `regions`, which are all there are, and every table. No CPU has the root loaded.
    pub(super) fn free_all(&self, regions: &[Region<VmRegion>]) {
        self.note_peak();
        for (at, region) in regions.iter().enumerate() {
            for_each_word(self.tables(), region.start, region.end, |table, at, _, entry| {
                table.store(at, Entry::EMPTY);
                if word::is_counted(entry) {
                    // SAFETY: the word was counted, and was just removed by the only one who has the space.
                    drop(unsafe { take_reference(entry) });
                }
            });
            let ceiling = regions.get(at + 1).map_or(USER_END, |above| above.start);
            let hole = Hole::new(region.start, region.end, 0, ceiling);
            if hole.has_tables() {
                hole.remove_below(self.root_table(), 4, 0, &mut |_, table| table.into_clean_tables());
            }
        }
        self.resident.store(0, Ordering::Relaxed);
        self.resident_shared.store(0, Ordering::Relaxed);
        debug_assert!((0..256).step_by(GROUP).all(|at| self.root_table().is_clear(at)), "tables without a region");
    }

    fn root_table(&self) -> &Table {
        // SAFETY: the root is a table of this space.
        unsafe { Table::at(self.presence.root) }
    }
}

/// A range that was unmapped and the hole around it.
pub(super) struct Hole {
    start: u64,
    end: u64,
    floor: u64,
    ceiling: u64,
}

impl Hole {
    pub(super) fn new(start: u64, end: u64, floor: u64, ceiling: u64) -> Self {
        // A hole that ends at the last user address owns the rest of its tables too.
        let ceiling = if ceiling >= USER_END { 1 << 47 } else { ceiling };
        Self { start, end, floor, ceiling }
    }

    /// Whether any table that touches the range lies wholly within the hole.
    fn has_tables(&self) -> bool {
        let first = (self.start & !(LEAF_SPAN - 1)).max(self.floor.next_multiple_of(LEAF_SPAN));
        let last = self.end.next_multiple_of(LEAF_SPAN).min(self.ceiling & !(LEAF_SPAN - 1));
        first < last
    }

    /// The words of a table at `level` that maps addresses from `base` on. The recursion is three deep.
    fn remove_below(&self, table: &Table, level: u32, base: u64, free: &mut dyn FnMut(u64, Frame)) {
        let shift = 12 + 9 * (level - 1);
        let span = 1u64 << shift;
        let first = self.start.saturating_sub(base) >> shift;
        let last = ((self.end - base + span - 1) >> shift).min(512);
        for at in first..last {
            let entry = table.load(at as usize);
            if !entry.is_present() {
                continue;
            }
            let below = base + (at << shift);
            if level > 2 {
                // SAFETY: a present word above the last level points to a table of this space.
                self.remove_below(unsafe { Table::at(entry.address()) }, level - 1, below, free);
            }
            if below >= self.floor && below + span <= self.ceiling {
                table.store(at as usize, Entry::EMPTY);
                // SAFETY: the word owned its table, which maps nothing any more, and nobody walks under the write lock.
                if let Some(frame) = unsafe { take_reference(entry) } {
                    free(below.max(self.start), frame);
                }
            }
        }
    }
}
