//! One CPU's armed timers.

use core::cell::Cell;
use core::ptr;

use arch::clock::now_ns;
use sync::ranks::Timers;
use sync::{IrqGuard, IrqLock};

use super::core_timer::TimerCore;
use crate::algorithm::tree::Tree;

/// One CPU's armed timers.
pub(crate) struct CpuTimers {
    queue: IrqLock<TimerQueue, Timers>,
    /// The timer whose callback runs on this CPU. For the CPU itself, with interrupts off.
    running: Cell<*const TimerCore>,
}

/// The armed timers in the order of their deadlines.
pub(crate) struct TimerQueue {
    tree: Tree<TimerCore>,
}

impl CpuTimers {
    pub(crate) const fn new() -> Self {
        Self { queue: IrqLock::new(TimerQueue { tree: Tree::new() }), running: Cell::new(ptr::null()) }
    }

    /// The timers, locked.
    pub(super) fn lock(&self) -> IrqGuard<'_, TimerQueue, Timers> {
        self.queue.lock()
    }

    /// The timer whose callback runs on this CPU, which is the caller's.
    pub(super) fn running(&self) -> *const TimerCore {
        self.running.get()
    }

    /// Fires what is due, in order, and says when the next is due (`u64::MAX` if none is armed). In the timer
    /// interrupt of this CPU.
    pub(crate) fn expire(&self) -> u64 {
        loop {
            let mut queue = self.queue.lock();
            let next_ns = queue.first_ns();
            // Without timers, which is the common case, the clock need not be read.
            if next_ns == u64::MAX || next_ns > now_ns() {
                return next_ns;
            }
            let Some(first) = queue.tree.first() else { return u64::MAX };
            // SAFETY: linked timers are alive (`TimerCore::arm`'s contract), and from `begin_firing` to the end of
            // `fire` cancelling waits.
            let first = unsafe { first.as_ref() };
            queue.remove(first);
            first.begin_firing();
            drop(queue);
            self.running.set(first);
            first.fire();
            self.running.set(ptr::null());
        }
    }
}

impl TimerQueue {
    /// Links a timer, and says when the first is due.
    ///
    /// # Safety
    /// As [`Tree::insert`].
    pub(super) unsafe fn insert(&mut self, timer: &TimerCore) -> u64 {
        // SAFETY: passed on to the caller.
        unsafe { self.tree.insert(timer) };
        self.first_ns()
    }

    /// Unlinks a timer.
    pub(super) fn remove(&mut self, timer: &TimerCore) {
        self.tree.remove(timer);
    }

    fn first_ns(&self) -> u64 {
        // SAFETY: linked timers are alive.
        self.tree.first().map_or(u64::MAX, |first| crate::algorithm::tree::TreeNode::key(unsafe { first.as_ref() }))
    }
}
