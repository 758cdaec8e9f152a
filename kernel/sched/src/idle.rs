//! What a CPU does when nobody wants to run.

use core::sync::atomic::{Ordering, fence};

use sync::{irq_off, trace};

use crate::attention::RESCHEDULE;
use crate::balance;
use crate::cpu::{Cpu, IDLE};
use crate::current::current_thread;
use crate::switch::{Why, switch};

/// The idle thread's loop: runs others while there are any, and halts. Does not return.
pub(crate) fn run() -> ! {
    loop {
        let irq = irq_off();
        let cpu = Cpu::this(&irq);
        cpu.gate.enter_idle();
        if has_work(cpu) {
            switch(Why::Preempted);
            continue;
        }
        // Who sees the bit from now on may send work here or call, and the gate will see that; who has a thread wait and
        // does not see it yet is seen by the look around that follows.
        IDLE.set(cpu.id, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if balance::steal(cpu) || cpu.worker.bury_rest() {
            switch(Why::Preempted);
            continue;
        }
        if current_thread().attention().load(Ordering::Relaxed) & RESCHEDULE == 0
            && cpu.gate.try_halt(|| cpu.inbox.is_empty())
        {
            if trace::is_measuring() {
                trace::forget_open_regions();
            }
            arch::cpu::halt_until_interrupt();
        }
        drop(irq);
    }
}

/// Whether a thread waits here.
fn has_work(cpu: &'static Cpu) -> bool {
    if !cpu.inbox.is_empty() {
        return true;
    }
    cpu.load().count() != 0 && cpu.queue.lock().waiting() != 0
}
