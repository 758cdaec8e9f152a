//! A CPU's stacks of free blocks, one a size class.

use super::size_class;
use core::cell::Cell;
use core::ptr::NonNull;

/// How many blocks move between a magazine and the depot at a time.
pub(crate) const BATCH: usize = 16;
const CAPACITY: usize = 2 * BATCH;

/// A stack of free blocks of one class.
pub(crate) struct Magazine {
    len: Cell<usize>,
    blocks: [Cell<Option<NonNull<u8>>>; CAPACITY],
}

/// The magazines of one CPU.
pub(crate) struct Magazines([Magazine; size_class::COUNT]);

impl Magazines {
    pub(crate) const fn new() -> Self {
        Self([const { Magazine::new() }; size_class::COUNT])
    }

    #[inline(always)]
    pub(crate) fn of(&self, class: usize) -> &Magazine {
        &self.0[class]
    }
}

impl Magazine {
    const fn new() -> Self {
        Self { len: Cell::new(0), blocks: [const { Cell::new(None) }; CAPACITY] }
    }

    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.len.get() == CAPACITY
    }

    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<NonNull<u8>> {
        let len = self.len.get().checked_sub(1)?;
        self.len.set(len);
        self.blocks.get(len)?.get()
    }

    /// Callers look first whether there is room.
    #[inline(always)]
    pub(crate) fn push(&self, block: NonNull<u8>) {
        let len = self.len.get();
        debug_assert!(len < CAPACITY);
        if let Some(place) = self.blocks.get(len) {
            place.set(Some(block));
            self.len.set(len + 1);
        }
    }

    /// Takes out the blocks that have lain longest.
    pub(crate) fn take_oldest(&self, count: usize, mut each: impl FnMut(NonNull<u8>)) {
        let len = self.len.get();
        let count = count.min(len);
        self.blocks[..count].iter().filter_map(Cell::get).for_each(&mut each);
        for (at, place) in self.blocks[..len - count].iter().enumerate() {
            place.set(self.blocks[at + count].get());
        }
        self.len.set(len - count);
    }
}
