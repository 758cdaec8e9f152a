//! Ways to die.
#![allow(unsafe_code, reason = "libc's calls, and the fault itself")]

use std::fs;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Barrier;

use abi::table::number;
use trials::child;
use trials::raw::{call, pipe, read};

/// Where the pattern of the names of cores is.
pub(crate) const PATTERN: &str = "/proc/sys/kernel/core_pattern";

/// Lets the process leave a core of at most so many bytes.
pub(crate) fn allow(bytes: u64) {
    let limit = [bytes, bytes];
    let _ = call(number::setrlimit, &[libc::RLIMIT_CORE as usize, limit.as_ptr() as usize]);
}

/// Faults.
#[inline(never)]
pub(crate) extern "C" fn fall_over() -> i32 {
    // SAFETY: there is nothing at the address: the process ends here.
    unsafe { std::ptr::without_provenance_mut::<u64>(0x18).write_volatile(1) };
    0
}

/// Ends by a signal that it sends itself.
pub(crate) fn signal(signal: i32) -> i32 {
    let _ = child::kill(child::own_id(), signal);
    1
}

/// A child that may leave a core and runs `body`: its id and wait status.
pub(crate) fn died(body: impl FnOnce() -> i32) -> Result<(i32, i32), String> {
    let run = || {
        allow(u64::MAX);
        body()
    };
    child::fork(run).and_then(|pid| child::wait(pid, 0)).map_err(|error| error.to_string())
}

#[inline(never)]
extern "C" fn wait_in_alpha(from: usize) {
    let _ = read(from, 1);
}

#[inline(never)]
extern "C" fn wait_in_beta(from: usize) {
    let _ = read(from, 2);
}

/// Faults while two threads sleep.
pub(crate) fn fall_over_with_threads() -> i32 {
    let Ok([from, _to]) = pipe() else { return 1 };
    let ready = Barrier::new(3);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            ready.wait();
            wait_in_alpha(from);
        });
        scope.spawn(|| {
            ready.wait();
            wait_in_beta(from);
        });
        ready.wait();
        // Until both sleep: their states are read, as anybody may.
        while sleepers() < 2 {
            std::thread::yield_now();
        }
        fall_over()
    })
}

/// How many threads of this process sleep.
fn sleepers() -> usize {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let stat = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    stat.filter(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" S"))).count()
}

/// Writes a core to standard output.
pub(crate) fn print_core() -> ExitCode {
    let made = std::env::set_current_dir("/tmp")
        .and_then(|()| fs::write(PATTERN, "core\n"))
        .map_err(|error| error.to_string())
        .and_then(|()| died(fall_over_with_threads));
    let printed = made.and_then(|_| fs::read("core").map_err(|error| error.to_string()));
    match printed.and_then(|core| std::io::stdout().write_all(&core).map_err(|error| error.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
