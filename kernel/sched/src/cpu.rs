//! What the scheduler keeps for each CPU.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};

use alloc::sync::Arc;

use arch::cpu::CpuId;
use arch::local::{self, Slot};
use arch::topology::{Domain, siblings};
use arch::{AtomicCpuSet, CpuSet};
use mm::{AddressSpace, OutOfMemory};
use sync::ranks::RunQueue;
use sync::{IrqLock, IrqOff, Once, PerCpu};

use crate::algorithm::load::Load;
use crate::deferred::Worker;
use crate::protocol::idle_gate::IdleGate;
use crate::protocol::inbox::Inbox;
use crate::queue::Queue;
use crate::switch::Departure;
use crate::thread::Thread;
use crate::timer::CpuTimers;

static CPUS: Once<PerCpu<Cpu>> = Once::new();
/// The CPUs on which threads run.
pub(crate) static ACTIVE: AtomicCpuSet = AtomicCpuSet::empty();
/// The CPUs that have nothing to do and that nobody has claimed. A hint: the truth is in each CPU's gate.
pub(crate) static IDLE: AtomicCpuSet = AtomicCpuSet::empty();

/// One CPU's part of the scheduler. What has no lock and is not atomic belongs to the CPU itself, with interrupts off.
pub(crate) struct Cpu {
    pub(crate) id: CpuId,
    /// Who runs and who waits.
    pub(crate) queue: IrqLock<Queue, RunQueue>,
    /// Threads that other CPUs made runnable here, not yet in `queue`.
    pub(crate) inbox: Inbox<Thread>,
    /// Whether this CPU must be interrupted to look into `inbox`.
    pub(crate) gate: IdleGate,
    /// The load of the threads that run, wait in `queue` or lie in `inbox`.
    load: AtomicU64,
    /// The CPUs that share a cache with it, if there are others that do not: where its threads still find their own.
    pub(crate) mates: Option<CpuSet>,
    /// Runs when nobody else does.
    pub(crate) idle_thread: Arc<Thread>,
    pub(crate) timers: CpuTimers,
    pub(crate) worker: Worker,
    /// When the timer interrupt is due; `u64::MAX` if it is not armed.
    armed_ns: Cell<u64>,
    /// When balancing was last tried here.
    pub(crate) balanced_ns: Cell<u64>,
    /// The loaded address space of a running user thread; null while a thread without user memory runs.
    space: Cell<*const AddressSpace>,
    /// The thread whose vector registers are loaded.
    pub(crate) fpu_owner: Cell<*const Thread>,
    /// From a switch to its completion on the new stack: who ran, and what becomes of it.
    pub(crate) departed: Cell<(*const Thread, Departure)>,
    /// A pseudo-random number for choosing among CPUs.
    pub(crate) random: Cell<u32>,
    pub(crate) account: CpuAccount,
}

/// Nanoseconds and counts since the CPU started; what is neither user nor idle time is system time. Written under the
/// queue's lock.
#[derive(Default)]
pub(crate) struct CpuAccount {
    pub(crate) started_ns: AtomicU64,
    pub(crate) user_ns: AtomicU64,
    pub(crate) nice_ns: AtomicU64,
    pub(crate) idle_ns: AtomicU64,
    pub(crate) switches: AtomicU64,
    /// Switches to the idle thread.
    pub(crate) idle_switches: AtomicU64,
    pub(crate) yields: AtomicU64,
    /// How long threads that ran here had waited for it.
    pub(crate) wait_ns: AtomicU64,
    /// Threads that this CPU woke, and those of them that it keeps. Written by the CPU itself, with interrupts off.
    pub(crate) wakes: AtomicU64,
    pub(crate) local_wakes: AtomicU64,
}

impl CpuAccount {
    /// Counts a context switch.
    #[inline]
    pub(crate) fn count_switch(&self, to_idle: bool) {
        count(&self.switches);
        if to_idle {
            count(&self.idle_switches);
        }
    }
}

/// Counts what only the calling CPU writes.
#[inline]
pub(crate) fn count(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

// SAFETY: the cells are used by the CPU itself with interrupts off; everything else is `Sync` by itself.
unsafe impl Sync for Cpu {}
// SAFETY: a `Cpu` is made on the boot CPU before the others run; the pointers in it are null then.
unsafe impl Send for Cpu {}

impl Cpu {
    fn new(id: CpuId, idle_thread: Arc<Thread>, worker: Worker) -> Self {
        Self {
            id,
            queue: IrqLock::new(Queue::new()),
            inbox: Inbox::new(),
            gate: IdleGate::new(),
            load: AtomicU64::new(0),
            mates: Some(siblings(id, Domain::Cache)).filter(|mates| mates.count() < arch::cpu::count()),
            idle_thread,
            timers: CpuTimers::new(),
            worker,
            armed_ns: Cell::new(u64::MAX),
            balanced_ns: Cell::new(0),
            space: Cell::new(ptr::null()),
            fpu_owner: Cell::new(ptr::null()),
            departed: Cell::new((ptr::null(), Departure::Stays)),
            random: Cell::new(id.as_u32().wrapping_mul(0x9e37_79b9) | 1),
            account: CpuAccount::default(),
        }
    }

    /// The calling CPU's part.
    #[inline(always)]
    pub(crate) fn this(_irq: &IrqOff) -> &'static Self {
        let address = local::load(Slot::RunQueue);
        // SAFETY: `enter` stored the address of this CPU's part, which lives for ever.
        unsafe { &*ptr::with_exposed_provenance(address) }
    }

    /// A CPU's part.
    pub(crate) fn of(id: CpuId) -> &'static Self {
        all().of(id)
    }

    /// Whether the boot path has brought threads to the calling CPU.
    pub(crate) fn is_entered() -> bool {
        local::load(Slot::RunQueue) != 0
    }

    /// Makes this the calling CPU's part.
    pub(crate) fn enter(&'static self) {
        local::store(Slot::RunQueue, ptr::from_ref(self).expose_provenance());
    }

    /// Has the timer interrupt come at `deadline_ns` at the latest. An earlier one is kept: when it comes, it looks
    /// at what is due.
    #[inline]
    pub(crate) fn arm_timer(&self, deadline_ns: u64) {
        if deadline_ns < self.armed_ns.get() {
            self.armed_ns.set(deadline_ns);
            arch::apic::timer::arm(deadline_ns);
        }
    }

    /// The timer interrupt has come.
    pub(crate) fn note_timer(&self) {
        self.armed_ns.set(u64::MAX);
    }

    /// Loads the user memory that a thread runs in, if it is not loaded already.
    #[inline]
    pub(crate) fn load_space(&self, space: Option<&Arc<AddressSpace>>) {
        let wanted = space.map_or(ptr::null(), Arc::as_ptr);
        if wanted == self.space.get() {
            return;
        }
        self.space.set(wanted);
        match space {
            Some(space) => space.activate(),
            // The translations stay loaded, but nothing may rely on them, nor on the space's life.
            None => mm::space::enter_lazy(),
        }
    }

    /// The next pseudo-random number.
    pub(crate) fn next_random(&self) -> u32 {
        let mut value = self.random.get();
        value ^= value << 13;
        value ^= value >> 17;
        value ^= value << 5;
        self.random.set(value);
        value
    }

    /// A pseudo-random CPU.
    #[inline]
    pub(crate) fn random_cpu(&self) -> CpuId {
        let scaled = (u64::from(self.next_random()) * arch::cpu::count() as u64) >> 32;
        CpuId::new(scaled as u32).unwrap_or(self.id)
    }

    /// Takes note of a thread that became runnable here.
    #[inline]
    pub(crate) fn add_load(&self, part: Load) {
        self.load.fetch_add(part.word(), Ordering::Relaxed);
    }

    /// Takes note of a thread that is no longer runnable here.
    #[inline]
    pub(crate) fn remove_load(&self, part: Load) {
        self.load.fetch_sub(part.word(), Ordering::Relaxed);
    }

    /// What is runnable here.
    #[inline]
    pub(crate) fn load(&self) -> Load {
        Load::from_word(self.load.load(Ordering::Relaxed))
    }
}

/// All CPUs' parts.
#[inline]
pub(crate) fn all() -> &'static PerCpu<Cpu> {
    match CPUS.get() {
        Some(cpus) => cpus,
        None => panic!("the scheduler is used before its init"),
    }
}

/// Makes all CPUs' parts.
pub(crate) fn init() -> Result<(), OutOfMemory> {
    let mut parts = mm::alloc::try_vec(arch::cpu::count())?;
    for id in arch::cpu::present().iter() {
        parts.push((Thread::new_idle(id)?, Worker::new(id)?));
    }
    let mut parts = parts.into_iter();
    let cpus = PerCpu::new(|id| match parts.next() {
        Some((idle_thread, worker)) => Cpu::new(id, idle_thread, worker),
        None => panic!("more CPUs than were present"),
    })?;
    CPUS.call_once(|| cpus);
    Ok(())
}
