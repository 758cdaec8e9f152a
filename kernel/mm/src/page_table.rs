//! Walking page tables.
//!
//! The tables of a space change as [`crate`]'s third invariant says: words by compare-and-swap, table pages are added
//! by
//! whoever needs them and removed only by who holds the region lock for writing. So a table found under the
//! region lock stays a table for as long as the lock is held.
//!
//! A last-level table is divided into eight *groups* of 64 words. Eight bits of the word that points to the table,
//! which the
//! processor ignores, say which groups may have words that are not empty. So passing over memory that was never
//! touched costs a look at these bits, not at the words.
#![allow(unsafe_code)]

use crate::error::OutOfMemory;
use crate::frame::{Frame, Number};
use arch::paging::{Entry, Flags, Table, index};
use arch::{PhysAddr, VirtAddr};
use core::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that one last-level table maps.
pub(crate) const LEAF_SPAN: u64 = 512 * 4096;

/// The flags of a word that points to a lower table of a user half. Rights are those of the last level.
pub(crate) const USER_TABLE: Flags = Flags::PRESENT.union(Flags::WRITABLE).union(Flags::USER);
/// The same in the kernel half.
pub(crate) const KERNEL_TABLE: Flags = Flags::PRESENT.union(Flags::WRITABLE);

/// Bytes that a group of words maps.
pub(crate) const GROUP_SPAN: u64 = LEAF_SPAN / 8;
/// The first of the bits that mark groups, in a word that points to a last-level table.
const GROUP_BITS: u32 = 52;

/// The bit of the group that maps `address`.
const fn group_bit(address: u64) -> u64 {
    1 << (GROUP_BITS as u64 + address % LEAF_SPAN / GROUP_SPAN)
}

/// A stretch of addresses within one group that may have words.
pub(crate) struct Run<'a> {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) table: &'a Table,
}

/// Tables that were made in the kernel half; they stay.
static KERNEL_TABLES: AtomicUsize = AtomicUsize::new(0);

/// How many tables of the kernel half were made since boot.
pub(crate) fn kernel_tables() -> usize {
    KERNEL_TABLES.load(Ordering::Relaxed)
}

/// A frame's number out of a word.
pub(crate) fn number_of(entry: Entry) -> Option<Number> {
    Number::new((entry.address().as_u64() >> 12) as u32)
}

/// The page tables below one root.
#[derive(Clone, Copy)]
pub(crate) struct PageTables {
    root: PhysAddr,
}

impl PageTables {
    /// The tables below `root`.
    ///
    /// # Safety
    /// `root` is a root table, and it and the tables below it live and stay tables while the value is used, but for
    /// pages that their owner removes while nobody else walks.
    pub(crate) const unsafe fn new(root: PhysAddr) -> Self {
        Self { root }
    }

    /// The kernel's own.
    pub(crate) fn kernel() -> Self {
        Self { root: arch::paging::kernel_root() }
    }

    fn root_table(&self) -> &Table {
        // SAFETY: `new`'s contract.
        unsafe { Table::at(self.root) }
    }

    fn below(&self, entry: Entry) -> &Table {
        // SAFETY: a present word above the last level points to a table: there are no huge pages in what this module
        // walks.
        unsafe { Table::at(entry.address()) }
    }

    /// The last-level table that maps `address`.
    #[inline]
    pub(crate) fn leaf(&self, address: VirtAddr) -> Option<&Table> {
        let mut table = self.root_table();
        for level in [4, 3, 2] {
            let entry = table.load(index(address, level));
            if !entry.is_present() {
                return None;
            }
            table = self.below(entry);
        }
        Some(table)
    }

    /// The same, for a word that is to be written: tables that are missing are made, with words of `flags`, and the
    /// group is
    /// marked.
    #[inline]
    pub(crate) fn leaf_or_make(&self, address: VirtAddr, flags: Flags) -> Result<&Table, OutOfMemory> {
        let mut table = self.root_table();
        for level in [4, 3] {
            let at = index(address, level);
            let mut entry = table.load(at);
            if !entry.is_present() {
                entry = self.make(table, at, flags)?;
            }
            table = self.below(entry);
        }
        let at = index(address, 2);
        let mut entry = table.load(at);
        if !entry.is_present() {
            entry = self.make(table, at, flags)?;
        }
        let bit = group_bit(address.as_u64());
        if entry.bits() & bit == 0 {
            table.set_bits(at, bit);
        }
        Ok(self.below(entry))
    }

    /// No word is left in the group that maps `address`. The region lock is held for writing.
    pub(crate) fn unmark_group(&self, address: VirtAddr) {
        let mut table = self.root_table();
        for level in [4, 3] {
            let entry = table.load(index(address, level));
            if !entry.is_present() {
                return;
            }
            table = self.below(entry);
        }
        table.clear_bits(index(address, 2), group_bit(address.as_u64()));
    }

    #[cold]
    fn make(&self, above: &Table, at: usize, flags: Flags) -> Result<Entry, OutOfMemory> {
        let frame = Frame::empty_table()?;
        let entry = Entry::new(frame.addr(), flags);
        match above.compare_exchange(at, Entry::EMPTY, entry) {
            Ok(()) => {
                let _owned_by_the_word = frame.into_number();
                if flags == KERNEL_TABLE {
                    KERNEL_TABLES.fetch_add(1, Ordering::Relaxed);
                }
                Ok(entry)
            }
            // Someone else was faster; our frame goes back.
            Err(found) => Ok(found),
        }
    }

    /// The next stretch of addresses at or above `address`, below `end`, that may have words.
    #[inline]
    pub(crate) fn next_run(&self, mut address: u64, end: u64) -> Option<Run<'_>> {
        'search: while address < end {
            let mut table = self.root_table();
            for level in [4u32, 3] {
                let entry = table.load(index(VirtAddr::new_truncate(address), level));
                if !entry.is_present() {
                    let span = 1u64 << (12 + 9 * (level - 1));
                    address = (address & !(span - 1)).saturating_add(span);
                    continue 'search;
                }
                table = self.below(entry);
            }
            let entry = table.load(index(VirtAddr::new_truncate(address), 2));
            // An empty word has no marks either.
            let marks = (entry.bits() >> GROUP_BITS) as u8 >> (address % LEAF_SPAN / GROUP_SPAN);
            if marks == 0 {
                address = (address & !(LEAF_SPAN - 1)) + LEAF_SPAN;
                continue;
            }
            let group = (address & !(GROUP_SPAN - 1)) + u64::from(marks.trailing_zeros()) * GROUP_SPAN;
            let run = Run { start: group.max(address), end: (group + GROUP_SPAN).min(end), table: self.below(entry) };
            return (run.start < run.end).then_some(run);
        }
        None
    }
}
