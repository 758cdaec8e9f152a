//! The trace: what each CPU does, recorded for the host.
//!
//! Every CPU writes to a ring of its own, without a lock and with interrupts off for a few instructions, so events may
//! be recorded anywhere. Off, an event costs a predicted branch on one word. The layout is [`abi::trace`]'s; the host
//! reads it from the machine's memory when the machine has ended.
//!
//! It lives on this floor so that interrupts themselves are recorded; the floors above use it as `sync::trace`.

use core::mem::offset_of;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};

pub use abi::trace::{Block, Class, Head, Kind, LONGEST, Leaving, MAX_CLASSES, NAMES, Name, RECORD_BYTES};
use abi::trace::{Header, MAGIC, NAME_BYTES};

use crate::cpu::{CpuId, MAX_CPUS};
use crate::layout::virt_to_phys;
use crate::local::{self, Local};
use crate::{clock, interrupts};

mod measure;

pub use measure::{
    LockCounts, LongRegion, NO_LOCK, forget_open_regions, interrupts_came_on, interrupts_went_off, locks_of,
    longest_irq_off, longest_preempt_off, note_lock, note_wait, preemption_came_on, preemption_went_off, waits_for,
};
pub(crate) use measure::{interrupt_begins, interrupt_ends};

/// Bit of [`flags`]: events are recorded.
pub const EVENTS: u32 = 1;
/// Bit of [`flags`]: regions without interrupts or preemption, and locks, are measured.
pub const MEASURES: u32 = 2;
/// Bit of [`flags`]: system calls are logged as text.
pub const CALL_TEXTS: u32 = 4;
/// Bit of [`flags`]: errors of system calls are held against what the calls declare.
pub const CALL_ERRORS: u32 = 8;
/// Bit of [`flags`]: threads may have allocations of their calls fail.
pub const CALL_FAILURES: u32 = 16;
/// Bit of [`flags`]: there are processes that trace others.
pub const TRACERS: u32 = 32;

/// On a cache line that nobody writes while the machine works.
#[repr(align(64))]
struct Flags(AtomicU32);

static FLAGS: Flags = Flags(AtomicU32::new(0));
static BLOCKS: [AtomicPtr<Block>; MAX_CPUS] = [const { AtomicPtr::new(core::ptr::null_mut()) }; MAX_CPUS];
static NAME_TABLE: AtomicPtr<[Name; NAMES]> = AtomicPtr::new(core::ptr::null_mut());
/// Counts the starts, so that each thread is named once in each.
static EPOCH: AtomicU32 = AtomicU32::new(0);
static IS_INSTALLED: AtomicBool = AtomicBool::new(false);

/// Where the host begins to read.
// SAFETY: no other symbol has this name (it is `abi::trace::SYMBOL`).
#[unsafe(no_mangle)]
#[used]
static TESSERA_TRACE: Header = Header::new();

/// What is on.
#[inline(always)]
pub fn flags() -> u32 {
    FLAGS.0.load(Ordering::Relaxed)
}

/// Whether events are recorded.
#[inline(always)]
pub fn is_on() -> bool {
    flags() & EVENTS != 0
}

/// Whether regions and locks are measured.
#[inline(always)]
pub fn is_measuring() -> bool {
    flags() & MEASURES != 0
}

/// Turns on what `bits` says. [`EVENTS`] and [`MEASURES`] need [`is_installed`].
pub fn start(bits: u32) {
    let bits = if is_installed() { bits } else { bits & !(EVENTS | MEASURES) };
    if bits & EVENTS != 0 {
        EPOCH.fetch_add(1, Ordering::Relaxed);
    }
    FLAGS.0.fetch_or(bits, Ordering::SeqCst);
}

/// Turns off what `bits` says.
pub fn stop(bits: u32) {
    FLAGS.0.fetch_and(!bits, Ordering::SeqCst);
}

/// The number of this recording: one that each start changes.
#[inline]
pub fn epoch() -> u32 {
    EPOCH.load(Ordering::Relaxed)
}

/// Whether there is memory to record to.
pub fn is_installed() -> bool {
    IS_INSTALLED.load(Ordering::Acquire)
}

/// Memory to record to.
pub struct Memory<'a> {
    /// For each present CPU, in their order: its block and its ring, a power of two of words, at least
    /// [`RECORD_BYTES`].
    pub cpus: &'a mut dyn Iterator<Item = (&'static mut Block, &'static mut [u64])>,
    /// For the names of threads.
    pub names: &'static mut [Name; NAMES],
    /// The names of the lock classes, filled up with zeros.
    pub classes: &'static [[u8; 2 * NAME_BYTES]],
}

/// Gives the recorder its memory, for good. Only the first call has an effect: on the boot processor, before it starts the
/// others.
pub fn install(memory: Memory<'_>) {
    if IS_INSTALLED.swap(true, Ordering::AcqRel) {
        return;
    }
    let header = &TESSERA_TRACE;
    let mut count = 0;
    for (place, (block, ring)) in memory.cpus.enumerate().take(MAX_CPUS) {
        debug_assert!(ring.len().is_power_of_two(), "a ring's size is a power of two");
        block.mask.store((ring.len() * 8 - 1) as u64, Ordering::Relaxed);
        block.ring_physical.store(virt_to_phys(ring.as_ptr()).as_u64(), Ordering::Relaxed);
        block.ring.store(ring.as_mut_ptr().expose_provenance() as u64, Ordering::Relaxed);
        header.blocks[place].store(virt_to_phys(block).as_u64(), Ordering::Relaxed);
        BLOCKS[place].store(block, Ordering::Relaxed);
        count = place + 1;
    }
    // SAFETY: the boot processor's, which runs this: the others have not been started.
    unsafe { attach(CpuId::BOOT, local::BOOT.get()) };
    header.names.store(virt_to_phys(memory.names).as_u64(), Ordering::Relaxed);
    NAME_TABLE.store(memory.names, Ordering::Relaxed);
    header.class_names.store(virt_to_phys(memory.classes.as_ptr()).as_u64(), Ordering::Relaxed);
    header.classes.store(memory.classes.len() as u64, Ordering::Relaxed);
    header.ns_per_tick.store(clock::ns_per_tick(), Ordering::Relaxed);
    header.cpus.store(count as u64, Ordering::Relaxed);
    header.magic.store(MAGIC, Ordering::Release);
}

/// Gives a CPU's local block its part of the trace, and tells the host where that CPU's clock is set right.
///
/// # Safety
/// `local` is the CPU's block, in the kernel's image or heap, and either the caller runs on the CPU or the CPU does not run.
pub(crate) unsafe fn attach(cpu: CpuId, local: *mut Local) {
    let Some(block) = block(cpu) else { return };
    // SAFETY: the field of a block that nobody else uses now.
    unsafe { (*local).trace = block };
    // SAFETY: only the address is taken.
    let offset = unsafe { &raw const (*local).tsc_offset };
    block.tsc_offset.store(virt_to_phys(offset).as_u64(), Ordering::Relaxed);
}

/// The calling CPU's part, if there is memory for it.
#[inline(always)]
fn this_block() -> Option<&'static Block> {
    // SAFETY: null, or what `install` stored for good; all of a block is atomic.
    unsafe { this_block_pointer().as_ref() }
}

#[inline(always)]
fn this_block_pointer() -> *const Block {
    let block;
    // SAFETY: GS points to this CPU's block in kernel mode; this only reads.
    unsafe {
        core::arch::asm!("mov {}, gs:[{}]", out(reg) block, const offset_of!(Local, trace),
            options(nostack, preserves_flags, readonly));
    }
    block
}

/// A CPU's records and measurements, if there is memory for them.
#[inline]
pub fn block(cpu: CpuId) -> Option<&'static Block> {
    let block = BLOCKS[cpu.index()].load(Ordering::Relaxed);
    // SAFETY: null, or what `install` stored for good; all of a block is atomic.
    unsafe { block.as_ref() }
}

/// Records that something happened to `thread`, a thread's number or 0.
#[inline(always)]
pub fn event(kind: Kind, detail: u8, thread: u64, data: u64) {
    if is_on() {
        record(Head::new(kind, detail, thread), data);
    }
}

/// Writes a record to this CPU's ring.
#[cold]
#[inline(never)]
pub fn record(head: Head, data: u64) {
    let saved = interrupts::disable();
    // SAFETY: events are on, so there is memory, and every CPU was attached to its part before it ran.
    let block = unsafe { &*this_block_pointer() };
    let written = block.written.load(Ordering::Relaxed);
    block.written.store(written + RECORD_BYTES as u64, Ordering::Relaxed);
    let offset = written & block.mask.load(Ordering::Relaxed);
    let address = block.ring.load(Ordering::Relaxed) + offset;
    let record: *mut [u64; 3] = core::ptr::with_exposed_provenance_mut(address as usize);
    // SAFETY: inside this CPU's ring, whose size is a power of two of records; no handler comes in between, and the
    // host reads when nobody writes any more.
    unsafe { record.write([clock::read_tsc(), head.0, data]) };
    interrupts::restore(saved);
}

/// Keeps a thread's name, and the ids of thread and process that programs know it by.
pub fn name_thread(thread: u64, ids: u64, name: &[u8]) {
    let table = NAME_TABLE.load(Ordering::Relaxed);
    // SAFETY: null, or what `install` stored for good; all of it is atomic.
    let Some(table) = (unsafe { table.as_ref() }) else { return };
    let place = &table[thread as usize % NAMES];
    let mut bytes = [0; NAME_BYTES];
    let length = name.len().min(NAME_BYTES);
    bytes[..length].copy_from_slice(&name[..length]);
    place.thread.store(thread, Ordering::Relaxed);
    place.ids.store(ids, Ordering::Relaxed);
    for (word, bytes) in place.text.iter().zip(bytes.as_chunks::<8>().0) {
        word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
    }
}

/// Adds to a counter that only the calling CPU writes.
fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
}
