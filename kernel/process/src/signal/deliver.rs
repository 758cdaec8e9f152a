//! Taking signals: what a thread does about its attention word before it goes back to user mode.

use super::actions::{self, Disposition};
use super::details::Details;
use super::handler::NO_CALL;
use super::{SignalState, details, handler, send, stop};
use crate::context::Context;
use crate::tracing::stop as tracing;
use crate::{Process, Task, grace};
use abi::types::Sigaction;
use abi::{DefaultAction, Errno, Signal, SignalSet};
use arch::user::UserContext;
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::fence;
use sched::attention;

/// A system call that ended with one of the kernel's own error numbers.
#[derive(Clone, Copy, Debug)]
pub struct InterruptedCall {
    /// Its number.
    pub number: u64,
    /// How it ended: one of `ERESTART*`.
    pub error: Errno,
}

impl InterruptedCall {
    /// The call that has just returned, if its result is one of the kernel's own.
    #[cold]
    pub fn of(user: &UserContext) -> Option<Self> {
        const FIRST: i64 = Errno::ERESTART_RESTARTBLOCK.to_return();
        const LAST: i64 = Errno::ERESTARTSYS.to_return();
        let (number, result) = (user.syscall_number(), user.regs().rax as i64);
        let error = Errno::from_return(result).err()?;
        ((FIRST..=LAST).contains(&result) && number != NO_CALL).then_some(Self { number, error })
    }
}

/// What the thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It goes on in user mode.
    Resume,
    /// It ends.
    End,
}

/// What to do about one signal.
enum Step {
    /// No signal is left.
    Done,
    /// The thread is to end.
    End,
    /// Nothing, go on with the next.
    Next,
    /// The process is stopped: sleep until it continues.
    Park,
    /// Show the signal to the tracer, which may change or drop it.
    Show(Signal, Details),
    /// Stop, unless the group is orphaned or a SIGCONT comes first.
    Stop(Signal),
    /// Run a handler.
    Handle(Signal, Details, Sigaction),
}

/// Takes all signals that are pending and not blocked: ends, stops, or builds handler frames. `call` is the system call
/// that was interrupted, if there is one; when this returns, its result or its restart is settled.
pub fn attend(cx: &mut Context, mut call: Option<InterruptedCall>) -> After {
    clear_attention(&cx.task);
    grace::pass(&cx.task);
    loop {
        tracing::stop_if_asked(cx, &mut call);
        let mut step = next_step(&cx.task);
        if let Step::Show(signal, details) = step {
            step = tracing::show_signal(cx, &mut call, signal, details)
                .map_or(Step::Next, |(signal, details)| dispose(&cx.task, signal, details));
        }
        match step {
            Step::Done => break,
            Step::End => return After::End,
            Step::Next | Step::Show(..) => {}
            Step::Park if cx.task.is_traced() => tracing::stop_with_process(cx, &mut call),
            Step::Park => stop::park(&cx.task),
            Step::Stop(signal) => stop::begin(cx.task.process(), signal),
            Step::Handle(signal, details, action) => {
                if let Some(call) = call.take() {
                    settle(cx, call, &action);
                }
                match handler::enter(cx, signal, &details, &action) {
                    Ok(()) => tracing::step_into_handler(cx),
                    Err(_) => refuse(&cx.task, signal),
                }
            }
        }
    }
    if let Some(call) = call {
        restart(cx, call);
    }
    restore_mask(&cx.task);
    tracing::arm_step(cx);
    After::Resume
}

fn clear_attention(task: &Task) {
    if let Some(thread) = task.thread() {
        let seen = thread.clear_attention(attention::SIGNAL | attention::REVOKED);
        if seen & attention::REVOKED != 0 {
            object::revocation::thread_is_at_border();
        }
    }
    // Whoever makes a signal pending after this sets the bit again; whatever was pending before is seen below.
    fence(SeqCst);
}

fn next_step(task: &Task) -> Step {
    if task.must_end() {
        return Step::End;
    }
    let process = task.process();
    let mut state = process.signals.lock();
    if state.stop.is_some() && !(task.is_traced() && task.trace.seen_stop.load(SeqCst) == state.stops) {
        return Step::Park;
    }
    let Some((signal, mut details)) = state.take(task, SignalSet::ALL.difference(task.blocked())) else {
        return Step::Done;
    };
    let is_traced = task.is_traced();
    let mut step = match is_traced {
        true => Step::Show(signal, details),
        false => dispose_locked(task, &mut state, signal, details),
    };
    drop(state);
    if details.timer_setting.is_some() {
        process.posix_timers().settle(&mut details);
        if let Step::Handle(_, told, _) | Step::Show(_, told) = &mut step {
            *told = details;
        }
    }
    step
}

/// What becomes of a signal that a tracer let through.
fn dispose(task: &Task, signal: Signal, details: Details) -> Step {
    match task.must_end() {
        true => Step::End,
        false => dispose_locked(task, &mut task.process().signals.lock(), signal, details),
    }
}

/// What becomes of a signal that was taken.
fn dispose_locked(task: &Task, state: &mut SignalState, signal: Signal, details: Details) -> Step {
    match state.actions.disposition(signal) {
        Disposition::Ignore | Disposition::Default(DefaultAction::Continue | DefaultAction::Ignore) => Step::Next,
        Disposition::Catch => {
            let action = state.actions.get(signal);
            if action.flags & actions::RESET != 0 {
                state.actions.reset(signal);
            }
            Step::Handle(signal, details, action)
        }
        Disposition::Default(_) if is_spared(task.process(), signal) => Step::Next,
        Disposition::Default(DefaultAction::Stop) => {
            state.is_stop_due = true;
            Step::Stop(signal)
        }
        Disposition::Default(DefaultAction::Terminate) => {
            state.begin_kill(signal);
            Step::End
        }
        Disposition::Default(DefaultAction::Core) => {
            state.begin_dump(task, signal, details, None);
            Step::End
        }
    }
}

/// The first process is not touched by default actions, but for faults of its own.
fn is_spared(process: &Process, signal: Signal) -> bool {
    process.id() == 1 && !SignalSet::SYNCHRONOUS.contains(signal)
}

/// Decides what becomes of an interrupted call whose handler is about to run.
fn settle(cx: &mut Context, call: InterruptedCall, action: &Sigaction) {
    let restarts = match call.error {
        Errno::ERESTARTNOINTR => true,
        Errno::ERESTARTSYS => action.flags & actions::RESTART != 0,
        _ => false,
    };
    if restarts {
        restart(cx, call);
    } else {
        cx.user.set_result(Errno::EINTR.to_return());
    }
    // A handler ran: a deadline kept for a new start is void.
    let _ = cx.task.restart_deadline();
}

/// Goes back to the `syscall` instruction, which is two bytes long, with the number in its register again.
fn restart(cx: &mut Context, call: InterruptedCall) {
    let registers = cx.user.regs_mut();
    registers.rax = call.number;
    registers.rip = registers.rip.wrapping_sub(2);
}

/// Puts the mask back that a call such as `sigsuspend` replaced; a handler's frame has taken it otherwise.
fn restore_mask(task: &Task) {
    let saved = task.own.lock().saved_mask.take();
    if let Some(mask) = saved {
        super::mask::set(task, mask);
    }
}

/// There is no place for the frame: SIGSEGV, and the end if that is what could not be delivered.
fn refuse(task: &Task, signal: Signal) {
    if signal == Signal::SEGV {
        let mut state = task.process().signals.lock();
        state.actions.reset(signal);
    }
    send::force(task, Signal::SEGV, details::from_kernel(Signal::SEGV));
}
