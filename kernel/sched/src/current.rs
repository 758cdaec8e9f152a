//! The running thread.

use alloc::sync::Arc;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use arch::fpu::FpuState;
use arch::local::{self, Slot};
use arch::user::Border;
use mm::AddressSpace;
use sync::irq_off;

use crate::attention::RESCHEDULE;
use crate::cpu::Cpu;
use crate::switch::{Why, switch};
use crate::thread::Thread;

/// The running thread. Cannot leave it.
pub struct Current {
    thread: &'static Thread,
    not_send: PhantomData<*mut ()>,
}

impl Deref for Current {
    type Target = Thread;
    #[inline(always)]
    fn deref(&self) -> &Thread {
        self.thread
    }
}

/// The running thread; one instruction.
#[inline(always)]
pub fn current() -> Current {
    Current { thread: current_thread(), not_send: PhantomData }
}

/// The running thread, to keep.
pub fn current_arc() -> Arc<Thread> {
    let thread = ptr::from_ref(current_thread());
    // SAFETY: threads live in `Arc`s, and the running one holds a reference to itself.
    unsafe { Arc::increment_strong_count(thread) };
    // SAFETY: the count has just been raised for this.
    unsafe { Arc::from_raw(thread) }
}

/// The running thread, for this floor.
#[inline(always)]
pub(crate) fn current_thread() -> &'static Thread {
    // SAFETY: the slot names the running thread, which outlives its running; threads are 'static to themselves.
    unsafe { &*ptr::with_exposed_provenance(local::load(Slot::Thread)) }
}

/// Lets other threads of this CPU run, if there are any that may.
pub fn yield_now() {
    let has_company = {
        let irq = irq_off();
        Cpu::this(&irq).load().count() > 1
    };
    if has_company && !current_thread().is_idle() {
        switch(Why::Yields);
    }
}

/// Ends the running thread. Its stack is given back by another one.
pub fn exit() -> ! {
    current_thread().end();
    loop {
        switch(Why::Ends);
        debug_assert!(false, "an ended thread runs");
    }
}

/// Switches threads if the scheduler asked for it: called before user mode is entered, and by long loops in the kernel.
#[inline]
pub fn preempt_if_needed() {
    if is_to_switch() {
        switch(Why::Preempted);
    }
}

/// Whether the scheduler asked the running thread to make way.
#[inline]
pub(crate) fn is_to_switch() -> bool {
    current_thread().attention().load(Ordering::Relaxed) & RESCHEDULE != 0
}

impl Current {
    /// Runs the thread in another address space from now on (exec). `None` leaves user memory behind (exit).
    pub fn set_address_space(&self, space: Option<Arc<AddressSpace>>) {
        let old = {
            let irq = irq_off();
            // SAFETY: the running thread, with interrupts off: no switch looks at its parts now.
            let own = unsafe { self.thread.own() };
            let old = core::mem::replace(&mut own.space, space);
            Cpu::this(&irq).load_space(own.space.as_ref());
            old
        };
        // The last reference may go here, which takes long.
        drop(old);
    }

    /// What [`crate::Builder::local`] gave, if it is a `T`.
    pub fn local<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        // SAFETY: it is set before the thread starts, taken after its end, and only read in between.
        let local = unsafe { &*self.thread.local_data() };
        local.clone()?.downcast().ok()
    }

    /// Saves the live FPU registers and shows them (signal frames, fork). `None` for a kernel thread.
    pub fn with_fpu<R>(&self, f: impl FnOnce(&FpuState) -> R) -> Option<R> {
        let state = {
            let _irq = irq_off();
            // SAFETY: the running thread, with interrupts off.
            let own = unsafe { self.thread.own() };
            let state = own.fpu.as_mut()?;
            state.save();
            ptr::from_ref(state)
        };
        // A switch away from here saves again, into the same place, what has not changed: the kernel has no vector
        // code.
        // SAFETY: the state stays in place while the thread lives.
        Some(f(unsafe { &*state }))
    }

    /// Changes the FPU state and loads it (sigreturn, exec). `f` runs with interrupts off. `None` for a kernel thread.
    pub fn change_fpu<R>(&self, f: impl FnOnce(&mut FpuState) -> R) -> Option<R> {
        let _irq = irq_off();
        // SAFETY: the running thread, with interrupts off.
        let own = unsafe { self.thread.own() };
        let state = own.fpu.as_mut()?;
        state.save();
        let result = f(state);
        state.restore();
        Some(result)
    }
}

/// What passes between the two is user time.
impl Border for Current {
    #[inline(always)]
    fn attention(&self) -> &AtomicU32 {
        self.thread.attention()
    }

    #[inline(always)]
    fn enter(&self) {
        self.thread.account.enter_user();
    }

    #[inline(always)]
    fn leave(&self) {
        self.thread.account.leave_user();
    }
}
