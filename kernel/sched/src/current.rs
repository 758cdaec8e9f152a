//! The running thread.

use alloc::sync::Arc;
use core::marker::PhantomData;
use core::ops::Deref;

use crate::thread::Thread;

/// The running thread. Cannot leave it.
pub struct Current {
    thread: &'static Thread,
    not_send: PhantomData<*mut ()>,
}

impl Deref for Current {
    type Target = Thread;
    fn deref(&self) -> &Thread {
        self.thread
    }
}

/// The running thread; one instruction.
pub fn current() -> Current {
    todo!()
}

/// The running thread, to keep.
pub fn current_arc() -> Arc<Thread> {
    todo!()
}

/// Lets other threads of this CPU run, if there are any that may.
pub fn yield_now() {
    todo!()
}

/// Ends the running thread. Its stack is given back by another one.
pub fn exit() -> ! {
    todo!()
}

/// Switches threads if the scheduler asked for it: called before user mode is entered, and by long loops in the kernel.
pub fn preempt_if_needed() {
    todo!()
}

impl Current {
    /// Runs the thread in another address space from now on (exec). `None` leaves user memory behind (exit).
    pub fn set_address_space(&self, _space: Option<Arc<mm::AddressSpace>>) {
        todo!()
    }

    /// What [`crate::Builder::local`] gave, if it is a `T`.
    pub fn local<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        todo!()
    }

    /// Saves the live FPU registers and shows them (signal frames, fork). `None` for a kernel thread.
    pub fn with_fpu<R>(&self, _f: impl FnOnce(&arch::fpu::FpuState) -> R) -> Option<R> {
        todo!()
    }

    /// Changes the FPU state and loads it (sigreturn, exec). `None` for a kernel thread.
    pub fn change_fpu<R>(&self, _f: impl FnOnce(&mut arch::fpu::FpuState) -> R) -> Option<R> {
        todo!()
    }

    /// Notes that user code is about to run: time from here on is user time. Called with interrupts off or on.
    #[inline(always)]
    pub fn enter_user(&self) {
        todo!()
    }

    /// Notes that user code stopped running: time from here on is system time.
    #[inline(always)]
    pub fn leave_user(&self) {
        todo!()
    }
}
