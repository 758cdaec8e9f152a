//! What the threads of a process share for signals.

use super::actions::Actions;
use super::details::Details;
use super::queue::SignalQueue;
use crate::core_dump::Dump;
use crate::{Process, Task};
use abi::{CoreWritten, Errno, ExitStatus, Result, Signal, SignalSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use sched::attention;

/// Signal actions, threads, pending signals, and whether the process is stopping or ending.
///
/// Its lock is taken by interrupt handlers. Under it the private queue of a task may be locked, and threads woken.
pub struct SignalState {
    /// What is done with each signal.
    pub actions: Actions,
    /// The signals pending for the process as a whole.
    pub(crate) shared: SignalQueue,
    /// The threads that have not ended, the first one first.
    pub(crate) tasks: Vec<Arc<Task>>,
    /// The signal that stopped the process, until it continues.
    pub(crate) stop: Option<Signal>,
    /// How many such stops there were.
    pub(crate) stops: u64,
    /// How many threads sleep because of that.
    pub(crate) parked: usize,
    /// A stop signal was taken and no SIGCONT came since.
    pub(crate) is_stop_due: bool,
    /// How the process ends, once that is settled.
    pub(crate) exit: Option<ExitStatus>,
    /// What the first thread passed to `exit`, if it has left before the others.
    pub(crate) leader_code: Option<ExitStatus>,
    /// The core that the process leaves, once it is settled that it does.
    pub(crate) dump: Option<Dump>,
    /// A thread runs exec and wants to be the only one.
    pub(crate) exec: Option<i32>,
    /// The most details that a queue may hold.
    pub(crate) queue_limit: usize,
}

impl SignalState {
    /// No threads, nothing pending.
    pub(crate) fn new(actions: Actions, queue_limit: usize) -> Self {
        Self {
            actions,
            shared: SignalQueue::new(),
            tasks: Vec::new(),
            stop: None,
            stops: 0,
            parked: 0,
            is_stop_due: false,
            exit: None,
            leader_code: None,
            dump: None,
            exec: None,
            queue_limit,
        }
    }

    /// A child's, by fork: the same actions, nothing pending.
    pub(crate) fn for_child(&self) -> Result<Self> {
        Ok(Self::new(self.actions.try_clone()?, self.queue_limit))
    }

    /// Settles how the process ends, if that is not settled yet, and has all its threads leave.
    pub(crate) fn begin_exit(&mut self, status: ExitStatus) {
        if self.exit.is_none() {
            self.exit = Some(status);
        }
        for task in &self.tasks {
            task.alert(attention::KILL);
        }
    }

    /// As [`begin_exit`](Self::begin_exit), by a signal.
    pub(crate) fn begin_kill(&mut self, signal: Signal) {
        self.begin_exit(ExitStatus::Killed { signal, core: CoreWritten::No });
    }

    /// Makes a signal pending for the process, or for one of its tasks, and wakes who is to take it.
    pub(crate) fn enqueue(
        &mut self,
        process: &Process,
        to: Option<&Task>,
        signal: Signal,
        details: Details,
        loss: Loss,
    ) -> Result<()> {
        let limit = self.queue_limit;
        let push = |queue: &mut SignalQueue| match loss {
            Loss::Allowed => {
                let _ = queue.push(signal, details, limit);
                Ok(())
            }
            Loss::Refused => queue.push_whole(signal, details, limit).map_err(|_| Errno::EAGAIN),
        };
        if let Some(task) = to {
            let mut queue = task.private.lock();
            push(&mut queue)?;
            task.pending.store(queue.set().bits(), SeqCst);
            drop(queue);
            if task.wants(signal) {
                task.alert(attention::SIGNAL);
            }
            return Ok(());
        }
        push(&mut self.shared)?;
        process.shared_pending.store(self.shared.set().bits(), SeqCst);
        self.alert_one(signal);
        Ok(())
    }

    /// Wakes a thread that would take this signal.
    pub(crate) fn alert_one(&self, signal: Signal) {
        if let Some(task) = self.tasks.iter().find(|task| task.wants(signal) && !task.must_end()) {
            task.alert(attention::SIGNAL);
        }
    }

    /// Forgets pending signals, for the process and all its tasks.
    pub(crate) fn discard(&mut self, process: &Process, signals: SignalSet) {
        self.shared.discard(signals);
        process.shared_pending.store(self.shared.set().bits(), SeqCst);
        for task in &self.tasks {
            if task.pending().intersection(signals).is_empty() {
                continue;
            }
            let mut queue = task.private.lock();
            queue.discard(signals);
            task.pending.store(queue.set().bits(), SeqCst);
        }
    }

    /// Takes the next signal of `wanted`, first from the task's own, then from the process's.
    pub(crate) fn take(&mut self, task: &Task, wanted: SignalSet) -> Option<(Signal, Details)> {
        if !task.pending().intersection(wanted).is_empty() {
            let mut queue = task.private.lock();
            let taken = queue.take(wanted);
            task.pending.store(queue.set().bits(), SeqCst);
            if taken.is_some() {
                return taken;
            }
        }
        let taken = self.shared.take(wanted);
        if taken.is_some() {
            task.process().shared_pending.store(self.shared.set().bits(), SeqCst);
        }
        taken
    }

    /// Whether every thread that is left sleeps because the process is stopped.
    pub(crate) fn is_wholly_stopped(&self) -> bool {
        self.stop.is_some() && self.parked > 0 && self.parked >= self.tasks.len()
    }
}

/// What to do when a signal's details cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Send the bare signal: `kill` and the kernel.
    Allowed,
    /// Fail with EAGAIN: `sigqueue`.
    Refused,
}
