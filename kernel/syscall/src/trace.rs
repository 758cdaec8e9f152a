//! Tracing: each call and its result as a line of the log, in the manner of `strace`.
//!
//! Off, it costs one predicted branch. On, the lines of all processes go to the log.

use crate::Context;
use crate::arguments::UserPath;
use abi::table::{CallText, ResultText, Strings, find};
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

static ON: AtomicBool = AtomicBool::new(false);

/// The most bytes of a text that are shown.
const SHOWN: usize = 64;

/// Traces from now on.
pub fn start() {
    ON.store(true, Ordering::Relaxed);
}

/// Traces no more.
pub fn stop() {
    ON.store(false, Ordering::Relaxed);
}

#[inline]
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
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

/// Runs a call and logs it. The arguments are shown as they were before it.
#[cold]
pub(crate) fn run(cx: &mut Context, call: fn(&mut Context) -> i64) {
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
