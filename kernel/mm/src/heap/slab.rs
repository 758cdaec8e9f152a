//! Slabs: single pages cut into blocks of one size.
//!
//! A slab keeps no header, so that blocks of a power of two fill the page and are aligned to their size. What must be
//! known of
//! a slab lies in two places: a 32-bit *state word* that the page's owner provides (free blocks, and the first of
//! them), and
//! the free blocks themselves, which are chained; the first one also links the slab into the list of those of its
//! class that have free blocks. A slab without used blocks is given back, but for one a class.
//!
//! The module knows no hardware; its tests run on the host.
#![allow(unsafe_code)]

use core::ptr::NonNull;

const PAGE: usize = 4096;
/// No block, no page.
const NONE: u32 = u32::MAX;

/// Where pages come from, and what is kept for each.
///
/// # Safety
/// `take` gives pages of 4096 bytes, aligned to that, which are the caller's until `give`. `number` and `page` are
/// each other's
/// inverse for those pages. A page's state word is the caller's alone meanwhile.
pub(crate) unsafe trait Pages {
    /// A page.
    fn take(&mut self) -> Option<NonNull<u8>>;
    /// Takes it back.
    fn give(&mut self, page: NonNull<u8>);
    /// A short name for a page, below `u32::MAX`.
    fn number(&self, page: NonNull<u8>) -> u32;
    /// The page of that name.
    fn page(&self, number: u32) -> NonNull<u8>;
    /// The page's state word.
    fn state(&self, page: NonNull<u8>) -> u32;
    /// Sets it.
    fn set_state(&mut self, page: NonNull<u8>, state: u32);
}

/// What a free block holds. Only a slab's first free block has links.
#[repr(C)]
#[derive(Clone, Copy)]
struct FreeBlock {
    /// The index of the next free block of the slab.
    next: u32,
    /// Neighbours in the list of slabs.
    before: u32,
    after: u32,
}

/// The smallest block that can hold a [`FreeBlock`].
pub(crate) const SMALLEST: usize = 16;

/// A slab's state: free blocks and the index of the first.
#[derive(Clone, Copy)]
struct State {
    free: u32,
    first: u32,
}

impl State {
    fn of(word: u32) -> Self {
        Self { free: word >> 16, first: word & 0xffff }
    }

    fn word(self) -> u32 {
        self.free << 16 | self.first & 0xffff
    }
}

/// The slabs of one class.
pub(crate) struct Slabs {
    size: usize,
    /// The first slab with free blocks.
    head: u32,
    /// Slabs without used blocks.
    empty: u32,
}

impl Slabs {
    /// Slabs of blocks of `size` bytes: a power of two from [`SMALLEST`] to half a page.
    pub(crate) const fn new(size: usize) -> Self {
        Self { size, head: NONE, empty: 0 }
    }

    fn blocks_in_slab(&self) -> u32 {
        (PAGE / self.size) as u32
    }

    fn block(&self, page: NonNull<u8>, index: u32) -> NonNull<FreeBlock> {
        // SAFETY: the index is below the number of blocks, so this stays within the page.
        unsafe { page.add(index as usize * self.size) }.cast()
    }

    /// Takes up to `most` blocks of one slab; returns how many, 0 when there is no memory.
    pub(crate) fn allocate(&mut self, pages: &mut impl Pages, most: usize, mut each: impl FnMut(NonNull<u8>)) -> usize {
        if self.head == NONE && self.add_slab(pages).is_none() {
            return 0;
        }
        let page = pages.page(self.head);
        let state = State::of(pages.state(page));
        let taken = state.free.min(most as u32);
        let first = self.block(page, state.first);
        // SAFETY: a slab's first free block is initialised and nobody uses it.
        let links = unsafe { first.read() };
        each(first.cast());
        let mut next = links.next;
        for _ in 1..taken {
            let block = self.block(page, next);
            // SAFETY: the chain names free blocks of this page.
            next = unsafe { block.read() }.next;
            each(block.cast());
        }
        self.empty -= u32::from(state.free == self.blocks_in_slab());
        pages.set_state(page, State { free: state.free - taken, first: next }.word());
        if state.free == taken {
            self.unlink(pages, links);
        } else {
            let block = self.block(page, next);
            // SAFETY: as above.
            let next = unsafe { block.read() }.next;
            // SAFETY: as above.
            unsafe { block.write(FreeBlock { next, ..links }) };
        }
        taken as usize
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// The block came from [`Self::allocate`] with these pages, and nobody uses it any more.
    pub(crate) unsafe fn free(&mut self, pages: &mut impl Pages, block: NonNull<u8>) {
        let offset = block.addr().get() % PAGE;
        // SAFETY: the page starts that many bytes below, in the same page.
        let page = unsafe { block.sub(offset) };
        let index = (offset / self.size) as u32;
        let state = State::of(pages.state(page));
        let links = if state.free == 0 {
            self.link(pages, page)
        } else {
            // SAFETY: a slab's first free block is initialised.
            unsafe { self.block(page, state.first).read() }
        };
        let next = if state.free == 0 { NONE } else { state.first };
        // SAFETY: the block is free now, and large enough.
        unsafe { block.cast().write(FreeBlock { next, ..links }) };
        pages.set_state(page, State { free: state.free + 1, first: index }.word());
        if state.free + 1 == self.blocks_in_slab() {
            self.empty += 1;
            if self.empty > 1 {
                self.empty -= 1;
                self.unlink(pages, links);
                pages.give(page);
            }
        }
    }

    #[cold]
    fn add_slab(&mut self, pages: &mut impl Pages) -> Option<()> {
        let page = pages.take()?;
        let count = self.blocks_in_slab();
        let links = self.link(pages, page);
        for index in 0..count {
            let next = if index + 1 < count { index + 1 } else { NONE };
            // SAFETY: the page is ours, and the block lies within it.
            unsafe { self.block(page, index).write(FreeBlock { next, ..links }) };
        }
        pages.set_state(page, State { free: count, first: 0 }.word());
        self.empty += 1;
        Some(())
    }

    /// Puts a slab first; returns the links for its first free block.
    fn link(&mut self, pages: &mut impl Pages, page: NonNull<u8>) -> FreeBlock {
        let links = FreeBlock { next: NONE, before: NONE, after: self.head };
        let number = pages.number(page);
        self.change_links(pages, self.head, |other| other.before = number);
        self.head = number;
        links
    }

    /// Takes the slab with these links out of the list.
    fn unlink(&mut self, pages: &mut impl Pages, links: FreeBlock) {
        if links.before == NONE {
            self.head = links.after;
        }
        self.change_links(pages, links.before, |other| other.after = links.after);
        self.change_links(pages, links.after, |other| other.before = links.before);
    }

    /// Changes the links of a slab in the list, if there is one of that number.
    fn change_links(&self, pages: &impl Pages, number: u32, change: impl FnOnce(&mut FreeBlock)) {
        if number == NONE {
            return;
        }
        let page = pages.page(number);
        let block = self.block(page, State::of(pages.state(page)).first);
        // SAFETY: slabs in the list have free blocks, whose first is initialised.
        let mut links = unsafe { block.read() };
        change(&mut links);
        // SAFETY: as above.
        unsafe { block.write(links) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::alloc::{Layout, alloc, dealloc};
    use std::collections::{BTreeMap, BTreeSet};

    const LAYOUT: Layout = match Layout::from_size_align(PAGE, PAGE) {
        Ok(layout) => layout,
        Err(_) => panic!(),
    };

    /// Pages of the host's heap.
    #[derive(Default)]
    struct HostPages {
        pages: Vec<Option<NonNull<u8>>>,
        numbers: BTreeMap<NonNull<u8>, u32>,
        states: BTreeMap<NonNull<u8>, u32>,
        most: usize,
    }

    // SAFETY: pages come from the host's allocator with their size as alignment, and go back once.
    unsafe impl Pages for HostPages {
        fn take(&mut self) -> Option<NonNull<u8>> {
            if self.numbers.len() >= self.most {
                return None;
            }
            // SAFETY: the layout is not empty.
            let page = NonNull::new(unsafe { alloc(LAYOUT) })?;
            self.numbers.insert(page, self.pages.len() as u32);
            self.pages.push(Some(page));
            Some(page)
        }

        fn give(&mut self, page: NonNull<u8>) {
            let number = self.numbers.remove(&page).unwrap();
            self.pages[number as usize] = None;
            // SAFETY: it came from `take` and was not given back before.
            unsafe { dealloc(page.as_ptr(), LAYOUT) };
        }

        fn number(&self, page: NonNull<u8>) -> u32 {
            self.numbers[&page]
        }

        fn page(&self, number: u32) -> NonNull<u8> {
            self.pages[number as usize].unwrap()
        }

        fn state(&self, page: NonNull<u8>) -> u32 {
            self.states.get(&page).copied().unwrap_or(0)
        }

        fn set_state(&mut self, page: NonNull<u8>, state: u32) {
            self.states.insert(page, state);
        }
    }

    impl Drop for HostPages {
        fn drop(&mut self) {
            self.numbers.keys().copied().collect::<Vec<_>>().into_iter().for_each(|page| self.give(page));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 5 } else { 150 }, ..ProptestConfig::default() })]
        #[test]
        fn blocks_are_distinct_aligned_and_all_pages_but_one_come_back(
            shift in 4u32..12, most in 1usize..12, steps in prop::collection::vec((0u8..5, any::<prop::sample::Index>()), 0..600),
        ) {
            let size = 1usize << shift;
            let mut pages = HostPages::default();
            pages.most = most;
            let mut slabs = Slabs::new(size);
            let mut used: Vec<NonNull<u8>> = Vec::new();
            let mut addresses = BTreeSet::new();
            for (kind, index) in steps {
                if kind < 3 {
                    let mut came = Vec::new();
                    let count = slabs.allocate(&mut pages, kind as usize * 2 + 1, |block| came.push(block));
                    prop_assert_eq!(count, came.len());
                    prop_assert!(count > 0 || used.len() == most * PAGE / size);
                    for block in came {
                        prop_assert_eq!(block.addr().get() % size, 0);
                        prop_assert!(addresses.insert(block.addr()), "handed out twice");
                        // SAFETY: the block is ours and `size` bytes long.
                        unsafe { block.write_bytes(0xa5, size) };
                        used.push(block);
                    }
                } else if !used.is_empty() {
                    let block = used.swap_remove(index.index(used.len()));
                    addresses.remove(&block.addr());
                    // SAFETY: the block is ours.
                    let bytes = unsafe { core::slice::from_raw_parts(block.as_ptr(), size) };
                    prop_assert!(bytes.iter().all(|byte| *byte == 0xa5), "overwritten while in use");
                    // SAFETY: it came from these slabs.
                    unsafe { slabs.free(&mut pages, block) };
                }
            }
            for block in used.drain(..) {
                // SAFETY: it came from these slabs.
                unsafe { slabs.free(&mut pages, block) };
            }
            prop_assert!(pages.numbers.len() <= 1);
        }
    }
}
