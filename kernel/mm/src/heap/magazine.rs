//! A CPU's stacks of free blocks, one a size class.
#![allow(unsafe_code)]

use super::size_class;
use core::cell::Cell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicIsize, Ordering};

/// How many blocks move between a magazine and the depot at a time.
pub(crate) const BATCH: usize = 16;
const CAPACITY: usize = 2 * BATCH;

/// A stack of free blocks of one class.
pub(crate) struct Magazine {
    len: Cell<usize>,
    /// Blocks handed out here, less those that came back here. One CPU's may be negative; the sum is what is in use.
    balance: AtomicIsize,
    blocks: [Cell<Option<NonNull<u8>>>; CAPACITY],
}

/// The magazines of one CPU.
pub(crate) struct Magazines([Magazine; size_class::COUNT]);

/// The balances of one CPU's magazines.
///
/// # Safety
/// `magazines` points to magazines that live for good.
pub(crate) unsafe fn balances(magazines: *const Magazines) -> [isize; size_class::COUNT] {
    core::array::from_fn(|class| {
        // SAFETY: the caller's promise, and the class is in bounds.
        let balance = unsafe { &raw const (*magazines).0[class].balance };
        // SAFETY: as above; this part is atomic and so shared.
        unsafe { &*balance }.load(Ordering::Relaxed)
    })
}

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
        Self { len: Cell::new(0), balance: AtomicIsize::new(0), blocks: [const { Cell::new(None) }; CAPACITY] }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len.get() == CAPACITY
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    /// Hands a block out.
    #[inline(always)]
    pub(crate) fn take(&self) -> Option<NonNull<u8>> {
        let len = self.len.get().checked_sub(1)?;
        let block = self.blocks.get(len)?.get()?;
        self.len.set(len);
        self.count(1);
        Some(block)
    }

    /// Takes a block back, if there is room.
    #[inline(always)]
    pub(crate) fn give(&self, block: NonNull<u8>) -> Option<()> {
        self.add(block)?;
        self.count(-1);
        Some(())
    }

    /// Adds a block that comes from the depot, if there is room.
    #[inline(always)]
    pub(crate) fn add(&self, block: NonNull<u8>) -> Option<()> {
        let len = self.len.get();
        self.blocks.get(len)?.set(Some(block));
        self.len.set(len + 1);
        Some(())
    }

    /// Only this CPU writes the balance.
    #[inline(always)]
    fn count(&self, change: isize) {
        self.balance.store(self.balance.load(Ordering::Relaxed) + change, Ordering::Relaxed);
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
