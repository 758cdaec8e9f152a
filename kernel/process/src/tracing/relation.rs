//! Who traces whom: how it begins and how it ends.

use super::stop::Event;
use super::tracee::{Action, How, Mode};
use crate::context::Context;
use crate::fork::CloneRequest;
use crate::kin::{Chain, KinTable};
use crate::process::Flag;
use crate::registry::{self, Registry, Removed};
use crate::signal::{Loss, Origin, details, send_from_kernel, send_to_task};
use crate::wait::{self, Announcement};
use crate::{Process, Task, domination};
use abi::{CloneFlags, Errno, Result, Signal, TraceOptions};
use alloc::sync::Arc;
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::SeqCst;
use sched::attention;
use sync::trace;

/// How many threads are traced. Changed under the process list's lock.
static TRACEES: AtomicUsize = AtomicUsize::new(0);

/// How a tracer attaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// The thread is stopped by SIGSTOP: PTRACE_ATTACH.
    Stopping,
    /// It runs on until it is interrupted: PTRACE_SEIZE.
    Seizing(TraceOptions),
}

/// What is left to do once the process list is open.
#[must_use = "finish it after the lock"]
pub(crate) struct Released {
    removed: Removed,
    ended: Option<Ended>,
}

/// A process that has ended and is its parent's now.
struct Ended {
    process: Arc<Process>,
    parent: Option<Arc<Process>>,
    exit_signal: i32,
}

impl Released {
    /// Does it: a process whose end was its tracer's to know is its parent's now.
    pub fn finish(self) {
        drop(self.removed);
        let Some(Ended { process, parent, exit_signal }) = self.ended else { return };
        let Some(status) = process.exit_status() else { return };
        // The parent may have found it since the list was opened. It is sent its signal all the same.
        if wait::announce_end(&process, status) == Announcement::Overtaken
            && let Some(parent) = parent
        {
            wait::tell_parent(&parent, &process, exit_signal, status);
        }
    }
}

impl Registry {
    /// The process that traces the thread with this id; 0 for none.
    pub fn tracer_of(&self, id: i32) -> i32 {
        self.entry(id).and_then(|entry| entry.task.as_ref()).map_or(0, |task| task.trace.tracer())
    }

    /// Puts a task on the list of a tracer.
    pub fn begin_tracing(&mut self, task: &Task, tracer: i32, options: TraceOptions, mode: u32) {
        task.trace.set_tracer(tracer, options, mode);
        self.push_back(Chain::Tracees, tracer, task.id());
        if TRACEES.fetch_add(1, SeqCst) == 0 {
            trace::start(trace::TRACERS);
        }
    }

    /// Takes it off again, if it is on one, and forgets what there was to tell.
    pub fn end_tracing(&mut self, task: &Task) {
        let tracer = task.trace.tracer();
        if tracer == 0 {
            return;
        }
        self.unlink(Chain::Tracees, tracer, task.id());
        task.trace.set_tracer(0, TraceOptions::empty(), 0);
        if TRACEES.fetch_sub(1, SeqCst) == 1 {
            trace::stop(trace::TRACERS);
        }
        let mut state = task.trace.state.lock();
        state.event = None;
        state.debug = [0; 8];
    }

    /// Takes a task off its tracer's list for a moment, in which it gets another id; the tracer.
    pub fn suspend_tracing(&mut self, task: &Task) -> i32 {
        let tracer = task.trace.tracer();
        if tracer != 0 {
            self.unlink(Chain::Tracees, tracer, task.id());
            task.trace.move_to(0);
        }
        tracer
    }

    /// Puts it on again.
    pub fn resume_tracing(&mut self, task: &Task, tracer: i32) {
        if tracer != 0 {
            task.trace.move_to(tracer);
            self.push_back(Chain::Tracees, tracer, task.id());
        }
    }

    /// Lets a tracee go: on if it was stopped, for good if it has ended.
    pub fn release_tracee(&mut self, task: &Arc<Task>, signal: Option<Signal>) -> Released {
        let has_ended = task.trace.is(Mode::Ended);
        self.end_tracing(task);
        if has_ended {
            let process = task.process();
            let ended = (task.id() == process.id()).then(|| Ended {
                process: Arc::clone(process),
                parent: self.entry(process.parent_id()).and_then(|entry| entry.process.clone()),
                exit_signal: self.entry(process.id()).map_or(0, |entry| entry.child.exit_signal),
            });
            return Released { removed: self.remove_task(task), ended };
        }
        {
            task.trace.state.lock().let_go(Action { how: How::Continue, signal });
        }
        // If its process is stopped, it stops as the others did.
        task.trace.seen_stop.store(0, SeqCst);
        task.alert(attention::SIGNAL);
        task.trace.resumed.wake_all();
        task.process().resumed.wake_all();
        Released { removed: Removed::default(), ended: None }
    }
}

/// PTRACE_TRACEME: the calling thread is traced by its parent. EPERM if it is already, or has none.
pub fn offer(cx: &Context) -> Result<()> {
    let mut registry = registry::lock();
    let parent = cx.process().parent_id();
    let may = registry.entry(parent).and_then(|entry| entry.process.as_ref()).is_some_and(|parent| may_trace(parent));
    if !may || cx.task.trace.tracer() != 0 {
        return Err(Errno::EPERM);
    }
    registry.begin_tracing(&cx.task, parent, TraceOptions::empty(), 0);
    Ok(())
}

fn may_trace(tracer: &Process) -> bool {
    !tracer.has(Flag::TracesNoMore)
}

/// PTRACE_ATTACH and PTRACE_SEIZE: the caller's process traces this thread from now on. EPERM for its own threads, those of the
/// first process, those that are traced already or have ended, and those that it does not dominate.
pub fn attach(cx: &Context, task: &Arc<Task>, how: Attach) -> Result<()> {
    let (caller, target) = (cx.process(), task.process());
    if Arc::ptr_eq(caller, target) || target.id() == 1 {
        return Err(Errno::EPERM);
    }
    domination::demand(&cx.task, target)?;
    let (options, mode) = match how {
        Attach::Stopping => (TraceOptions::empty(), 0),
        Attach::Seizing(options) => (options, Mode::Seized as u32),
    };
    {
        let mut registry = registry::lock();
        let is_there = registry.entry(task.id()).and_then(|entry| entry.task.as_ref());
        let is_there = is_there.is_some_and(|there| Arc::ptr_eq(there, task));
        if !is_there || task.trace.tracer() != 0 || !may_trace(caller) || task.must_end() {
            return Err(Errno::EPERM);
        }
        registry.begin_tracing(task, caller.id(), options, mode);
    }
    if how == Attach::Stopping {
        let stop = details::from_kernel(Signal::STOP);
        let _ = send_to_task(task, Signal::STOP, stop, Origin::Kernel, Loss::Allowed);
    }
    // One that is stopped already is to tell its tracer so.
    target.resumed.wake_all();
    Ok(())
}

/// PTRACE_DETACH of a thread that is stopped; with a signal it is delivered, which whoever does not dominate the target may not ask
/// for.
pub fn detach(cx: &Context, task: &Arc<Task>, signal: Option<Signal>) -> Result<()> {
    if signal.is_some() {
        domination::demand(&cx.task, task.process())?;
    }
    let released = {
        let mut registry = registry::lock();
        let is_stopped = task.trace.state.lock().stop.is_some();
        if task.trace.tracer() != cx.process().id() || !is_stopped {
            return Err(Errno::ESRCH);
        }
        registry.release_tracee(task, signal)
    };
    released.finish();
    Ok(())
}

/// A tracer has ended: its tracees go on, or end with it if it asked for that.
pub(crate) fn leave_tracees(process: &Process) {
    loop {
        let Some(task) = ({
            let registry = registry::lock();
            process.mark(Flag::TracesNoMore);
            let first = registry.first(Chain::Tracees, process.id());
            registry.entry(first).and_then(|entry| entry.task.clone())
        }) else {
            return;
        };
        if task.trace.options().contains(TraceOptions::EXIT_KILL) {
            send_from_kernel(task.process(), Signal::KILL);
        }
        let released = {
            let mut registry = registry::lock();
            (task.trace.tracer() == process.id()).then(|| registry.release_tracee(&task, None))
        };
        if let Some(released) = released {
            released.finish();
        }
    }
}

/// A thread makes another, or a process: the caller's tracer traces that too if it asked for it. What the tracer is then to be
/// told of the caller.
pub(crate) fn inherit(
    registry: &mut Registry,
    cx: &Context,
    child: &Arc<Task>,
    request: &CloneRequest,
) -> Option<Event> {
    let (trace, flags) = (&cx.task.trace, request.flags);
    let tracer = trace.tracer();
    if tracer == 0 || flags.contains(CloneFlags::UNTRACED) {
        return None;
    }
    let event = match request.exit_signal == Signal::CHLD.number() {
        _ if flags.contains(CloneFlags::VFORK) => Event::Vfork,
        true if !flags.contains(CloneFlags::THREAD) => Event::Fork,
        _ => Event::Clone,
    };
    let is_told = trace.options().contains(event.option());
    if is_told || flags.contains(CloneFlags::PTRACE) {
        let is_seized = trace.is(Mode::Seized);
        let mode = if is_seized { Mode::Seized as u32 | Mode::Interrupt as u32 } else { 0 };
        registry.begin_tracing(child, tracer, trace.options(), mode);
        if is_seized {
            child.alert(attention::SIGNAL);
        } else {
            let stop = details::from_kernel(Signal::STOP);
            let _ = send_to_task(child, Signal::STOP, stop, Origin::Kernel, Loss::Allowed);
        }
    }
    is_told.then_some(event)
}

/// Whether somebody traces the thread who must not give it the ids of another user.
pub(crate) fn is_unprivileged(task: &Task) -> bool {
    let tracer = task.trace.tracer();
    tracer != 0 && registry::find_process(tracer).is_none_or(|tracer| tracer.credentials().euid != 0)
}
