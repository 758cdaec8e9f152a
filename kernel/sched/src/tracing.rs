//! What the scheduler tells the trace. All of it cold: it runs while events are recorded.

use core::sync::atomic::Ordering;

use arch::cpu::CpuId;
use sync::trace::{self, Class, Kind, Leaving};

use crate::parameters::Policy;
use crate::switch::Why;
use crate::thread::Thread;

/// Who runs changes from `previous` to `next`.
#[cold]
#[inline(never)]
pub(crate) fn note_switch(why: Why, previous: &Thread, next: &Thread) {
    let leaving = match why {
        Why::Preempted => Leaving::Preempted,
        Why::Yields => Leaving::Yields,
        Why::Parks => Leaving::Sleeps,
        Why::Ends => Leaving::Ends,
    };
    let next = next.id().0 & u64::from(u32::MAX) | (class_of(next) as u64) << 32;
    trace::event(Kind::Switch, leaving as u8, previous.id().0, next);
}

/// A thread became runnable and is sent to `target`.
#[cold]
#[inline(never)]
pub(crate) fn note_wake(thread: &Thread, target: CpuId) {
    trace::event(Kind::Wake, class_of(thread) as u8, thread.id().0, u64::from(target.as_u32()));
}

/// A waiting thread is moved.
#[cold]
#[inline(never)]
pub(crate) fn note_move(kind: Kind, thread: &Thread, from: CpuId, to: CpuId) {
    let data = u64::from(from.as_u32()) | u64::from(to.as_u32()) << 32;
    trace::event(kind, 0, thread.id().0, data);
}

/// Keeps the name and the affinity of the running thread, once in each recording. With no lock held.
#[cold]
#[inline(never)]
pub(crate) fn introduce(thread: &Thread) {
    let epoch = trace::epoch();
    if thread.introduced.swap(epoch, Ordering::Relaxed) == epoch {
        return;
    }
    thread.with_name(|name| trace::name_thread(thread.id().0, thread.ids.load(Ordering::Relaxed), name.as_bytes()));
    if !thread.is_idle() {
        note_affinity(thread);
    }
}

/// Tells which CPUs a thread may run on, a word at a time.
#[cold]
#[inline(never)]
pub(crate) fn note_affinity(thread: &Thread) {
    let bytes = thread.affinity().to_bytes();
    let words = bytes.as_chunks::<8>().0.iter().take(arch::cpu::count().div_ceil(64));
    for (index, word) in words.enumerate() {
        trace::event(Kind::Affinity, index as u8, thread.id().0, u64::from_le_bytes(*word));
    }
}

fn class_of(thread: &Thread) -> Class {
    if thread.is_idle() {
        return Class::Idle;
    }
    match thread.policy() {
        Policy::Normal => Class::Fair,
        Policy::Batch => Class::Batch,
        Policy::Idle => Class::Low,
        Policy::Fifo(_) => Class::Fifo,
        Policy::RoundRobin(_) => Class::RoundRobin,
    }
}
