//! What the machine and the composition root call.

/// Makes the per-CPU state, for all CPUs. On the boot CPU, after memory is there and before the other CPUs start.
pub fn init() -> Result<(), mm::OutOfMemory> {
    todo!()
}

/// Makes the running code this CPU's idle thread. Once on each CPU, interrupts off, the boot CPU included. From here on threads run.
pub fn init_cpu() {
    todo!()
}

/// The idle thread's loop: what each CPU's boot path ends in.
pub fn run_idle() -> ! {
    todo!()
}

/// For [`arch::Hooks::timer`].
pub fn timer() {
    todo!()
}

/// For [`arch::Hooks::reschedule`].
pub fn reschedule() {
    todo!()
}

/// For [`arch::Hooks::preempt`].
pub fn preempt() {
    todo!()
}
