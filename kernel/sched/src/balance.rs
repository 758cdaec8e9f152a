//! Evening out the load: idle CPUs take, crowded CPUs give.
//!
//! Placement at wake-up does most of it. What remains: threads that were placed while everybody was busy, or that make
//! way for one that may run nowhere else. A CPU that runs out of work takes a waiting thread from another; a CPU where
//! a thread has to wait although others are idle calls one of them. Whichever comes later, announcing to be idle or
//! being counted as waiting, sees the other, so that no CPU idles while a thread waits that it may run. A CPU whose
//! slice timer runs, which it does while threads wait, gives one to an idle CPU at once, and now and then to a lighter
//! one, if that makes both more alike.

use core::sync::atomic::{Ordering, fence};

use arch::apic::{Ipi, send_ipi};
use arch::cpu::CpuId;
use sync::trace::{self, Kind};

use crate::cpu::{ACTIVE, Cpu, IDLE, all};
use crate::queue::QueueGuard;
use crate::thread::Thread;
use crate::tracing;
use crate::wake::{self, claim_idle};

/// Between two attempts to even out without an idle CPU, nanoseconds.
const INTERVAL_NS: u64 = 10_000_000;

/// Takes a waiting thread from another CPU. For an idle CPU, with interrupts off. True if it got one, now in its queue.
pub(crate) fn steal(here: &'static Cpu) -> bool {
    let mut passed_over = false;
    let mut ask = |victim: &'static Cpu| {
        if victim.id == here.id || victim.load().count() < 2 {
            return false;
        }
        // A lock that is taken means that its CPU is choosing just now; there are others.
        match victim.queue.try_lock() {
            Some(queue) => steal_from(victim, queue, here),
            None => {
                passed_over = true;
                false
            }
        }
    };
    // First those with whom a thread's cache is shared; among equals, others begin elsewhere.
    if here.mates.is_some_and(|mates| mates.iter().any(|mate| ask(Cpu::of(mate)))) {
        return true;
    }
    let count = arch::cpu::count();
    let start = here.next_random() as usize;
    let others = (0..count).filter_map(|step| CpuId::new(((start + step) % count) as u32));
    if others.map(Cpu::of).any(ask) {
        return true;
    }
    // What those were choosing among may wait there for long, and nobody will come again.
    passed_over
        && all().iter().any(|victim| {
            victim.id != here.id && victim.load().count() > 1 && steal_from(victim, victim.queue.lock(), here)
        })
}

/// Takes a waiting thread from `victim` that may run here.
fn steal_from(victim: &Cpu, mut queue: QueueGuard<'_>, here: &'static Cpu) -> bool {
    let Some(thread) = queue.find_for(here, u64::MAX) else { return false };
    queue.withdraw(victim, thread);
    thread.set_cpu(here.id);
    if trace::is_on() {
        tracing::note_move(Kind::Steal, thread, victim.id, here.id);
    }
    drop(queue);
    here.add_load(thread.entity.load());
    here.queue.lock().admit(here, thread);
    true
}

/// Has an idle CPU come and take a waiting thread, or another one that it may run.
pub(crate) fn call_for(waiting: &Thread) {
    // The thread counts in its CPU's load: either an idle CPU is seen here, or it sees the load when it looks around.
    fence(Ordering::SeqCst);
    while let Some(cpu) = waiting.first_allowed(&IDLE) {
        if claim_idle(cpu) {
            if Cpu::of(cpu).gate.call() {
                send_ipi(cpu, Ipi::Reschedule);
            }
            return;
        }
    }
}

/// Gives away a waiting thread if another CPU has more room. For a CPU's slice timer.
pub(crate) fn give(here: &'static Cpu, queue: &mut QueueGuard<'_>, now: u64) {
    if queue.waiting() == 0 {
        return;
    }
    let idle = IDLE.snapshot(Ordering::Relaxed);
    for id in idle.iter() {
        let target = Cpu::of(id);
        if let Some(thread) = queue.find_for(target, u64::MAX)
            && claim_idle(id)
        {
            return hand_over(here, queue, thread, target);
        }
    }
    if now.saturating_sub(here.balanced_ns.get()) < INTERVAL_NS {
        return;
    }
    here.balanced_ns.set(now);
    let start = here.random_cpu();
    let Some(first) = lightest(start, |_| true) else { return };
    // Who may not run on the lightest CPU of all goes to the lightest one of its own.
    let choose = |thread: &Thread| {
        let target = if thread.may_run_on(first) { first } else { lightest(start, |cpu| thread.may_run_on(cpu))? };
        let target = Cpu::of(target);
        (thread.entity.load().weight() < here.load().heaviest_to_give(target.load())).then_some(target)
    };
    if let Some((thread, target)) = queue.find_with_place(choose) {
        hand_over(here, queue, thread, target);
    }
}

/// The CPU with the least weight of those that are allowed; of several, not all that begin elsewhere are told the same.
fn lightest(start: CpuId, is_allowed: impl Fn(CpuId) -> bool) -> Option<CpuId> {
    let active = ACTIVE.snapshot(Ordering::Relaxed);
    let from_start = active.iter().filter(|cpu| *cpu >= start).chain(active.iter().take_while(|cpu| *cpu < start));
    from_start.filter(|cpu| is_allowed(*cpu)).min_by_key(|cpu| Cpu::of(*cpu).load().weight())
}

/// Moves a waiting thread to another CPU.
pub(crate) fn hand_over(from: &Cpu, queue: &mut QueueGuard<'_>, thread: &'static Thread, target: &Cpu) {
    queue.withdraw(from, thread);
    thread.set_cpu(target.id);
    if trace::is_on() {
        tracing::note_move(Kind::Migrate, thread, from.id, target.id);
    }
    wake::send(thread, target);
}
