//! The part of a thread that only itself and the switch touch.

use alloc::boxed::Box;
use alloc::sync::Arc;

use arch::context::Context;
use arch::cpu::CpuId;
use arch::fpu::FpuState;
use mm::AddressSpace;
use mm::stack::KernelStack;

/// Registers, memory and stack.
pub(crate) struct Own {
    /// Where it continues when it runs again.
    pub(crate) context: Context,
    /// Its user memory.
    pub(crate) space: Option<Arc<AddressSpace>>,
    /// Its vector registers, while they are not in the CPU.
    pub(crate) fpu: Option<FpuState>,
    /// The CPU that loaded them last.
    pub(crate) fpu_cpu: Option<CpuId>,
    /// Its kernel stack; an idle thread has the one that its CPU was started on.
    pub(crate) stack: Option<KernelStack>,
    /// What it is to do, until it begins.
    pub(crate) body: Option<Box<dyn FnOnce() + Send>>,
}

impl Own {
    /// For a thread that runs already.
    pub(crate) const fn for_idle() -> Self {
        Self { context: Context::empty(), space: None, fpu: None, fpu_cpu: None, stack: None, body: None }
    }
}
