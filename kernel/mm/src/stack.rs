//! Kernel stacks, each above a hole.
//!
//! The stack area is divided into slots of [`SLOT_SIZE`] bytes. The upper part of a slot is the stack; the lower part
//! is never
//! mapped, so an overflow faults. Mapped stacks that nobody uses are kept: a few by each CPU, the rest in a list that
//! runs through the stacks themselves. Beyond [`KEPT`] their frames are given back, many stacks at a time, for one
//! flush on all CPUs.
#![allow(unsafe_code)]

use crate::cpu_caches;
use crate::error::OutOfMemory;
use crate::frame::Frame;
use crate::page_table::{KERNEL_TABLE, PageTables, kernel_tables, number_of};
use crate::shootdown;
use arch::layout::{KERNEL_STACKS, KERNEL_STACKS_SIZE};
use arch::paging::{Entry, Flags, index};
use arch::{PAGE_SIZE, VirtAddr};
use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};
use heap_crate::vec::Vec;
use sync::SpinLock;
use sync::ranks::KernelStacks;

/// The mapped size of a kernel stack, bytes. Code that is not optimised needs about twice as much.
pub const STACK_SIZE: usize = if cfg!(debug_assertions) { 32 * 1024 } else { 16 * 1024 };
/// The distance between two stacks.
const SLOT_SIZE: u64 = 64 * 1024;
const SLOTS: u32 = (KERNEL_STACKS_SIZE / SLOT_SIZE) as u32;
/// Stacks in the common list before frames are given back.
const KEPT: usize = 48;
/// Stacks that a CPU keeps.
const CACHED: usize = 8;

/// The number of a slot whose stack is mapped.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot(u32);

impl Slot {
    /// The address just above the stack.
    fn top(self) -> u64 {
        KERNEL_STACKS + (u64::from(self.0) + 1) * SLOT_SIZE
    }

    fn pages(self) -> impl Iterator<Item = VirtAddr> {
        (self.top() - STACK_SIZE as u64..self.top()).step_by(PAGE_SIZE).map(VirtAddr::new_truncate)
    }
}

/// The stacks that one CPU keeps.
pub(crate) struct StackCache {
    /// How many; every CPU may read it.
    pub(crate) len: AtomicUsize,
    slots: [Cell<Slot>; CACHED],
}

impl StackCache {
    pub(crate) const fn new() -> Self {
        Self { len: AtomicUsize::new(0), slots: [const { Cell::new(Slot(0)) }; CACHED] }
    }

    fn pop(&self) -> Option<Slot> {
        let len = self.len.load(Ordering::Relaxed).checked_sub(1)?;
        self.len.store(len, Ordering::Relaxed);
        Some(self.slots[len].get())
    }

    /// Gives the slot back when full.
    fn push(&self, slot: Slot) -> Option<Slot> {
        let len = self.len.load(Ordering::Relaxed);
        let Some(place) = self.slots.get(len) else { return Some(slot) };
        place.set(slot);
        self.len.store(len + 1, Ordering::Relaxed);
        None
    }
}

/// Slots that no CPU keeps.
struct Area {
    /// Slots from here on were never used.
    fresh: u32,
    /// Not mapped.
    unmapped: Vec<Slot>,
    /// Mapped; the list runs through the stacks' top words.
    mapped: Option<Slot>,
    mapped_count: usize,
}

static AREA: SpinLock<Area, KernelStacks> =
    SpinLock::new(Area { fresh: 0, unmapped: Vec::new(), mapped: None, mapped_count: 0 });

impl Area {
    fn push_mapped(&mut self, slot: Slot) {
        let link = (slot.top() as *mut u64).wrapping_sub(1);
        // SAFETY: the stack is mapped, unused, and ours; its top word is aligned.
        unsafe { link.write(self.mapped.map_or(u64::MAX, |next| u64::from(next.0))) };
        self.mapped = Some(slot);
        self.mapped_count += 1;
    }

    fn pop_mapped(&mut self) -> Option<Slot> {
        let slot = self.mapped?;
        let link = (slot.top() as *const u64).wrapping_sub(1);
        // SAFETY: `push_mapped` wrote it.
        let next = unsafe { link.read() };
        self.mapped = u32::try_from(next).ok().map(Slot);
        self.mapped_count -= 1;
        Some(slot)
    }

    fn take_unmapped(&mut self) -> Result<Slot, OutOfMemory> {
        if let Some(slot) = self.unmapped.pop() {
            return Ok(slot);
        }
        if self.fresh == SLOTS {
            return Err(OutOfMemory);
        }
        self.fresh += 1;
        Ok(Slot(self.fresh - 1))
    }

    /// A slot that cannot be remembered for want of memory is lost; there are millions.
    fn give_unmapped(&mut self, slot: Slot) {
        if self.unmapped.try_reserve(1).is_ok() {
            self.unmapped.push(slot);
        }
    }
}

/// One kernel stack; given back when dropped, which must not happen while a CPU runs on it.
pub struct KernelStack {
    slot: Slot,
}

impl KernelStack {
    /// A mapped stack. Its contents are arbitrary.
    pub fn new() -> Result<Self, OutOfMemory> {
        if let Some(slot) = cpu_caches::with(|caches| caches.stacks.pop()) {
            return Ok(Self { slot });
        }
        let mut area = AREA.lock();
        if let Some(slot) = area.pop_mapped() {
            return Ok(Self { slot });
        }
        let slot = area.take_unmapped()?;
        drop(area);
        if let Err(error) = map(slot) {
            // What was mapped was never used, so no CPU has a translation.
            unmap(slot, &mut |frame| drop(frame));
            AREA.lock().give_unmapped(slot);
            return Err(error);
        }
        Ok(Self { slot })
    }

    /// The address just above the stack; 16-byte aligned.
    pub fn top(&self) -> VirtAddr {
        VirtAddr::new_truncate(self.slot.top())
    }
}

impl Drop for KernelStack {
    fn drop(&mut self) {
        let Some(slot) = cpu_caches::with(|caches| caches.stacks.push(self.slot)) else { return };
        let mut area = AREA.lock();
        area.push_mapped(slot);
        let is_over = area.mapped_count > KEPT;
        drop(area);
        // Waiting for other CPUs is for those who may be interrupted themselves.
        if is_over && arch::interrupts::enabled() {
            release(KEPT / 2);
        }
    }
}

fn map(slot: Slot) -> Result<(), OutOfMemory> {
    const FLAGS: Flags = Flags::PRESENT
        .union(Flags::WRITABLE)
        .union(Flags::NO_EXECUTE)
        .union(Flags::GLOBAL)
        .union(Flags::ACCESSED)
        .union(Flags::DIRTY);
    let tables = PageTables::kernel();
    for page in slot.pages() {
        let frame = Frame::for_overwrite()?;
        let table = tables.leaf_or_make(page, KERNEL_TABLE)?;
        table.store(index(page, 1), Entry::new(frame.addr(), FLAGS));
        let _owned_by_the_word = frame.into_number();
    }
    Ok(())
}

fn unmap(slot: Slot, each: &mut dyn FnMut(Frame)) {
    let tables = PageTables::kernel();
    for page in slot.pages() {
        let Some(table) = tables.leaf(page) else { continue };
        let entry = table.swap(index(page, 1), Entry::EMPTY);
        if let Some(number) = number_of(entry).filter(|_| entry.is_present()) {
            // SAFETY: the word owned the reference, and is gone.
            each(unsafe { Frame::from_number(number) });
        }
    }
}

/// Gives back the frames of all but `keep` of the stacks in the common list.
fn release(keep: usize) {
    /// Stacks for one flush.
    const BATCH: usize = 8;
    loop {
        let mut slots = [None; BATCH];
        let mut area = AREA.lock();
        for place in &mut slots {
            if area.mapped_count > keep {
                *place = area.pop_mapped();
            }
        }
        drop(area);
        if slots[0].is_none() {
            return;
        }
        let mut frames = [const { None }; BATCH * STACK_SIZE / PAGE_SIZE];
        let mut places = frames.iter_mut();
        for slot in slots.into_iter().flatten() {
            unmap(slot, &mut |frame| {
                if let Some(place) = places.next() {
                    *place = Some(frame);
                }
            });
        }
        for slot in slots.into_iter().flatten() {
            shootdown::flush_kernel(slot.top() - STACK_SIZE as u64, slot.top());
        }
        drop(frames);
        let mut area = AREA.lock();
        slots.into_iter().flatten().for_each(|slot| area.give_unmapped(slot));
    }
}

/// Gives back the frames of all stacks in the common list and of those that this CPU keeps.
pub fn trim() {
    while let Some(slot) = cpu_caches::with(|caches| caches.stacks.pop()) {
        AREA.lock().push_mapped(slot);
    }
    release(0);
}

/// Frames that wait for the next stack: those of stacks that nobody uses, and the tables of the stack area.
pub fn reserve_frames() -> usize {
    let unused = AREA.lock().mapped_count + cpu_caches::stack_counts().sum::<usize>();
    unused * STACK_SIZE / PAGE_SIZE + kernel_tables()
}

/// Whether `address` lies in the hole below a kernel stack: a fault there is a stack overflow.
pub fn is_guard(address: VirtAddr) -> bool {
    let in_area = address.as_u64().wrapping_sub(KERNEL_STACKS);
    in_area < KERNEL_STACKS_SIZE && in_area % SLOT_SIZE < SLOT_SIZE - STACK_SIZE as u64
}
