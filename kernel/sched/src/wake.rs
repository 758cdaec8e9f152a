//! Waking threads: where a thread that becomes runnable goes, and whom that disturbs.

use core::sync::atomic::Ordering;

use arch::CpuSet;
use arch::apic::{Ipi, send_ipi};
use arch::cpu::CpuId;
use sync::{IrqOff, irq_off, trace};

use crate::cpu::{ACTIVE, Cpu, IDLE, count};
use crate::thread::Thread;
use crate::tracing;

/// Grants a thread its permit, and makes it runnable if it sleeps. Any context; the caller makes sure that the thread
/// lives.
#[inline]
pub(crate) fn unpark(thread: &Thread) {
    if thread.parker.grant() {
        place(thread.as_static());
    }
}

/// Makes a thread runnable that is in no queue and that the caller alone may place.
pub(crate) fn place(thread: &'static Thread) {
    let irq = irq_off();
    let here = Cpu::this(&irq);
    let target = choose(thread, here, &irq);
    thread.set_cpu(target);
    if trace::is_on() {
        tracing::note_wake(thread, target);
    }
    count(&here.account.wakes);
    if target == here.id {
        count(&here.account.local_wakes);
        here.add_load(thread.entity.load());
        here.queue.lock().admit(here, thread);
    } else {
        send(thread, Cpu::of(target));
    }
}

/// Like [`place`], but only through inboxes: for callers that hold a run queue's lock.
pub(crate) fn forward(thread: &'static Thread) {
    let irq = irq_off();
    let target = choose(thread, Cpu::this(&irq), &irq);
    thread.set_cpu(target);
    if trace::is_on() {
        tracing::note_wake(thread, target);
    }
    send(thread, Cpu::of(target));
}

/// Puts a thread, whose CPU is set, into that CPU's inbox.
pub(crate) fn send(thread: &'static Thread, target: &Cpu) {
    target.add_load(thread.entity.load());
    // SAFETY: the thread is in no queue and no inbox, and threads outlive their being runnable.
    let pushed = unsafe { target.inbox.push(thread) };
    if target.gate.must_interrupt(pushed) {
        send_ipi(target.id, Ipi::Reschedule);
    }
}

/// Chooses the CPU for a thread: where it ran last if that is idle (its cache may still be warm), else an idle one, those
/// that share a cache with that first, else the least loaded of a few.
fn choose(thread: &Thread, here: &Cpu, _irq: &IrqOff) -> CpuId {
    let last = thread.cpu();
    if thread.is_on_cpu() {
        // It is still leaving its stack there. That CPU's queue lock, which its switch holds, makes everybody wait.
        return last;
    }
    let may_stay = is_allowed(thread, last);
    if may_stay && claim_idle(last) {
        return last;
    }
    if let Some(mates) = &Cpu::of(last).mates
        && let Some(cpu) = claim_idle_mate(thread, mates)
    {
        return cpu;
    }
    while let Some(cpu) = thread.first_allowed(&IDLE) {
        if claim_idle(cpu) {
            return cpu;
        }
    }
    if may_stay && last == here.id && here.load().count() <= 1 {
        // Nobody is idle, and here only the waker runs: no place is better.
        return last;
    }
    let random = here.random_cpu();
    let candidates = [
        (last, may_stay),
        (here.id, last != here.id && is_allowed(thread, here.id)),
        (random, is_allowed(thread, random)),
    ];
    let best = candidates
        .into_iter()
        .filter(|(_, is_allowed)| *is_allowed)
        .min_by_key(|(cpu, _)| Cpu::of(*cpu).load().weight());
    match best {
        Some((cpu, _)) => cpu,
        // Without an allowed CPU that is active (it went away), any will do.
        None => thread.first_allowed(&ACTIVE).unwrap_or(here.id),
    }
}

/// Whether a thread may run on a CPU, and the CPU runs threads.
#[inline]
fn is_allowed(thread: &Thread, cpu: CpuId) -> bool {
    thread.may_run_on(cpu) && ACTIVE.contains(cpu, Ordering::Relaxed)
}

/// Takes one out of the set of idle CPUs that is among these.
fn claim_idle_mate(thread: &Thread, mates: &CpuSet) -> Option<CpuId> {
    let idle = IDLE.snapshot(Ordering::Relaxed).intersect(mates);
    idle.iter().find(|cpu| thread.may_run_on(*cpu) && claim_idle(*cpu))
}

/// Takes an idle CPU out of the set of idle ones, so that no two wakers choose the same.
#[inline]
pub(crate) fn claim_idle(cpu: CpuId) -> bool {
    IDLE.contains(cpu, Ordering::Relaxed) && IDLE.clear(cpu, Ordering::Relaxed)
}
