//! A timer without its box.

use alloc::boxed::Box;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use arch::cpu::CpuId;
use sync::IrqLock;
use sync::ranks::TimerArming;

use crate::algorithm::tree::{Links, TreeNode};
use crate::cpu::Cpu;
use crate::thread::Thread;
use crate::wake;

/// What a timer does.
pub(crate) enum Action {
    /// Grants this thread, which waits for the timer, its permit.
    Unpark(&'static Thread),
    /// Calls this.
    Call(Box<dyn Fn() + Send + Sync>),
}

/// A timer. While it is armed it is linked where it lies.
pub(crate) struct TimerCore {
    action: Action,
    /// Arming and cancelling exclude each other; the timer's CPU changes under this lock alone.
    arming: IrqLock<(), TimerArming>,
    cpu: AtomicU32,
    /// Callbacks under way; two if it was armed again elsewhere meanwhile.
    running: AtomicU32,
    // Under the lock of the CPU's timers.
    links: Links<TimerCore>,
    deadline_ns: Cell<u64>,
    /// Written under the lock.
    is_armed: AtomicBool,
}

// SAFETY: the cells and links are used under the timers' lock of the CPU that `cpu` names; actions are shareable.
unsafe impl Sync for TimerCore {}
// SAFETY: as above; an armed timer is not moved (`arm`'s contract).
unsafe impl Send for TimerCore {}

impl TimerCore {
    pub(crate) const fn new(action: Action) -> Self {
        Self {
            action,
            arming: IrqLock::new(()),
            cpu: AtomicU32::new(0),
            running: AtomicU32::new(0),
            links: Links::new(),
            deadline_ns: Cell::new(0),
            is_armed: AtomicBool::new(false),
        }
    }

    /// Arms it on this CPU, instead of an earlier arming.
    ///
    /// # Safety
    /// The timer stays alive and in place until [`cancel`](Self::cancel) has been called with no arming after it.
    pub(crate) unsafe fn arm(&self, deadline_ns: u64) {
        let arming = self.arming.lock();
        self.unlink();
        let cpu = Cpu::this(arming.irq());
        self.cpu.store(cpu.id.as_u32(), Ordering::Relaxed);
        let first_ns = {
            let mut queue = cpu.timers.lock();
            self.deadline_ns.set(deadline_ns);
            self.is_armed.store(true, Ordering::Relaxed);
            // SAFETY: it is not linked, and the caller keeps it in place.
            unsafe { queue.insert(self) }
        };
        cpu.arm_timer(first_ns);
    }

    /// Disarms it, and waits for a callback that is running elsewhere. True if it was armed.
    pub(crate) fn cancel(&self) -> bool {
        let mut was_armed = false;
        loop {
            let arming = self.arming.lock();
            was_armed |= self.unlink();
            let is_own_callback = ptr::eq(Cpu::this(arming.irq()).timers.running(), self);
            drop(arming);
            // Acquire: what the callback did is done.
            if is_own_callback || self.running.load(Ordering::Acquire) == 0 {
                return was_armed;
            }
            arch::cpu::relax();
        }
    }

    /// Whether it has been fired, to the end. For who alone arms it.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        !self.is_armed.load(Ordering::Acquire) && self.running.load(Ordering::Acquire) == 0
    }

    /// When it is due, if it is armed.
    pub(crate) fn deadline_ns(&self) -> Option<u64> {
        let _arming = self.arming.lock();
        let _queue = self.home().timers.lock();
        self.is_armed.load(Ordering::Relaxed).then(|| self.deadline_ns.get())
    }

    /// Takes note that it has been taken out of the tree to be fired. Under its CPU's timers' lock.
    pub(super) fn begin_firing(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
        // Release: who sees it unarmed sees that it is being fired, until it has been.
        self.is_armed.store(false, Ordering::Release);
    }

    /// Does what it is for. The last access to the timer, which may be gone afterwards.
    pub(super) fn fire(&self) {
        match &self.action {
            Action::Unpark(thread) => wake::unpark(thread),
            Action::Call(callback) => callback(),
        }
        self.running.fetch_sub(1, Ordering::Release);
    }

    fn home(&self) -> &'static Cpu {
        Cpu::of(CpuId::new(self.cpu.load(Ordering::Relaxed)).unwrap_or(CpuId::BOOT))
    }

    /// Takes it out of its CPU's tree. Under the arming lock.
    fn unlink(&self) -> bool {
        let mut queue = self.home().timers.lock();
        let was_armed = self.is_armed.load(Ordering::Relaxed);
        if was_armed {
            self.is_armed.store(false, Ordering::Relaxed);
            queue.remove(self);
        }
        was_armed
    }
}

impl TreeNode for TimerCore {
    fn links(&self) -> &Links<Self> {
        &self.links
    }

    fn key(&self) -> u64 {
        self.deadline_ns.get()
    }

    fn value(&self) -> u64 {
        0
    }
}
