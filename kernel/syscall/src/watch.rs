//! Watching calls: each one shown to a tracer (`process::tracing`), as events of the trace (`sync::trace`), logged in the manner of `strace`, its error held
//! against the row that should declare it, an allocation in it made to fail. Words of the kernel's command line ask for
//! the last three.
//!
//! While nothing is watched all together cost one predicted branch a call.

use crate::Context;
use crate::arguments::UserPath;
use abi::table::{CallText, ResultText, Row, Strings, find};
use abi::{Errno, Promises};
use core::fmt;
use mm::inject::{self, FailNth};
use process::tracing;
use sync::trace::{self, CALL_ERRORS, CALL_FAILURES, CALL_TEXTS, EVENTS, Kind, TRACERS};

/// What can be done with each call, beside recording it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// `strace`: its arguments and its result go to the log.
    Text,
    /// `check_errnos`: an error that its row does not declare is a warning in the log.
    Errors,
    /// `fault_injection`: a thread may ask that an allocation of its next call fail, through `/proc/self/fail-nth`.
    Failures,
}

impl Watch {
    /// What a word of the command line asks for.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "strace" => Some(Self::Text),
            "check_errnos" => Some(Self::Errors),
            "fault_injection" => Some(Self::Failures),
            _ => None,
        }
    }

    const fn flag(self) -> u32 {
        match self {
            Self::Text => CALL_TEXTS,
            Self::Errors => CALL_ERRORS,
            Self::Failures => CALL_FAILURES,
        }
    }
}

/// The most bytes of a text that are shown.
const SHOWN: usize = 64;

/// Watches calls in this way too from now on.
pub fn start(watch: Watch) {
    if watch == Watch::Failures {
        inject::offer();
    }
    trace::start(watch.flag());
}

#[inline]
pub(crate) fn is_on() -> bool {
    trace::flags() & (EVENTS | CALL_TEXTS | CALL_ERRORS | CALL_FAILURES | TRACERS) != 0
}

fn has(watch: Watch) -> bool {
    trace::flags() & watch.flag() != 0
}

/// Texts as they stand in the caller's memory.
struct UserStrings;

impl Strings for UserStrings {
    fn show(&self, address: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UserPath::new(address).read() {
            Ok(text) => write!(f, "\"{}\"", text[..text.len().min(SHOWN)].escape_ascii()),
            Err(_) => write!(f, "{address:#x}"),
        }
    }
}

/// Runs a call, shown, recorded and watched as wanted, and leaves its result in the registers.
#[cold]
pub(crate) fn run(cx: &mut Context, call: fn(&mut Context) -> i64) {
    if tracing::enter_call(cx) {
        run_recorded(cx, call);
    }
    tracing::leave_call(cx);
}

fn run_recorded(cx: &mut Context, call: fn(&mut Context) -> i64) {
    let thread = sched::current().id().0;
    trace::event(Kind::CallEnter, 0, thread, cx.user.syscall_number());
    if trace::flags() & (CALL_TEXTS | CALL_ERRORS | CALL_FAILURES) != 0 {
        run_watched(cx, call);
    } else {
        let result = call(cx);
        cx.user.set_result(result);
    }
    trace::event(Kind::CallExit, 0, thread, cx.user.regs().rax);
}

/// Arguments are shown as they are after the call.
fn run_watched(cx: &mut Context, call: fn(&mut Context) -> i64) {
    let row = find(cx.user.syscall_number());
    let words = cx.user.args();
    let id = cx.task.id();
    let is_shown = has(Watch::Text);
    if let Some(row) = row.filter(|row| is_shown && never_returns(row)) {
        log::info!("[{id}] {}", CallText { row, words, strings: &UserStrings });
    }
    let result = run_with_failure(cx, call);
    cx.user.set_result(result);
    let Some(row) = row else { return };
    if is_shown {
        log::info!("[{id}] {} = {}", CallText { row, words, strings: &UserStrings }, ResultText(result));
    }
    if has(Watch::Errors) {
        check_error(cx, row, result);
    }
}

/// Whether the call may leave nobody to tell of it afterwards.
fn never_returns(row: &Row) -> bool {
    use abi::table::number::{execve, execveat, exit, exit_group};
    [exit, exit_group, execve, execveat].contains(&row.number)
}

/// Runs the call, with the failure in it that its thread asked for.
fn run_with_failure(cx: &mut Context, call: fn(&mut Context) -> i64) -> i64 {
    let Some(nth) = cx.task.take_failure() else { return call(cx) };
    let failure = FailNth::new(nth);
    let result = call(cx);
    let left = failure.left();
    drop(failure);
    cx.task.note_failure_left(left);
    result
}

/// Warns of an error that its row does not declare and that not every call may return.
fn check_error(cx: &Context, row: &Row, result: i64) {
    // What a handler returns to is the result of another call.
    if row.number == abi::table::number::rt_sigreturn {
        return;
    }
    let Err(errno) = Errno::from_return(result) else { return };
    let seen = match errno {
        Errno::ERESTARTNOINTR => return,
        _ if errno.is_internal() => Errno::EINTR,
        _ => errno,
    };
    let is_any_calls = matches!(seen, Errno::EFAULT | Errno::ENOMEM)
        || (seen == Errno::EPERM && !cx.table.promises().contains(Promises::UNPLEDGED));
    if !is_any_calls && !row.errors.contains(&seen) {
        log::warn!("{} returned {}, which its row does not declare", row.name, seen.name());
    }
}
