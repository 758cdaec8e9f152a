//! Tracing: each call as events of the trace (`sync::trace`), and, with its arguments and result, as a line of the log in
//! the manner of `strace`.
//!
//! Off, both together cost one predicted branch. On, the lines of all processes go to the log.

use crate::Context;
use crate::arguments::UserPath;
use abi::table::{CallText, ResultText, Strings, find};
use core::fmt;
use sync::trace::{self, CALL_TEXTS, EVENTS, Kind};

/// The most bytes of a text that are shown.
const SHOWN: usize = 64;

/// Logs calls from now on.
pub fn start() {
    trace::start(CALL_TEXTS);
}

/// Logs them no more.
pub fn stop() {
    trace::stop(CALL_TEXTS);
}

#[inline]
pub(crate) fn is_on() -> bool {
    trace::flags() & (EVENTS | CALL_TEXTS) != 0
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

/// Runs a call, recorded and logged as wanted.
#[cold]
pub(crate) fn run(cx: &mut Context, call: fn(&mut Context) -> i64) {
    let thread = sched::current().id().0;
    trace::event(Kind::CallEnter, 0, thread, cx.user.syscall_number());
    if trace::flags() & CALL_TEXTS != 0 {
        run_logged(cx, call);
    } else {
        let result = call(cx);
        cx.user.set_result(result);
    }
    trace::event(Kind::CallExit, 0, thread, cx.user.regs().rax);
}

/// Runs a call and logs it. The arguments are shown as they were before it.
fn run_logged(cx: &mut Context, call: fn(&mut Context) -> i64) {
    let id = cx.task.id();
    let words = cx.user.args();
    let number = cx.user.syscall_number();
    let Some(row) = find(number) else {
        let result = call(cx);
        cx.user.set_result(result);
        return;
    };
    if matches!(row.number, abi::table::number::exit | abi::table::number::exit_group | abi::table::number::execve) {
        log::info!("[{id}] {}", CallText { row, words, strings: &UserStrings });
    }
    let result = call(cx);
    cx.user.set_result(result);
    log::info!("[{id}] {} = {}", CallText { row, words, strings: &UserStrings }, ResultText(result));
}
