//! A kernel that hangs, for the host's watchdog to notice.

use arch::CpuSet;
use sched::Thread;

use super::Verdict;

/// Occupies every processor with interrupts off, after telling the host that it may expect answers.
pub fn hang() -> Verdict {
    drivers::host::announce_ready();
    let here = arch::cpu::current();
    for cpu in arch::cpu::online().iter().filter(|cpu| *cpu != here) {
        Thread::builder("hanging").affinity(CpuSet::of(cpu)).spawn(|| spin_for_ever()).map_err(|_| "no memory")?;
    }
    spin_for_ever()
}

fn spin_for_ever() -> ! {
    let _ = arch::interrupts::disable();
    loop {
        arch::cpu::relax();
    }
}
