//! What `wait` tells a tracer.

use super::tracee::Mode;
use crate::kin::{Chain, KinTable};
use crate::registry::{self, Registry};
use crate::wait::{Found, Which, tell_end};
use crate::{Process, Task};
use abi::{ExitStatus, WaitFlags};
use alloc::sync::Arc;

/// Looks at the threads that a process traces.
pub(crate) fn look(registry: &mut Registry, process: &Process, which: &Which, flags: WaitFlags) -> Found {
    let single = which.single();
    let mut found = Found::Nobody;
    let mut id = single.unwrap_or_else(|| registry.first(Chain::Tracees, process.id()));
    while let Some(task) = registry.entry(id).and_then(|entry| entry.task.clone()) {
        if task.trace.tracer() == process.id() && is_meant(&task, which) {
            found = match collect(registry, process, &task, flags) {
                Found::Nothing => Found::Nothing,
                told => return told,
            };
        }
        if single.is_some() {
            break;
        }
        id = registry.next(Chain::Tracees, id);
    }
    found
}

fn is_meant(task: &Task, which: &Which) -> bool {
    match which {
        Which::Any | Which::Child(_) => true,
        Which::Group(group) => task.process().group_id() == *group,
        Which::Exactly(exact) => Arc::ptr_eq(exact, task.process()),
    }
}

fn collect(registry: &mut Registry, process: &Process, task: &Arc<Task>, flags: WaitFlags) -> Found {
    let keeps = flags.contains(WaitFlags::NO_REAP);
    if let Some(status) = end_of(registry, task) {
        if !flags.contains(WaitFlags::EXITED) {
            return Found::Nothing;
        }
        let traced = task.process();
        if keeps {
            return Found::Tracee(Arc::clone(task), status, None);
        }
        if task.id() == traced.id() && traced.parent_id() == process.id() {
            let removed = registry.remove_process(traced);
            return Found::Child(Arc::clone(traced), status, removed);
        }
        return Found::Tracee(Arc::clone(task), status, Some(registry.release_tracee(task, None)));
    }
    let mut state = task.trace.state.lock();
    let event = if keeps { state.event } else { state.event.take() };
    drop(state);
    event.map_or(Found::Nothing, |event| Found::Tracee(Arc::clone(task), event, None))
}

/// How a thread ended that has. The first thread of a process has not while others are there.
fn end_of(registry: &Registry, task: &Task) -> Option<ExitStatus> {
    if !task.trace.is(Mode::Ended) {
        return None;
    }
    match task.id() == task.process().id() {
        true => registry.entry(task.id())?.child.ended,
        false => task.trace.state.lock().event,
    }
}

/// Tells the tracer of the end of a process that is not its child.
pub(crate) fn announce_end(process: &Arc<Process>, tracer: i32, status: ExitStatus) {
    if let Some(tracer) = registry::find_process(tracer) {
        tell_end(&tracer, process, status);
    }
}
