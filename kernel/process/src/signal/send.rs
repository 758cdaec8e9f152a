//! Sending signals.

use super::actions::Disposition;
use super::details::{self, Details, Sender};
use super::state::{Loss, SignalState};
use crate::process::Flag;
use crate::{Process, Task};
use abi::{DefaultAction, Errno, ExitStatus, Result, Signal, SignalSet};
use alloc::sync::Arc;
use object::Credentials;

/// The first process, which default actions do not touch.
const INIT: i32 = 1;

/// On whose behalf a signal is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A process.
    User,
    /// The kernel: a terminal, a fault, a timer.
    Kernel,
}

/// Sends a signal to a process.
pub fn send(process: &Arc<Process>, signal: Signal, details: Details, origin: Origin, loss: Loss) -> Result<()> {
    post(process, None, signal, details, origin, loss)
}

/// Sends a signal to one thread.
pub fn send_to_task(task: &Task, signal: Signal, details: Details, origin: Origin, loss: Loss) -> Result<()> {
    post(task.process(), Some(task), signal, details, origin, loss)
}

/// Sends a signal to a process on the kernel's behalf. Any context.
pub fn send_from_kernel(process: &Arc<Process>, signal: Signal) {
    // Without a refusal of lost details it cannot fail.
    let _ = send(process, signal, details::from_kernel(signal), Origin::Kernel, Loss::Allowed);
}

/// Sends a timer's signal to a process, or to one of its threads. False if it has no effect, or if there is no room for it:
/// then nobody will take it. Any context.
pub(crate) fn send_timer(process: &Arc<Process>, to: Option<&Task>, signal: Signal, details: Details) -> bool {
    let is_dropped = {
        let state = process.signals.lock();
        is_dropped(&state, process, to, signal, Origin::Kernel)
    };
    !is_dropped && post(process, to, signal, details, Origin::Kernel, Loss::Refused).is_ok()
}

/// The calling thread wrote to a pipe or socket that nobody reads: SIGPIPE, for calls that return EPIPE.
pub fn report_broken_pipe(task: &Task) {
    let details = details::from_kernel(Signal::PIPE);
    let _ = send_to_task(task, Signal::PIPE, details, Origin::Kernel, Loss::Allowed);
}

fn post(
    process: &Arc<Process>,
    to: Option<&Task>,
    signal: Signal,
    details: Details,
    origin: Origin,
    loss: Loss,
) -> Result<()> {
    let mut state = process.signals.lock();
    if signal == Signal::KILL && process.id() != INIT {
        // A thread that shows its end to a tracer waits for nothing else.
        process.mark(Flag::Killed);
        state.tasks.iter().filter(|task| task.is_traced()).for_each(|task| task.trace.resumed.wake_all());
    }
    if state.exit.is_some() || state.tasks.is_empty() {
        return Ok(());
    }
    let mut continued = false;
    if signal == Signal::CONT {
        continued = resume(process, &mut state);
    } else if SignalSet::STOPPING.contains(signal) {
        state.discard(process, SignalSet::of(&[Signal::CONT]));
    }
    let result = if is_dropped(&state, process, to, signal, origin) {
        Ok(())
    } else if signal == Signal::KILL {
        state.begin_kill(signal);
        Ok(())
    } else {
        state.enqueue(process, to, signal, details, loss)
    };
    drop(state);
    if continued {
        crate::wait::report_event(process, ExitStatus::Continued);
    }
    result
}

/// Undoes a stop, whatever becomes of the SIGCONT itself; true if there was one.
fn resume(process: &Process, state: &mut SignalState) -> bool {
    state.discard(process, SignalSet::STOPPING);
    state.is_stop_due = false;
    if state.stop.take().is_none() {
        return false;
    }
    state.parked = 0;
    process.resumed.wake_all();
    true
}

/// Whether a signal would have no effect.
fn is_dropped(state: &SignalState, process: &Process, to: Option<&Task>, signal: Signal, origin: Origin) -> bool {
    let disposition = state.actions.disposition(signal);
    let fatal_to_init = matches!(disposition, Disposition::Default(action) if action != DefaultAction::Continue);
    if process.id() == INIT && origin == Origin::User && fatal_to_init {
        return true;
    }
    // A blocked signal stays pending even if it is ignored now: that may change before it is unblocked.
    let target = to.or(state.tasks.first().map(Arc::as_ref));
    if target.is_some_and(|task| task.blocked().union(task.awaited()).contains(signal)) {
        return false;
    }
    // A tracer is shown what has no effect, too.
    let is_shown = to.is_some_and(Task::is_traced) || state.tasks.iter().any(|task| task.is_traced());
    !is_shown && matches!(disposition, Disposition::Ignore | Disposition::Default(DefaultAction::Continue))
}

/// Whether a process with these credentials may send a signal to another: EPERM.
pub fn check_permission(sender: &Process, target: &Process, signal: Option<Signal>) -> Result<()> {
    if core::ptr::eq(sender, target) {
        return Ok(());
    }
    let (from, to): (Arc<Credentials>, Arc<Credentials>) = (sender.credentials(), target.credentials());
    let same_user = [from.uid, from.euid].iter().any(|id| [to.uid, to.suid].contains(id));
    let same_session = signal == Some(Signal::CONT) && sender.session_id() == target.session_id();
    if from.euid == 0 || same_user || same_session { Ok(()) } else { Err(Errno::EPERM) }
}

/// What a process tells of itself when it sends a signal.
pub fn sender(process: &Process) -> Sender {
    Sender { pid: process.id(), uid: process.uid() }
}

/// Forces a signal on the calling thread that it can neither block nor ignore: a fault of its own instruction.
pub fn force(task: &Task, signal: Signal, details: Details) {
    let process = task.process();
    let mut state = process.signals.lock();
    if state.exit.is_some() {
        return;
    }
    let blocked = task.blocked();
    if blocked.contains(signal) || state.actions.disposition(signal) == Disposition::Ignore {
        state.actions.reset(signal);
        let mut unblocked = blocked;
        unblocked.remove(signal);
        task.blocked.store(unblocked.bits(), core::sync::atomic::Ordering::SeqCst);
    }
    let _ = state.enqueue(process, Some(task), signal, details, Loss::Allowed);
}
