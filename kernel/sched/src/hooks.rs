//! What the machine and the composition root call.

use core::sync::atomic::Ordering;

use arch::clock::now_ns;
use arch::cpu::CpuId;
use mm::OutOfMemory;
use sync::irq_off;

use crate::algorithm::run_queue::Verdict;
use crate::cpu::{ACTIVE, Cpu};
use crate::thread::Thread;
use crate::{balance, cpu, current, idle, park, stats};

/// Makes the per-CPU state, for all CPUs. On the boot CPU, after memory is there and before the other CPUs start.
pub fn init() -> Result<(), OutOfMemory> {
    stats::init()?;
    cpu::init()
}

/// Makes the running code this CPU's idle thread. Once on each CPU, the boot CPU included. From here on threads run
/// on it: at the latest when the idle thread calls [`run_idle`], or earlier where an interrupt ends.
pub fn init_cpu() {
    let _irq = irq_off();
    let id = sync::current_cpu();
    let cpu = Cpu::of(id);
    let idle_thread: &'static Thread = cpu.idle_thread.as_static();
    cpu.enter();
    idle_thread.enter_cpu();
    idle_thread.become_current();
    cpu.queue.lock().begin(cpu, idle_thread);
    ACTIVE.set(id, Ordering::Relaxed);
    if id == CpuId::BOOT {
        sync::park::install(&park::HOOKS);
        stats::start_sampling();
    }
    if let Some(worker) = cpu.worker.take_thread() {
        worker.start();
    }
}

/// The idle thread's loop: what each CPU's boot path ends in. Enables interrupts.
pub fn run_idle() -> ! {
    arch::interrupts::enable();
    idle::run()
}

/// For [`arch::Hooks::timer`].
pub fn timer() {
    if !Cpu::is_entered() {
        return;
    }
    let irq = irq_off();
    let cpu = Cpu::this(&irq);
    cpu.note_timer();
    let next_timer_ns = cpu.timers.expire();
    let slice_end_ns = {
        let mut queue = cpu.queue.lock();
        if queue.slice_end_ns() != u64::MAX {
            let (now, verdict) = queue.charge(cpu);
            if now >= queue.slice_end_ns() || verdict == Verdict::Reschedule {
                queue.request_reschedule();
                balance::give(cpu, &mut queue, now);
                queue.renew_slice(now);
            }
        }
        queue.slice_end_ns()
    };
    cpu.worker.bury_rest();
    let due_ns = next_timer_ns.min(slice_end_ns);
    if due_ns != u64::MAX {
        cpu.arm_timer(due_ns);
    }
}

/// For [`arch::Hooks::reschedule`].
pub fn reschedule() {
    if !Cpu::is_entered() {
        return;
    }
    let irq = irq_off();
    let cpu = Cpu::this(&irq);
    // An idle CPU looks by itself when it is back from its halt. A busy one also needs its slice timer for what
    // another CPU changed.
    let mut queue = cpu.queue.lock();
    queue.drain(cpu);
    cpu.arm_timer(queue.slice_end_ns());
}

/// For [`arch::Hooks::preempt`].
pub fn preempt() {
    if Cpu::is_entered() {
        current::preempt_if_needed();
    }
}

/// How soon after an interrupt that met a guard another one looks whether it is gone, nanoseconds.
const LOOK_AGAIN_NS: u64 = 20_000;

/// For [`arch::Hooks::preempt_later`]. Dropping a guard answers nothing, and a long call may take one after the other:
/// whoever is to run meanwhile must not wait for the call's end.
pub fn preempt_later() {
    if Cpu::is_entered() && current::is_to_switch() {
        let irq = irq_off();
        Cpu::this(&irq).arm_timer(now_ns() + LOOK_AGAIN_NS);
    }
}
