//! Stopping and continuing.

use crate::grace::Rest;
use crate::{Process, Task, wait};
use abi::{ExitStatus, Signal};
use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;
use sched::{Wait, attention};

/// Stops a process, because one of its threads took `signal`. Terminal stops do nothing to an orphaned group, where
/// nobody could continue it; a SIGCONT that came since the signal was taken undoes it.
pub(crate) fn begin(process: &Process, signal: Signal) {
    let spared = signal != Signal::STOP && process.process_group().is_none_or(|group| group.has_no_guardian());
    let mut state = process.signals.lock();
    let is_due = core::mem::take(&mut state.is_stop_due);
    if spared || !is_due || state.exit.is_some() || state.stop.is_some() {
        return;
    }
    state.stop = Some(signal);
    state.stops += 1;
    state.parked = 0;
    for task in &state.tasks {
        task.alert(attention::SIGNAL);
    }
}

/// Sleeps while the process is stopped; the last thread to do so tells the parent.
pub(crate) fn park(task: &Task) {
    let process = task.process();
    let told = {
        let mut state = process.signals.lock();
        if state.stop.is_none() {
            return;
        }
        state.parked += 1;
        task.is_parked.store(true, Relaxed);
        state.stop.filter(|_| state.is_wholly_stopped())
    };
    if let Some(signal) = told {
        wait::report_event(process, ExitStatus::Stopped(signal));
    }
    // Ends early only when the thread is to end, which the caller sees next.
    let _rest = Rest::begin(task);
    let _ = process.resumed.wait_until(Wait::KILLABLE, || {
        let mut state = process.signals.lock();
        // Who is traced from now on is stopped in another way.
        let is_taken = state.stop.is_some() && task.is_traced();
        state.parked -= usize::from(is_taken && state.parked > 0);
        (is_taken || state.stop.is_none()).then_some(())
    });
    task.is_parked.store(false, Relaxed);
}

/// A thread has left: if all others are stopped already, the parent is told now.
pub(crate) fn thread_left(process: &Arc<Process>) {
    let told = {
        let state = process.signals.lock();
        state.stop.filter(|_| state.is_wholly_stopped())
    };
    if let Some(signal) = told {
        wait::report_event(process, ExitStatus::Stopped(signal));
    }
}
