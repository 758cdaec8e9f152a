//! Processes and threads that come and go under a tracer.

use abi::table::number;
use std::collections::BTreeMap;
use trials::raw::call;
use trials::{Holds, child, equal};

use super::kit::*;

pub(crate) const CASES: &[Case] = &[
    ("children by fork and vfork are traced from their first instruction", children),
    ("threads are traced, and their ends are told", threads),
    ("exec of another thread keeps the tracer", exec_by_thread),
    ("the end is shown before it comes", end),
];

const ALL: u32 = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORKDONE;

fn children() -> Holds {
    let tracee = Tracee::start(|| {
        let Ok(first) = child::fork(|| 5) else { return 1 };
        let forked = child::wait(first, 0).map(|(_, status)| status).unwrap_or(-1);
        // By `posix_spawn`, which is a vfork.
        let spawned = trials::this_program().arg("no case has this name").status();
        i32::from(forked != exited(5) || !spawned.is_ok_and(|status| status.success()))
    })?;
    tracee.set_options(ALL)?;
    tracee.run(PTRACE_CONT, 0, event(PTRACE_EVENT_FORK))?;
    let first = Tracee(tracee.message()? as i32);
    first.expect(stopped(libc::SIGSTOP))?;
    equal(first.registers()?.rax, 0)?;
    tracee.go(PTRACE_CONT, 0)?;
    nothing_of(tracee.0)?;
    first.finish(5)?;
    pass_child_signal(&tracee, event(PTRACE_EVENT_VFORK))?;
    let second = Tracee(tracee.message()? as i32);
    second.expect(stopped(libc::SIGSTOP))?;
    tracee.go(PTRACE_CONT, 0)?;
    // Its parent waits for it.
    nothing_of(tracee.0)?;
    second.run(PTRACE_CONT, 0, stopped(libc::SIGTRAP))?;
    tracee.expect(event(PTRACE_EVENT_VFORK_DONE))?;
    equal(tracee.message()?, second.0 as u64)?;
    second.finish(0)?;
    tracee.go(PTRACE_CONT, 0)?;
    pass_child_signal(&tracee, exited(0))
}

/// Waits for what comes after the signal of a child's end. A parent that has waited for the child already may have ended before it.
fn pass_child_signal(tracee: &Tracee, status: i32) -> Holds {
    let (_, found) = got("wait", child::wait(tracee.0, WALL))?;
    match found == stopped(libc::SIGCHLD) {
        true => tracee.run(PTRACE_CONT, libc::SIGCHLD, status),
        false => equal(describe(found), describe(status)),
    }
}

fn threads() -> Holds {
    let [from, to] = pipe()?;
    let tracee = Tracee::seize(PTRACE_O_TRACECLONE, || {
        // Seized before it makes any.
        let _ = trials::raw::read(from, 1);
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| call(number::gettid, &[]).unwrap_or(0))).collect();
        i32::from(threads.into_iter().any(|thread| thread.join().is_err()))
    })?;
    got("write", trials::raw::write(to, b"x"))?;
    let mut ends = BTreeMap::new();
    while ends.len() < 5 {
        let (id, status) = got("wait", child::wait(-1, WALL))?;
        match status {
            _ if status == event(PTRACE_EVENT_CLONE) || status == event(PTRACE_EVENT_STOP) => {
                got("going on", ask(PTRACE_CONT, id, 0, 0))?;
            }
            _ if status & 0xff == 0 => {
                ends.insert(id, status);
            }
            _ => return Err(describe(status)),
        }
    }
    equal(ends.values().all(|status| *status == 0), true)?;
    equal(ends.contains_key(&tracee.0), true)
}

fn exec_by_thread() -> Holds {
    let tracee = Tracee::start(|| {
        let thread = std::thread::spawn(|| {
            let path = trials::raw::text("/proc/self/exe");
            let arguments = [path, trials::raw::text("no case has this name"), 0];
            call(number::execve, &[path, arguments.as_ptr() as usize, 0])
        });
        let _ = thread.join();
        1
    })?;
    tracee.set_options(PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)?;
    tracee.run(PTRACE_CONT, 0, event(PTRACE_EVENT_CLONE))?;
    let thread = tracee.message()? as i32;
    let (id, status) = got("wait", child::wait(thread, WALL))?;
    equal((id, status), (thread, stopped(libc::SIGSTOP)))?;
    tracee.go(PTRACE_CONT, 0)?;
    got("going on", ask(PTRACE_CONT, thread, 0, 0))?;
    tracee.expect(event(PTRACE_EVENT_EXEC))?;
    equal(tracee.message()?, thread as u64)?;
    equal(child::wait(thread, WALL | libc::WNOHANG).is_err(), true)?;
    tracee.finish(0)
}

fn end() -> Holds {
    let tracee = Tracee::start(|| 7)?;
    tracee.set_options(PTRACE_O_TRACEEXIT)?;
    tracee.run(PTRACE_CONT, 0, event(PTRACE_EVENT_EXIT))?;
    equal(tracee.message()?, 7 << 8)?;
    tracee.finish(7)?;
    let tracee = Tracee::start(|| 7)?;
    tracee.set_options(PTRACE_O_TRACEEXIT)?;
    tracee.run(PTRACE_CONT, libc::SIGTERM, event(PTRACE_EVENT_EXIT))?;
    equal(tracee.message()?, libc::SIGTERM as u64)?;
    tracee.run(PTRACE_CONT, 0, libc::SIGTERM)
}
