//! Many at once.

use abi::table::number;
use trials::raw::call;
use trials::{Holds, child, equal};

use super::kit::*;

pub(crate) const CASES: &[Case] = &[
    ("a storm of forks and threads under a tracer leaves nobody behind", storm),
    ("interrupts, signals and kills race with calls and steps", races),
];

/// Makes children, each of which makes children and threads.
fn grow(depth: u32) -> i32 {
    let mut made = Vec::new();
    for _ in 0..3 {
        if depth > 0 {
            made.extend(child::fork(|| grow(depth - 1)));
        }
    }
    let thread = std::thread::spawn(|| call(number::gettid, &[]).is_ok());
    let fine = thread.join().unwrap_or(false);
    let well = made.into_iter().all(|pid| child::wait(pid, 0).is_ok_and(|(_, status)| status == exited(9)));
    if fine && well { 9 } else { 1 }
}

fn storm() -> Holds {
    let options = PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
    let first = Tracee::start(|| grow(3))?;
    first.set_options(options)?;
    first.go(PTRACE_CONT, 0)?;
    let mut ends = 0;
    while let Ok((id, status)) = child::wait(-1, WALL) {
        if status & 0x7f != 0x7f {
            equal(status == exited(9) || status == 0, true).map_err(|_| describe(status))?;
            ends += 1;
            continue;
        }
        let signal = status >> 8;
        let passed = if signal == libc::SIGCHLD { signal } else { 0 };
        let request = if ends % 2 == 0 { PTRACE_CONT } else { PTRACE_SYSCALL };
        got("going on", ask(request, id, 0, passed as usize))?;
    }
    // 1 + 3 + 9 + 27 processes, each with a thread.
    equal(ends, 80)
}

fn races() -> Holds {
    for round in 0..20 {
        let tracee = Tracee::seize(PTRACE_O_TRACESYSGOOD, || {
            loop {
                let _ = call(number::getppid, &[]);
            }
        })?;
        for step in 0..30 {
            let _ = tracee.ask(PTRACE_INTERRUPT, 0, 0);
            if step % 7 == 3 {
                let _ = child::kill(tracee.0, libc::SIGWINCH);
            }
            let (_, status) = got("wait", child::wait(tracee.0, WALL))?;
            equal(status & 0x7f, 0x7f)?;
            tracee.registers()?;
            let request = [PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP][(step + round) % 3];
            tracee.go(request, 0)?;
        }
        got("kill", child::kill(tracee.0, libc::SIGKILL))?;
        loop {
            let (_, status) = got("wait", child::wait(tracee.0, WALL))?;
            if status == KILLED {
                break;
            }
        }
    }
    Ok(())
}
