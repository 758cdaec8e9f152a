//! Processors: their numbers, how many there are, and how to wait on one.

use core::arch::asm;
use core::mem::offset_of;
use core::sync::atomic::{AtomicUsize, Ordering};

pub use crate::smp::start_all;

use crate::local::Local;
use crate::{AtomicCpuSet, CpuSet};

/// Most processors that the kernel handles.
pub const MAX_CPUS: usize = 288;

/// Dense number of a processor, `0..count()`. The boot processor is 0; APIC identifiers, which may
/// have gaps, stay inside `arch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuId(u32);

impl CpuId {
    /// The processor that booted the machine.
    pub const BOOT: Self = Self(0);

    /// Processor `index`, if it is below [`MAX_CPUS`].
    pub const fn new(index: u32) -> Option<Self> {
        if (index as usize) < MAX_CPUS { Some(Self(index)) } else { None }
    }

    /// The number as an array index, below [`MAX_CPUS`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The number.
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

impl core::fmt::Display for CpuId {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "cpu{}", self.0)
    }
}

static PRESENT: AtomicUsize = AtomicUsize::new(1);
static ONLINE: AtomicCpuSet = AtomicCpuSet::empty();

/// The processor this runs on. The answer can be stale at once unless the caller is pinned.
#[inline(always)]
pub fn current() -> CpuId {
    let number: u32;
    // SAFETY: GS points to this CPU's block in kernel mode; the field never changes.
    unsafe {
        asm!("mov {:e}, gs:[{}]", out(reg) number, const offset_of!(Local, cpu),
            options(nostack, preserves_flags, readonly));
    }
    CpuId(number)
}

/// How many processors the machine has (at most [`MAX_CPUS`] are counted).
pub fn count() -> usize {
    PRESENT.load(Ordering::Relaxed)
}

/// Sets what [`count`] says, once the tables are read.
pub(crate) fn set_count(count: usize) {
    PRESENT.store(count, Ordering::Relaxed);
}

/// Adds `cpu` to those that run kernel code.
pub(crate) fn set_online(cpu: CpuId) {
    ONLINE.set(cpu, Ordering::Release);
}

/// All processors of the machine.
pub fn present() -> CpuSet {
    (0..count() as u32).filter_map(CpuId::new).collect()
}

/// The processors that run kernel code.
pub fn online() -> CpuSet {
    ONLINE.snapshot(Ordering::Acquire)
}

/// Tells the processor that this is a wait loop.
#[inline(always)]
pub fn relax() {
    core::hint::spin_loop();
}

/// Enables interrupts and halts until one arrives, with no window between the two.
#[inline]
pub fn halt_until_interrupt() {
    // SAFETY: `sti` takes effect after the following instruction, so no wake-up falls in between.
    unsafe { asm!("sti", "hlt", options(nostack)) };
}

/// Halts this processor for good.
pub fn halt_forever() -> ! {
    loop {
        // SAFETY: nothing is expected of this processor any more.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}
