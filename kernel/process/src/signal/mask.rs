//! What a thread blocks, and what it waits for instead of having it delivered.

use super::details::Details;
use crate::Task;
use abi::{Errno, Result, Signal, SignalSet};
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::fence;
use sched::{Wait, WaitError, WaitQueue, attention};

/// Sets the mask of the calling thread; SIGKILL and SIGSTOP are never in it.
pub fn set(task: &Task, mask: SignalSet) {
    let mask = mask.difference(SignalSet::UNSTOPPABLE);
    let old = SignalSet::from_bits(task.blocked.swap(mask.bits(), SeqCst));
    // Either the sender sees the new mask, or this thread sees the signal.
    fence(SeqCst);
    let shared = task.process().shared_pending();
    if !task.pending().union(shared).difference(mask).is_empty() {
        task.alert(attention::SIGNAL);
    }
    let newly_blocked = mask.difference(old).intersection(shared);
    if !newly_blocked.is_empty() {
        retarget(task, newly_blocked);
    }
}

/// Finds another thread for signals that this one was to take and no longer will.
pub(crate) fn retarget(task: &Task, signals: SignalSet) {
    let state = task.process().signals.lock();
    for signal in signals.intersection(state.shared.set()).iter() {
        state.alert_one(signal);
    }
}

/// Sets the mask for the length of one call; a handler that ends the call sees the old mask come back when it returns.
pub fn set_for_call(task: &Task, mask: SignalSet) {
    let old = task.blocked();
    task.own.lock().saved_mask.get_or_insert(old);
    set(task, mask);
}

/// Puts the mask back that [`set_for_call`] replaced: for calls that end without having been interrupted.
pub fn restore_after_call(task: &Task) {
    let saved = task.own.lock().saved_mask.take();
    if let Some(mask) = saved {
        set(task, mask);
    }
}

/// `sigsuspend`: sleeps with this mask until a signal comes. The answer is always an error.
pub fn suspend(task: &Task, mask: SignalSet) -> Errno {
    set_for_call(task, mask);
    let nothing = WaitQueue::new();
    let slept: core::result::Result<(), WaitError> = nothing.wait_until(Wait::INTERRUPTIBLE, || None);
    debug_assert!(slept.is_err());
    Errno::ERESTARTNOHAND
}

/// Sleeps until any signal comes: `pause`.
pub fn pause() -> Errno {
    let nothing = WaitQueue::new();
    let slept: core::result::Result<(), WaitError> = nothing.wait_until(Wait::INTERRUPTIBLE, || None);
    debug_assert!(slept.is_err());
    Errno::ERESTARTNOHAND
}

/// `sigtimedwait`: takes a pending signal of the set, waiting for one if need be. EAGAIN at the deadline, EINTR when
/// another signal comes.
pub fn wait_for(task: &Task, wanted: SignalSet, deadline_ns: Option<u64>) -> Result<(Signal, Details)> {
    let wanted = wanted.difference(SignalSet::UNSTOPPABLE);
    let take = || task.process().signals.lock().take(task, wanted);
    let settled = |(signal, mut details): (Signal, Details)| {
        task.process().posix_timers().settle(&mut details);
        (signal, details)
    };
    if let Some(taken) = take() {
        return Ok(settled(taken));
    }
    if deadline_ns.is_some_and(|deadline| deadline <= arch::clock::now_ns()) {
        return Err(Errno::EAGAIN);
    }
    let mask = task.blocked();
    // While it sleeps the signals count as not blocked, so that senders wake this thread, and as not ignored.
    task.awaited.store(wanted.bits(), SeqCst);
    task.blocked.store(mask.difference(wanted).bits(), SeqCst);
    let nothing = WaitQueue::new();
    let how = Wait { deadline_ns, ..Wait::INTERRUPTIBLE };
    let slept = nothing.wait_until(how, take);
    let taken = slept.or_else(|error| take().ok_or(error));
    task.awaited.store(0, SeqCst);
    set(task, mask);
    taken.map(settled).map_err(|error| match error {
        WaitError::TimedOut => Errno::EAGAIN,
        WaitError::Interrupted => Errno::EINTR,
    })
}
