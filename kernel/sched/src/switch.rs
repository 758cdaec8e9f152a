//! Switching threads.
//!
//! The run queue's lock is taken by the thread that leaves and opened by the one that arrives, on the new stack. So
//! whoever gets the lock sees no half-made switch: a thread in the queue has its registers saved.

use core::ptr;
use core::sync::atomic::Ordering;

use arch::context;
use sync::{IrqOff, irq_off, trace};

use crate::algorithm::run_queue::Pick;
use crate::attention::RESCHEDULE;
use crate::cpu::{Cpu, IDLE, count};
use crate::current::current_thread;
use crate::queue::QueueGuard;
use crate::thread::Thread;
use crate::{tracing, wake};

/// Why the running thread calls the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It was asked to.
    Preempted,
    /// It lets others run.
    Yields,
    /// It sleeps until its permit comes.
    Parks,
    /// It has ended.
    Ends,
}

/// What becomes of a thread once it has left its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// It is in the queue, or sleeps: nothing more to do.
    Stays,
    /// It may no longer run here: another CPU must have it.
    Leaves,
    /// It has ended: its stack can go.
    Ended,
}

/// Gives up the CPU. Returns when the thread runs again, perhaps on another CPU; at once if it is still the best, or if
/// it wants to sleep and its permit is there.
pub(crate) fn switch(why: Why) {
    debug_assert!(arch::preempt::count() == 0, "a switch with preemption off");
    let irq = irq_off();
    let cpu = Cpu::this(&irq);
    let previous = current_thread();
    let mut queue = cpu.queue.lock();
    let (now, _) = queue.charge(cpu);
    let departure = match why {
        Why::Parks if !previous.parker.commit_to_sleep() => return,
        Why::Parks => {
            queue.stop_current(cpu);
            Departure::Stays
        }
        Why::Ends => {
            queue.stop_current(cpu);
            Departure::Ended
        }
        Why::Preempted | Why::Yields if previous.is_idle() => {
            leave_idle(cpu, &mut queue);
            Departure::Stays
        }
        Why::Preempted | Why::Yields if !previous.may_run_on(cpu.id) => {
            queue.stop_current(cpu);
            Departure::Leaves
        }
        Why::Preempted | Why::Yields => Departure::Stays,
    };
    queue.drain(cpu);
    queue.settle(cpu);
    let pick = if why == Why::Yields { Pick::Yielded } else { Pick::Best };
    if why == Why::Yields {
        count(&cpu.account.yields);
    }
    let next = queue.pick(cpu, pick, now);
    // Whoever asked is answered now. Only this CPU with this lock sets the bit of the running thread.
    previous.attention().fetch_and(!RESCHEDULE, Ordering::Relaxed);
    if !ptr::eq(previous, next) {
        previous.account.count_switch(why);
        if trace::is_on() {
            tracing::note_switch(why, previous, next);
        }
        switch_to(cpu, queue, previous, next, departure);
    }
}

/// The idle thread is about to make way: takes this CPU out of the set of idle ones, for good only if nothing came
/// meanwhile.
fn leave_idle(cpu: &'static Cpu, queue: &mut QueueGuard<'_>) {
    IDLE.clear(cpu.id, Ordering::Relaxed);
    while !cpu.gate.leave_idle(|| cpu.inbox.is_empty()) {
        queue.drain(cpu);
    }
}

/// Exchanges registers, memory and stack.
fn switch_to(cpu: &'static Cpu, queue: QueueGuard<'_>, previous: &Thread, next: &'static Thread, departure: Departure) {
    cpu.account.count_switch(next.is_idle());
    next.account.count_turn();
    next.enter_cpu();
    // SAFETY: `previous` is the running thread, and interrupts are off.
    let leaving = unsafe { previous.own() };
    // SAFETY: `next` runs nowhere: it was in this CPU's queue, whose lock is held.
    let arriving = unsafe { next.own() };
    if let Some(fpu) = &mut leaving.fpu {
        fpu.save();
    }
    if let Some(fpu) = &arriving.fpu
        && !(ptr::eq(cpu.fpu_owner.get(), next) && arriving.fpu_cpu == Some(cpu.id))
    {
        fpu.restore();
        cpu.fpu_owner.set(next);
        arriving.fpu_cpu = Some(cpu.id);
    }
    cpu.load_space(arriving.space.as_ref());
    cpu.departed.set((previous, departure));
    next.become_current();
    let irq = queue.detach();
    // SAFETY: interrupts are off; `next`'s context was saved when it last left, or made with its stack, and
    // `previous` lives until it has been switched back to, or for ever left.
    unsafe { context::switch(&raw mut leaving.context, &raw const arriving.context) };
    complete_switch();
    drop(irq);
}

/// The first thing that runs on the new stack: opens the queue that the departed thread locked, and sees to that
/// thread.
pub(crate) fn complete_switch() {
    // Interrupts are off already; this is the proof.
    let irq: IrqOff = irq_off();
    let cpu = Cpu::this(&irq);
    let (departed, departure) = cpu.departed.get();
    // SAFETY: the departed thread is kept alive by its being runnable, asleep, or not yet buried.
    let departed: &'static Thread = unsafe { &*departed };
    // From here on another CPU may run it, unless it ended or leaves.
    departed.leave_cpu();
    // SAFETY: the departed thread locked this CPU's queue and detached the guard.
    unsafe { cpu.queue.force_unlock() };
    if trace::is_on() {
        tracing::introduce(current_thread());
    }
    match departure {
        Departure::Stays => {}
        Departure::Leaves => wake::place(departed),
        Departure::Ended => cpu.worker.bury(departed),
    }
}
