//! The end of threads and processes.
//!
//! A thread leaves its process first, then the last one to leave ends the process: it closes the table and drops the
//! address space, with no lock held, hands children over, and only then becomes a zombie, so that whoever waits
//! finds descriptors closed and memory given back.

use crate::context::Context;
use crate::kin::{Chain, KinTable};
use crate::process::Flag;
use crate::signal::{mask, send_from_kernel, stop};
use crate::usage::ResourceUse;
use crate::{Process, Task, core_dump, grace, hooks, registry, tracing, wait};
use abi::{ExitStatus, Signal, SignalSet};
use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;
use sched::attention;

/// `exit`: has the calling thread leave when it is about to return to user mode.
pub fn leave_thread(task: &Task, code: u8) {
    task.own.lock().exit_code = code;
    task.alert(attention::KILL);
}

/// `exit_group`: has all threads of the process leave.
pub fn leave_process(process: &Process, status: ExitStatus) {
    process.signals.lock().begin_exit(status);
}

/// What the thread of a task does last. The context's references go before anybody is told of the end.
pub(crate) fn finish(mut cx: Context) {
    core_dump::take_part(&mut cx);
    tracing::stop::report_end(&mut cx);
    leave_memory(&cx);
    let Context { task, table, space, user: _ } = cx;
    sched::current().set_address_space(None);
    // From here on nobody can begin to wait for what it holds; whoever has begun is told.
    if sched::current().end_lending()
        && let Some(hooks) = hooks::get()
    {
        (hooks.abandon_futexes)(task.id() as u32);
    }
    let process = Arc::clone(task.process());
    process.add_used(&ResourceUse::of_thread(&sched::current()));
    let last = leave(&process, &task);
    if let Some(status) = last {
        process.keep_last_name(task.name().0);
        let resources = process.replace_resources(None);
        drop((table, space, resources));
        grace::leave(&task);
        end_process(&process, status);
    } else {
        drop((table, space));
        grace::leave(&task);
        stop::thread_left(&process);
        process.thinned.wake_all();
    }
}

/// Gives up what the thread has in user memory: robust futexes, the word that joiners wait on, the parent's memory.
pub(crate) fn leave_memory(cx: &Context) {
    let task = &cx.task;
    let head = task.robust_list.swap(0, Relaxed);
    let word = task.clear_child_tid.swap(0, Relaxed);
    if let Some(hooks) = hooks::get() {
        if head != 0 {
            (hooks.exit_robust_list)(head, task.id() as u32);
        }
        if sched::current().has_lenders() {
            (hooks.abandon_futexes)(task.id() as u32);
        }
        if word != 0 {
            (hooks.clear_child_tid)(word);
        }
    }
    let waiting = task.own.lock().vfork.take();
    if let Some(waiting) = waiting {
        waiting.complete();
    }
}

/// Takes the task off its process; how the process ended if it was the last one.
fn leave(process: &Arc<Process>, task: &Arc<Task>) -> Option<ExitStatus> {
    let code = ExitStatus::Exited(task.own.lock().exit_code);
    let (last, gone) = {
        let mut state = process.signals.lock();
        let place = state.tasks.iter().position(|other| Arc::ptr_eq(other, task));
        // Not `swap_remove`: the first thread stays first while it lives, and usually it is the one that leaves last.
        let gone = place.map(|place| state.tasks.remove(place));
        if task.id() == process.id() {
            state.leader_code = Some(code);
        }
        let last = state.tasks.is_empty().then(|| state.exit.or(state.leader_code).unwrap_or(code));
        if last.is_some() {
            state.exit = last;
            state.stop = None;
        }
        (last, gone)
    };
    // What a tracer is told of the first thread is the end of the process.
    let told = (task.is_traced() && task.id() != process.id()).then(|| process.signals.lock().exit.unwrap_or(code));
    let removed = {
        let mut registry = registry::lock();
        task.trace.state.lock().event = told;
        registry.remove_task(task)
    };
    drop((gone, removed));
    if let Some(status) = told {
        wait::tell_tracer(task, status);
    }
    if last.is_none() {
        mask::retarget(task, SignalSet::ALL);
    }
    last
}

fn end_process(process: &Arc<Process>, status: ExitStatus) {
    if process.id() == 1
        && let Some(hooks) = hooks::get()
    {
        log::info!("init ended: {status:?}");
        (hooks.power_off)(status);
    }
    process.itimers().stop();
    process.posix_timers().clear();
    drop(process.replace_program(None));
    leave_session(process);
    hand_over_children(process);
    tracing::relation::leave_tracees(process);
    // Its group may become an orphan if the link to the rest of the session was this process and its parent.
    let is_link = process
        .parent()
        .is_some_and(|parent| parent.session_id() == process.session_id() && parent.group_id() != process.group_id());
    let group = if is_link { process.process_group() } else { None };
    wait::announce_end(process, status);
    if let Some(group) = group {
        hang_up_if_orphaned(&group);
    }
}

/// A session leader takes the controlling terminal with it.
fn leave_session(process: &Arc<Process>) {
    if process.id() != process.session_id() {
        return;
    }
    let terminal = process.current_session().and_then(|session| session.set_terminal(None));
    if let Some(terminal) = terminal.as_ref().and_then(|object| object.terminal()) {
        terminal.hang_up();
    }
}

/// Gives the children to the nearest ancestor that takes orphans, or to the first process.
fn hand_over_children(process: &Arc<Process>) {
    let guardian = find_guardian(process);
    let mut last_group = 0;
    loop {
        let Some(child) = ({
            let mut registry = registry::lock();
            let first = registry.first(Chain::Children, process.id());
            let child = registry.entry(first).and_then(|entry| entry.process.clone());
            if let Some(child) = &child {
                registry.adopt(child, guardian.as_ref().map_or(0, |guardian| guardian.id()));
                // Whatever it was to tell its parent, a guardian waits for children that tell of themselves as all do.
                let is_held = child.has(Flag::HeldByDescriptor);
                if let Some(entry) = registry.entry_mut(child.id()).filter(|_| !is_held) {
                    entry.child.exit_signal = Signal::CHLD.number();
                }
            }
            child
        }) else {
            return;
        };
        if let Some(status) = child.exit_status() {
            wait::announce_end(&child, status);
        } else if let Some(signal) = child.parent_death_signal() {
            send_from_kernel(&child, signal);
        }
        let group_id = child.group_id();
        if group_id != last_group && group_id != process.group_id() && child.session_id() == process.session_id() {
            last_group = group_id;
            if let Some(group) = child.process_group() {
                hang_up_if_orphaned(&group);
            }
        }
    }
}

/// Ends a process that nobody holds any more, and leaves what is left of it to a guardian. One that is not among the processes
/// yet, or not any more, needs nothing.
pub(crate) fn abandon(process: &Arc<Process>) {
    let guardian = find_guardian(process);
    {
        let mut registry = registry::lock();
        if !registry.holds(process) {
            return;
        }
        if let Some(entry) = registry.entry_mut(process.id()) {
            entry.child.exit_signal = Signal::CHLD.number();
        }
        process.unmark(Flag::HeldByDescriptor);
        registry.adopt(process, guardian.as_ref().map_or(0, |guardian| guardian.id()));
    }
    match process.exit_status() {
        Some(status) => {
            wait::announce_end(process, status);
        }
        None => send_from_kernel(process, Signal::KILL),
    }
}

fn find_guardian(process: &Arc<Process>) -> Option<Arc<Process>> {
    let mut ancestor = process.parent();
    while let Some(candidate) = ancestor {
        if candidate.id() == 1 || candidate.has(Flag::Subreaper) && !candidate.is_ending() {
            return Some(candidate);
        }
        ancestor = candidate.parent();
    }
    registry::find_process(1)
}

/// Stopped jobs that nobody could continue any more are told to end.
fn hang_up_if_orphaned(group: &crate::ProcessGroup) {
    if group.has_no_guardian() && group.has_stopped_member() {
        group.for_each_member(|member| {
            send_from_kernel(member, Signal::HUP);
            send_from_kernel(member, Signal::CONT);
        });
    }
}
