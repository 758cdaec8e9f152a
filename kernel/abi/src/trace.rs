//! What the kernel records of its own doing, as it lies in memory for the host to read.
//!
//! The kernel writes, while nobody reads: each CPU has a [`Block`] with a ring of [`RECORD_BYTES`]-sized records, which
//! it overwrites from the oldest on. The host finds the static [`SYMBOL`], a [`Header`], in the guest's memory after
//! the machine has ended, however it ended. All addresses in here are physical.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The name of the kernel's static [`Header`].
pub const SYMBOL: &str = "TESSERA_TRACE";
/// What [`Header::magic`] holds once recording has begun.
pub const MAGIC: u64 = u64::from_le_bytes(*b"tessera1");
/// The size of a record: four words, of which the third is the [`Head`]'s data and the last is free.
pub const RECORD_BYTES: usize = 32;
/// CPUs that a header has room for.
pub const MAX_CPUS: usize = 288;
/// Lock classes that a block has room for.
pub const MAX_CLASSES: usize = 96;
/// How many of the longest regions of a kind a CPU remembers.
pub const LONGEST: usize = 6;
/// How many callers of a region are remembered.
pub const CALLERS: usize = 3;
/// Threads whose names are kept: the place of a thread is its number modulo this.
pub const NAMES: usize = 8192;
/// Bytes of a thread's or a lock class's name, filled up with zeros.
pub const NAME_BYTES: usize = 16;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The CPU exchanged threads. Thread: who left; detail: a [`Leaving`]; data: who came, and its [`Class`] from bit 32.
    Switch = 1,
    /// A thread became runnable. Detail: its class; data: the CPU it is sent to.
    Wake = 2,
    /// A waiting thread was moved. Data: from CPU, and to CPU from bit 32.
    Migrate = 3,
    /// As `Migrate`, by the CPU that had nothing to do.
    Steal = 4,
    /// An interrupt's handler begins. Detail: the vector.
    InterruptEnter = 5,
    /// It ends.
    InterruptExit = 6,
    /// Another CPU is interrupted. Detail: the vector; data: the CPU.
    Ipi = 7,
    /// A system call begins. Data: its number.
    CallEnter = 8,
    /// It ends. Data: its result.
    CallExit = 9,
    /// A lock is waited for. Detail: its class; data: where.
    LockWait = 10,
    /// It has been taken. Detail: its class.
    LockTaken = 11,
    /// The CPUs that a thread may run on. Detail: which word of the set; data: the word.
    Affinity = 12,
}

impl Kind {
    /// The kind with this number.
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            1 => Self::Switch,
            2 => Self::Wake,
            3 => Self::Migrate,
            4 => Self::Steal,
            5 => Self::InterruptEnter,
            6 => Self::InterruptExit,
            7 => Self::Ipi,
            8 => Self::CallEnter,
            9 => Self::CallExit,
            10 => Self::LockWait,
            11 => Self::LockTaken,
            12 => Self::Affinity,
            _ => return None,
        })
    }
}

/// Why a thread left its CPU: the detail of [`Kind::Switch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Leaving {
    /// It would go on, and was made to let another run.
    Preempted = 0,
    /// It would go on, and let others run.
    Yields = 1,
    /// It sleeps.
    Sleeps = 2,
    /// It has ended.
    Ends = 3,
}

impl Leaving {
    /// The reason with this number; what is unknown counts as preempted.
    pub const fn from_raw(raw: u8) -> Self {
        match raw {
            1 => Self::Yields,
            2 => Self::Sleeps,
            3 => Self::Ends,
            _ => Self::Preempted,
        }
    }

    /// Whether the thread still wants to run.
    pub const fn is_runnable(self) -> bool {
        matches!(self, Self::Preempted | Self::Yields)
    }
}

/// A thread's scheduling class, as far as a trace tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// SCHED_DEADLINE.
    Deadline = 0,
    /// SCHED_FIFO.
    Fifo = 1,
    /// SCHED_RR.
    RoundRobin = 2,
    /// SCHED_OTHER.
    Fair = 3,
    /// SCHED_BATCH.
    Batch = 4,
    /// SCHED_IDLE.
    Low = 5,
    /// A CPU's idle thread.
    Idle = 6,
}

impl Class {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Deadline, Self::Fifo, Self::RoundRobin, Self::Fair, Self::Batch, Self::Low, Self::Idle];

    /// The class with this number; what is unknown counts as fair.
    pub fn from_raw(raw: u8) -> Self {
        Self::ALL.get(usize::from(raw)).copied().unwrap_or(Self::Fair)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Fifo => "fifo",
            Self::RoundRobin => "rr",
            Self::Fair => "fair",
            Self::Batch => "batch",
            Self::Low => "low",
            Self::Idle => "idle",
        }
    }
}

/// The second word of a record: kind, detail and thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head(pub u64);

impl Head {
    /// Packs the three. Of a thread's number the low half is kept: enough to tell threads of one trace apart.
    #[inline(always)]
    pub const fn new(kind: Kind, detail: u8, thread: u64) -> Self {
        Self(kind as u64 | (detail as u64) << 8 | thread << 32)
    }

    /// The kind, if it is one.
    pub const fn kind(self) -> Option<Kind> {
        Kind::from_raw(self.0 as u8)
    }

    /// The detail.
    pub const fn detail(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// The thread.
    pub const fn thread(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// Where everything else is.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Header {
    /// [`MAGIC`], or 0 if nothing was ever recorded.
    pub magic: AtomicU64,
    /// CPUs that have a block: the first so many places of `blocks`.
    pub cpus: AtomicU64,
    /// Nanoseconds in a tick of the records' time, times 2^32.
    pub ns_per_tick: AtomicU64,
    /// [`NAMES`] places of [`Name`]s.
    pub names: AtomicU64,
    /// How many lock classes there are.
    pub classes: AtomicU64,
    /// Their names: [`NAME_BYTES`] * 2 bytes each.
    pub class_names: AtomicU64,
    /// Each CPU's [`Block`].
    pub blocks: [AtomicU64; MAX_CPUS],
}

impl Header {
    /// Of nothing recorded.
    pub const fn new() -> Self {
        Self {
            magic: AtomicU64::new(0),
            cpus: AtomicU64::new(0),
            ns_per_tick: AtomicU64::new(0),
            names: AtomicU64::new(0),
            classes: AtomicU64::new(0),
            class_names: AtomicU64::new(0),
            blocks: [const { AtomicU64::new(0) }; MAX_CPUS],
        }
    }
}

impl Default for Header {
    fn default() -> Self {
        Self::new()
    }
}

/// A thread's name.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Name {
    /// The thread's number; 0 if the place is free.
    pub thread: AtomicU64,
    /// Its id for programs, and its process's from bit 32; 0 for a thread of the kernel.
    pub ids: AtomicU64,
    /// The name's bytes.
    pub text: [AtomicU64; NAME_BYTES / 8],
}

/// One CPU's records and measurements. Written by that CPU alone.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Block {
    /// Where what is added to the records' times lies, so that all CPUs agree.
    pub tsc_offset: AtomicU64,
    /// Bytes that were ever written to the ring; those beyond its size have overwritten others.
    pub written: AtomicU64,
    /// The ring's size in bytes, a power of two, less one.
    pub mask: AtomicU64,
    /// The ring in the kernel's address space.
    pub ring: AtomicU64,
    /// The ring in physical memory.
    pub ring_physical: AtomicU64,
    /// Interrupts off.
    pub irq_off: Measure,
    /// Preemption off.
    pub preempt_off: Measure,
    /// Each lock class.
    pub locks: [LockUse; MAX_CLASSES],
}

impl Block {
    /// Of nothing recorded, without a ring.
    pub const fn new() -> Self {
        Self {
            tsc_offset: AtomicU64::new(0),
            written: AtomicU64::new(0),
            mask: AtomicU64::new(0),
            ring: AtomicU64::new(0),
            ring_physical: AtomicU64::new(0),
            irq_off: Measure::new(),
            preempt_off: Measure::new(),
            locks: [const { LockUse::new() }; MAX_CLASSES],
        }
    }

    /// Records that were ever written, and how many of them are overwritten.
    pub fn counts(&self) -> (u64, u64) {
        let written = self.written.load(Relaxed);
        let size = self.mask.load(Relaxed) + 1;
        (written / RECORD_BYTES as u64, written.saturating_sub(size) / RECORD_BYTES as u64)
    }
}

impl Default for Block {
    fn default() -> Self {
        Self::new()
    }
}

/// Regions of one kind.
#[derive(Debug)]
#[repr(C)]
pub struct Measure {
    /// When the open one began; 0 while none is.
    pub start: AtomicU64,
    /// Who opened it: return addresses, the innermost first.
    pub callers: [AtomicU64; CALLERS],
    /// The longest ones, in no order, of each innermost caller one.
    pub longest: [Region; LONGEST],
}

impl Measure {
    const fn new() -> Self {
        Self {
            start: AtomicU64::new(0),
            callers: [const { AtomicU64::new(0) }; CALLERS],
            longest: [const { Region::new() }; LONGEST],
        }
    }
}

/// A region of code that ran with something off.
#[derive(Debug)]
#[repr(C)]
pub struct Region {
    /// How long, in ticks.
    pub ticks: AtomicU64,
    /// When it began.
    pub start: AtomicU64,
    /// Who opened it, as [`Measure::callers`].
    pub callers: [AtomicU64; CALLERS],
}

impl Region {
    const fn new() -> Self {
        Self { ticks: AtomicU64::new(0), start: AtomicU64::new(0), callers: [const { AtomicU64::new(0) }; CALLERS] }
    }
}

/// How one CPU used the locks of a class.
#[derive(Debug)]
#[repr(C)]
pub struct LockUse {
    /// How often one was taken.
    pub taken: AtomicU64,
    /// How often it was not free.
    pub waited: AtomicU64,
    /// How long that took, in ticks: together.
    pub wait_ticks: AtomicU64,
    /// And at most.
    pub longest_ticks: AtomicU64,
}

impl LockUse {
    const fn new() -> Self {
        Self {
            taken: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            wait_ticks: AtomicU64::new(0),
            longest_ticks: AtomicU64::new(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_keep_their_parts() {
        let head = Head::new(Kind::Wake, 7, 0x1_2345_6789);
        assert_eq!((head.kind(), head.detail(), head.thread()), (Some(Kind::Wake), 7, 0x2345_6789));
        assert_eq!(Head(0).kind(), None);
    }

    #[test]
    fn kinds_and_classes_have_the_numbers_they_say() {
        assert!((1..=12).all(|raw| Kind::from_raw(raw).is_some_and(|kind| kind as u8 == raw)));
        assert!(Class::ALL.iter().enumerate().all(|(index, class)| *class as usize == index));
    }
}
