//! Calls upward: what the floors above do when the machine calls.

use crate::VirtAddr;
use crate::user::Registers;

/// A page fault that kernel code took on a user address, inside [`crate::usercopy`].
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The address that was touched.
    pub address: VirtAddr,
    /// The processor's error code: bit 0 present, bit 1 write.
    pub error_code: u64,
}

impl Fault {
    /// Whether the access was a write.
    pub fn is_write(&self) -> bool {
        self.error_code & 2 != 0
    }
}

/// The functions of the floors above that `arch` calls. Installed once, by `kernel`, before interrupts
/// are enabled. Those marked *interrupt* run with interrupts off and preemption disabled.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// *interrupt*: the timer armed by [`crate::apic::timer::arm`] is due.
    pub timer: fn(),
    /// *interrupt*: another CPU sent [`crate::apic::Ipi::Reschedule`].
    pub reschedule: fn(),
    /// *interrupt*: another CPU sent [`crate::apic::Ipi::Shootdown`].
    pub shootdown: fn(),
    /// *interrupt*: a device interrupt on a vector from [`crate::vector::alloc`].
    pub device: fn(vector: u8),
    /// A user copy faulted; runs with interrupts as the copy had them, and is not called while
    /// preemption is disabled. `true`: the page is there now, try again.
    pub kernel_fault: fn(&Fault) -> bool,
    /// After an interrupt that hit preemptible kernel code (preempt count 0, interrupts on). Interrupts
    /// are off at the call and at its return; it may switch threads in between.
    pub preempt: fn(),
    /// *interrupt*: the interrupt hit kernel code that cannot be preempted just now.
    pub preempt_later: fn(),
    /// A non-maskable interrupt outside a panic: someone wants to know where the machine hangs. Must
    /// not return.
    pub nmi: fn(&Registers) -> !,
}

static HOOKS: spin::Once<Hooks> = spin::Once::new();

/// Installs the hooks. Only the first call has an effect.
pub fn install_hooks(hooks: Hooks) {
    HOOKS.call_once(|| hooks);
}

/// The hooks, if they are installed.
#[inline]
pub(crate) fn hooks() -> Option<&'static Hooks> {
    HOOKS.get()
}
