//! The stops of a traced thread, which it makes itself.

use super::tracee::{Action, At, Frozen, How, Mode, Stop};
use crate::context::Context;
use crate::grace::Rest;
use crate::process::Flag;
use crate::signal::details::{self, Details};
use crate::signal::{InterruptedCall, mask, send};
use crate::{Task, registry, wait};
use abi::consts::ptrace;
use abi::{Errno, ExitStatus, Signal, TraceOptions};
use alloc::boxed::Box;
use arch::user::{NO_CALL, Stepping};
use core::sync::atomic::Ordering::SeqCst;
use mm::alloc::try_box;
use sched::Wait;

const TRAP: u32 = Signal::TRAP.number() as u32;
/// Added to SIGTRAP at system calls, where the tracer asked for that.
const CALL_MARK: u32 = 0x80;

/// What a thread tells its tracer of beside signals and calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Event {
    /// It made a process that reports SIGCHLD.
    Fork = ptrace::PTRACE_EVENT_FORK,
    /// It made a process by `vfork`.
    Vfork = ptrace::PTRACE_EVENT_VFORK,
    /// It made a thread, or another process.
    Clone = ptrace::PTRACE_EVENT_CLONE,
    /// It executes another program.
    Exec = ptrace::PTRACE_EVENT_EXEC,
    /// Its child by `vfork` has given its memory back.
    VforkDone = ptrace::PTRACE_EVENT_VFORK_DONE,
    /// It is about to end.
    Exit = ptrace::PTRACE_EVENT_EXIT,
}

impl Event {
    /// What a tracer asks for to be told of it.
    pub const fn option(self) -> TraceOptions {
        match self {
            Self::Fork => TraceOptions::FORK,
            Self::Vfork => TraceOptions::VFORK,
            Self::Clone => TraceOptions::CLONE,
            Self::Exec => TraceOptions::EXEC,
            Self::VforkDone => TraceOptions::VFORK_DONE,
            Self::Exit => TraceOptions::EXIT,
        }
    }
}

/// What becomes of a stop.
enum Outcome {
    /// The tracer says how to go on.
    Resumed(Action),
    /// The thread is to end, or nobody traces it any more.
    Left,
}

/// Whether the tracer wants to know of this.
pub(crate) fn wants(task: &Task, event: Event) -> bool {
    task.is_traced() && task.trace.options().contains(event.option())
}

/// Stops at an event, if the tracer wants to know of it.
pub(crate) fn report(cx: &mut Context, event: Event, message: u64) {
    if wants(&cx.task, event) {
        cx.task.trace.state.lock().message = message;
        stop_with(cx, At::Event, TRAP | (event as u32) << 8, Wait::KILLABLE);
    }
}

/// The thread runs another program. A tracer that did not ask to be told sees SIGTRAP, but not one that seized.
pub(crate) fn report_exec(cx: &mut Context, former_id: i32) {
    if wants(&cx.task, Event::Exec) {
        report(cx, Event::Exec, former_id as u64);
    } else if cx.task.is_traced() && !cx.task.trace.is(Mode::Seized) {
        send_as_tracer(&cx.task, Signal::TRAP);
    }
}

/// Stops before the end of the thread. Signals that ended it do not keep its tracer from seeing that, but for SIGKILL.
pub(crate) fn report_end(cx: &mut Context) {
    if !wants(&cx.task, Event::Exit) {
        return;
    }
    let status = {
        let own = ExitStatus::Exited(cx.task.own.lock().exit_code);
        cx.process().signals.lock().exit.unwrap_or(own)
    };
    cx.task.trace.state.lock().message = status.to_wait_status() as u64;
    stop_with(cx, At::Event, TRAP | (Event::Exit as u32) << 8, Wait::UNINTERRUPTIBLE);
}

/// The beginning of a system call. Whether it is to be made: not if the tracer took its number away, or if the thread is to end.
pub fn enter_call(cx: &mut Context) -> bool {
    if !cx.task.is_traced() || !cx.task.trace.is(Mode::Calls) {
        return true;
    }
    cx.user.set_result(Errno::ENOSYS.to_return());
    stop_at_call(cx, At::Entry);
    !cx.task.must_end() && cx.user.syscall_number() != NO_CALL
}

/// The end of a system call.
pub fn leave_call(cx: &mut Context) {
    if !cx.task.is_traced() {
        return;
    }
    let was_stepped = cx.task.trace.is(Mode::Step);
    if cx.task.trace.is(Mode::Calls) && !cx.task.must_end() {
        stop_at_call(cx, At::Return);
        arm_step(cx);
    } else if was_stepped {
        // The instruction that was to be stepped over is this call.
        stop_after_step(cx, details::BREAKPOINT);
        arm_step(cx);
    }
}

/// A step was not an instruction that traps by itself.
fn stop_after_step(cx: &mut Context, code: i32) {
    let details = Some(details::from_fault(Signal::TRAP, code, cx.user.regs().rip));
    let outcome = stop(cx, Stop { at: At::Signal, code: TRAP, details }, Wait::KILLABLE);
    if let Outcome::Resumed(Action { signal: Some(signal), .. }) = outcome {
        send_as_tracer(&cx.task, signal);
    }
}

fn stop_at_call(cx: &mut Context, at: At) {
    let mark = if cx.task.trace.options().contains(TraceOptions::MARK_CALLS) { CALL_MARK } else { 0 };
    let message = match at {
        At::Entry => ptrace::PTRACE_EVENTMSG_SYSCALL_ENTRY,
        _ => ptrace::PTRACE_EVENTMSG_SYSCALL_EXIT,
    };
    cx.task.trace.state.lock().message = u64::from(message);
    if let Outcome::Resumed(Action { signal: Some(signal), .. }) = stop_with(cx, at, TRAP | mark, Wait::KILLABLE) {
        send_as_tracer(&cx.task, signal);
    }
}

/// Shows a signal that was taken; what is to be delivered in its place, if anything.
pub(crate) fn show_signal(
    cx: &mut Context,
    call: &mut Option<InterruptedCall>,
    signal: Signal,
    details: Details,
) -> Option<(Signal, Details)> {
    let code = signal.number() as u32;
    let outcome = stop(cx, Stop { at: At::Signal, code, details: Some(details) }, Wait::KILLABLE);
    look_again(cx, call);
    let Outcome::Resumed(action) = outcome else {
        // Nobody is there to say otherwise.
        return Some((signal, details));
    };
    let delivered = action.signal?;
    let known = cx.task.trace.state.lock().details.take();
    let details = match known {
        Some(details) if details.signal == delivered.number() => details,
        _ => from_tracer(&cx.task, delivered),
    };
    if cx.task.blocked().contains(delivered) {
        let _ = send::send_to_task(&cx.task, delivered, details, send::Origin::Kernel, crate::signal::Loss::Allowed);
        return None;
    }
    Some((delivered, details))
}

/// What is told of a signal that the tracer made up.
fn from_tracer(task: &Task, signal: Signal) -> Details {
    match registry::find_process(task.trace.tracer()) {
        Some(tracer) => details::from_process(signal, details::USER, send::sender(&tracer)),
        None => details::from_kernel(signal),
    }
}

fn send_as_tracer(task: &Task, signal: Signal) {
    let details = from_tracer(task, signal);
    let _ = send::send_to_task(task, signal, details, send::Origin::Kernel, crate::signal::Loss::Allowed);
}

/// Stops if the tracer asked for that; between signals.
pub(crate) fn stop_if_asked(cx: &mut Context, call: &mut Option<InterruptedCall>) {
    if cx.task.trace.clear(Mode::Interrupt) {
        stop_with(cx, At::Event, TRAP | ptrace::PTRACE_EVENT_STOP << 8, Wait::KILLABLE);
        look_again(cx, call);
    }
}

/// The process is stopped: tells the tracer, and stays until that lets it go on, which it may do before the process continues.
pub(crate) fn stop_with_process(cx: &mut Context, call: &mut Option<InterruptedCall>) {
    let task = cx.task.clone();
    let (mut signal, number, is_last) = {
        let mut state = task.process().signals.lock();
        let Some(signal) = state.stop else { return };
        state.parked += 1;
        (signal, state.stops, state.is_wholly_stopped())
    };
    let tracer = task.trace.tracer();
    if is_last && tracer != task.process().parent_id() {
        wait::report_event(task.process(), ExitStatus::Stopped(signal));
    }
    task.trace.seen_stop.store(number, SeqCst);
    loop {
        let is_seized = task.trace.is(Mode::Seized);
        let (code, details) = match is_seized {
            true => {
                let code = signal.number() as u32 | ptrace::PTRACE_EVENT_STOP << 8;
                (code, Some(about_stop(signal, code)))
            }
            false => (signal.number() as u32, None),
        };
        let outcome = stop(cx, Stop { at: At::Event, code, details }, Wait::KILLABLE);
        look_again(cx, call);
        match outcome {
            Outcome::Resumed(Action { how: How::Listen, .. }) => {}
            _ => return,
        }
        let _rest = Rest::begin(&task);
        let listened = task.process().resumed.wait_until(Wait::KILLABLE, || {
            let state = task.process().signals.lock();
            let is_over = state.stop.is_none() || state.stops != number;
            (is_over || task.trace.is(Mode::Interrupt) || task.trace.tracer() != tracer)
                .then(|| state.stop.unwrap_or(Signal::TRAP))
        });
        match listened {
            Ok(next) if task.trace.tracer() == tracer => signal = next,
            _ => return,
        }
    }
}

fn about_stop(signal: Signal, code: u32) -> Details {
    Details { signal: signal.number(), code: code as i32, ..Details::default() }
}

fn stop_with(cx: &mut Context, at: At, code: u32, how: Wait) -> Outcome {
    let details = Some(about_stop(Signal::TRAP, code));
    stop(cx, Stop { at, code, details }, how)
}

/// Lays the registers out, tells the tracer and sleeps until it says how to go on.
fn stop(cx: &mut Context, stop: Stop, how: Wait) -> Outcome {
    let task = cx.task.clone();
    let frozen = freeze(cx);
    {
        // Under the list's lock, so that the tracer is there and is told.
        let _registry = registry::lock();
        if !task.is_traced() || task.must_end() && how != Wait::UNINTERRUPTIBLE {
            return Outcome::Left;
        }
        task.trace.clear(Mode::Interrupt);
        let mut state = task.trace.state.lock();
        state.frozen = frozen;
        state.details = None;
        state.stop = Some(stop);
        state.stops += 1;
        state.resume = None;
        state.event = Some(ExitStatus::Trapped(stop.code));
    }
    wait::tell_tracer(&task, ExitStatus::Trapped(stop.code));
    let resumed = {
        let _rest = Rest::begin(&task);
        task.trace.resumed.wait_until(how, || {
            let killed = task.process().has(Flag::Killed).then_some(None);
            task.trace.state.lock().resume.take().map(Some).or(killed)
        })
    };
    let frozen = {
        let mut state = task.trace.state.lock();
        (state.stop, state.event) = (None, None);
        state.frozen.take()
    };
    let Some(mut frozen) = frozen else { return resumed_with(&task, resumed.ok().flatten()) };
    thaw(cx, &mut frozen);
    task.trace.state.lock().frozen = Some(frozen);
    resumed_with(&task, resumed.ok().flatten())
}

fn resumed_with(task: &Task, action: Option<Action>) -> Outcome {
    let Some(action) = action else { return Outcome::Left };
    task.trace.clear(Mode::Calls);
    task.trace.clear(Mode::Step);
    match action.how {
        How::Call => task.trace.set(Mode::Calls),
        How::Step => task.trace.set(Mode::Step),
        How::Continue | How::Listen => {}
    }
    Outcome::Resumed(action)
}

/// A copy of what the thread would go on with. Without memory the tracer finds none.
fn freeze(cx: &mut Context) -> Option<Box<Frozen>> {
    if cx.task.trace.clear(Mode::Stepping) {
        cx.user.set_stepping(Stepping::Off);
    }
    let kept = cx.task.trace.state.lock().frozen.take();
    let mut frozen = kept.or_else(|| try_box(Frozen::new()).ok())?;
    frozen.registers = cx.user.inspect();
    frozen.blocked = cx.task.blocked();
    (frozen.has_new_registers, frozen.has_new_vectors, frozen.has_new_mask) = (false, false, false);
    frozen.vectors.capture().ok()?;
    Some(frozen)
}

/// Takes over what the tracer changed.
fn thaw(cx: &mut Context, frozen: &mut Frozen) {
    if frozen.has_new_registers {
        cx.user.replace(&frozen.registers);
    }
    if frozen.has_new_vectors {
        // What does not fit the processor was refused when it was set.
        let _ = frozen.vectors.load();
    }
    if frozen.has_new_mask {
        mask::set(&cx.task, frozen.blocked);
    }
}

/// The last thing before user mode: one instruction, if that is what the tracer wants.
pub(crate) fn arm_step(cx: &mut Context) {
    if cx.task.trace.is(Mode::Step) {
        cx.task.trace.set(Mode::Stepping);
        cx.user.set_stepping(Stepping::On);
    }
}

/// A handler is about to run: where the tracer steps, this is the step.
pub(crate) fn step_into_handler(cx: &mut Context) {
    if cx.task.trace.clear(Mode::Step) {
        stop_after_step(cx, details::TRACE);
    }
}

/// The tracer may have changed the registers: then the call that is to begin again is the one that they speak of now.
fn look_again(cx: &Context, call: &mut Option<InterruptedCall>) {
    if cx.task.trace.state.lock().frozen.as_ref().is_some_and(|frozen| frozen.has_new_registers) {
        *call = InterruptedCall::of(&cx.user);
    }
}
