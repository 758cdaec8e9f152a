//! The making of threads.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::any::Any;
use core::mem::ManuallyDrop;

use arch::CpuSet;
use arch::context::Context;
use arch::fpu::FpuState;
use mm::stack::KernelStack;
use mm::{AddressSpace, OutOfMemory};

use super::state::Settings;
use super::{Own, Role, Thread};
use crate::cpu::Cpu;
use crate::current::{current_thread, exit};
use crate::parameters::{Nice, Parameters, Policy};
use crate::{stats, switch, wake};

/// What the floors above attach to a thread.
pub(crate) type LocalData = Option<Arc<dyn Any + Send + Sync>>;

/// A thread to be.
pub struct Builder {
    settings: Settings,
    parameters: Parameters,
    space: Option<Arc<AddressSpace>>,
    fpu: Option<FpuState>,
    local: LocalData,
}

impl Builder {
    pub(super) fn new(name: &str) -> Self {
        let affinity =
            if Cpu::is_entered() && !current_thread().is_idle() { current_thread().affinity() } else { CpuSet::full() };
        Self {
            settings: Settings::new(name, affinity),
            parameters: Parameters::DEFAULT,
            space: None,
            fpu: None,
            local: None,
        }
    }

    /// The CPUs it may run on; otherwise as the thread that makes it.
    pub fn affinity(mut self, cpus: CpuSet) -> Self {
        self.settings.affinity = cpus;
        self
    }

    /// Its user memory.
    pub fn address_space(self, space: Arc<AddressSpace>) -> Self {
        Self { space: Some(space), ..self }
    }

    /// Its vector registers in user mode. A thread without never enters user mode.
    pub fn fpu(self, state: FpuState) -> Self {
        Self { fpu: Some(state), ..self }
    }

    /// A value that [`crate::Current::local`] finds; dropped some time after the thread has ended.
    pub fn local(self, value: Arc<dyn Any + Send + Sync>) -> Self {
        Self { local: Some(value), ..self }
    }

    /// How it is scheduled; otherwise as an ordinary thread.
    pub fn parameters(self, parameters: Parameters) -> Self {
        Self { parameters, ..self }
    }

    /// Its policy; otherwise `Normal`.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.parameters.policy = policy;
        self
    }

    /// Its nice value; otherwise 0.
    pub fn nice(mut self, nice: Nice) -> Self {
        self.parameters.nice = nice;
        self
    }

    /// Makes it without letting it run.
    pub fn prepare(self, body: impl FnOnce() + Send + 'static) -> Result<Prepared, OutOfMemory> {
        let stack = KernelStack::new()?;
        let body: Box<dyn FnOnce() + Send> = mm::alloc::try_box(body)?;
        // SAFETY: the stack is new and belongs to the thread until it is buried.
        let context = unsafe { Context::new(stack.top(), begin, 0) };
        let own =
            Own { context, space: self.space, fpu: self.fpu, fpu_cpu: None, stack: Some(stack), body: Some(body) };
        let thread = Thread::assemble(Role::Ordinary, self.settings, self.parameters, own, self.local);
        // Its first CPU is chosen as for a thread that last ran here.
        thread.set_cpu(sync::current_cpu());
        Ok(Prepared { thread: mm::alloc::try_arc(thread)? })
    }

    /// Makes it and lets it run.
    pub fn spawn(self, body: impl FnOnce() + Send + 'static) -> Result<Arc<Thread>, OutOfMemory> {
        Ok(self.prepare(body)?.start())
    }
}

/// A thread that does not run yet. Dropped, it never will.
pub struct Prepared {
    thread: Arc<Thread>,
}

impl Prepared {
    /// The thread.
    pub fn thread(&self) -> &Arc<Thread> {
        &self.thread
    }

    /// Lets it run.
    pub fn start(self) -> Arc<Thread> {
        stats::note_start();
        // The thread's reference to itself, which its burial takes back.
        let itself: &'static Thread = ManuallyDrop::new(self.thread.clone()).as_static();
        itself.begin_life();
        wake::unpark(itself);
        self.thread
    }
}

/// Where every thread begins, on its own stack with interrupts off.
extern "C" fn begin(_: usize) -> ! {
    switch::complete_switch();
    // SAFETY: the running thread, with interrupts off.
    let body = unsafe { current_thread().own() }.body.take();
    arch::interrupts::enable();
    // The permit that started it is not one of its sleeps'.
    current_thread().parker.try_take();
    if let Some(body) = body {
        body();
    }
    exit()
}

impl Thread {
    /// Gives back what an ended thread held, though references to it may remain. By the worker, which has taken over
    /// the thread's reference to itself.
    pub(crate) fn clear_away(self: Arc<Self>) {
        // SAFETY: it has ended, so it runs nowhere, and only its worker comes here.
        let own = unsafe { self.own() };
        own.space = None;
        own.fpu = None;
        own.body = None;
        own.stack = None;
        // SAFETY: only the thread itself read it, and it has ended. What it refers to may refer to the thread, so it
        // must go.
        let local = unsafe { (*self.local_data()).take() };
        drop(local);
        stats::note_end();
    }
}
