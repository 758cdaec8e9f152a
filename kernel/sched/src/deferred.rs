//! Work for later, in a thread: teardown that must not happen where it became due.
//!
//! Each CPU has a worker thread, so teardown is spread like the work that caused it. The worker also buries ended
//! threads, whose stacks cannot be given back by themselves.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use arch::CpuSet;
use arch::cpu::CpuId;
use mm::OutOfMemory;
use sync::ranks::WorkerThread;
use sync::{IrqLock, irq_off};

use crate::cpu::Cpu;
use crate::protocol::inbox::{Inbox, Parcel};
use crate::thread::{Prepared, Thread};
use crate::wait::Wait;
use crate::wait_queue::WaitQueue;

/// How many ended threads make the worker begin on a busy CPU.
const BURY_AT_ONCE: u32 = 16;

/// Has `work` run soon by this CPU's worker thread, which may sleep. Any context; never fails, since the box is the
/// queue's node.
pub fn defer(work: Box<Work>) {
    let irq = irq_off();
    let worker = &Cpu::this(&irq).worker;
    // SAFETY: the box is given up here and taken back by the worker, which alone empties the inbox.
    unsafe { worker.work.push(Box::leak(work)) };
    worker.changed.wake_one();
}

/// A piece of deferred work.
pub struct Work {
    next: AtomicPtr<Work>,
    job: Cell<Option<Box<dyn FnOnce() + Send>>>,
}

// SAFETY: the cell is emptied by the worker alone, which owns the box by then.
unsafe impl Sync for Work {}

impl Work {
    /// Work that calls `f`.
    pub fn new(f: impl FnOnce() + Send + 'static) -> Result<Box<Self>, OutOfMemory> {
        let job: Box<dyn FnOnce() + Send> = mm::alloc::try_box(f)?;
        mm::alloc::try_box(Self { next: AtomicPtr::new(ptr::null_mut()), job: Cell::new(Some(job)) })
    }
}

impl Parcel for Work {
    fn next(&self) -> &AtomicPtr<Self> {
        &self.next
    }
}

/// One CPU's worker: what it has to do.
pub(crate) struct Worker {
    work: Inbox<Work>,
    dead: Inbox<Thread>,
    /// Threads that ever came into `dead`.
    dead_count: AtomicU32,
    changed: WaitQueue,
    /// The thread, until its CPU comes up.
    thread: IrqLock<Option<Prepared>, WorkerThread>,
}

impl Worker {
    /// The worker of a CPU.
    pub(crate) fn new(cpu: CpuId) -> Result<Self, OutOfMemory> {
        let thread = Thread::builder("worker").affinity(CpuSet::of(cpu)).prepare(move || Cpu::of(cpu).worker.run())?;
        Ok(Self {
            work: Inbox::new(),
            dead: Inbox::new(),
            dead_count: AtomicU32::new(0),
            changed: WaitQueue::new(),
            thread: IrqLock::new(Some(thread)),
        })
    }

    /// The thread, to be started.
    pub(crate) fn take_thread(&self) -> Option<Prepared> {
        self.thread.lock().take()
    }

    /// Takes over an ended thread that no CPU runs on any more, with the reference that it holds to itself. Burials are
    /// done several at a time, or when the CPU has nothing better to do.
    pub(crate) fn bury(&self, thread: &'static Thread) {
        // SAFETY: an ended thread is in no inbox, and lives until the worker drops its reference.
        unsafe { self.dead.push(thread) };
        let count = self.dead_count.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_multiple_of(BURY_AT_ONCE) {
            self.changed.wake_one();
        }
    }

    /// Has the worker bury what is left, since there is time. True if there was something.
    pub(crate) fn bury_rest(&self) -> bool {
        let has_dead = !self.dead.is_empty();
        if has_dead {
            self.changed.wake_one();
        }
        has_dead
    }

    /// The worker thread's body.
    fn run(&'static self) {
        loop {
            let has_work = || (!self.work.is_empty() || !self.dead.is_empty()).then_some(());
            // An uninterruptible wait without deadline ends in no other way.
            let _ = self.changed.wait_until(Wait::UNINTERRUPTIBLE, has_work);
            self.dead.take_all(|thread| {
                // SAFETY: the reference that `Prepared::start` left to the thread itself.
                let thread = unsafe { Arc::from_raw(ptr::from_ref(thread)) };
                thread.clear_away();
            });
            self.work.take_all(|work| {
                // SAFETY: `defer` leaked the box for this.
                let work = unsafe { Box::from_raw(ptr::from_ref(work).cast_mut()) };
                if let Some(job) = work.job.take() {
                    job();
                }
            });
        }
    }
}
