//! What becomes of tracers and tracees when one of them ends.

use abi::Errno;
use abi::table::number;
use trials::raw::{call, read, write};
use trials::{Holds, child, equal};

use super::kit::*;

pub(crate) const CASES: &[Case] = &[
    ("SIGKILL ends a tracee in every stop", killed),
    ("with its tracer a tracee goes on, or ends if that was asked for", orphaned),
    ("a tracer that is not the parent is told first, then the parent", two_told),
    ("several threads of a tracer may ask", several),
    ("nobody traces itself, its tracer, or what is not there", refusals),
];

fn killed() -> Holds {
    let at_signal = Tracee::start(|| 0)?;
    let at_call = Tracee::start(|| 0)?;
    at_call.set_options(PTRACE_O_TRACESYSGOOD)?;
    at_call.run(PTRACE_SYSCALL, 0, AT_CALL)?;
    let by_request = Tracee::start(|| 0)?;
    let listening = Tracee::seize(0, || {
        loop {
            let _ = call(number::pause, &[]);
        }
    })?;
    got("kill", child::kill(listening.0, libc::SIGSTOP))?;
    listening.expect(stopped(libc::SIGSTOP))?;
    listening.run(PTRACE_CONT, libc::SIGSTOP, stopped(libc::SIGSTOP | (PTRACE_EVENT_STOP as i32) << 8))?;
    equal(listening.ask(PTRACE_LISTEN, 0, 0), Ok(0))?;
    equal(by_request.ask(PTRACE_KILL, 0, 0), Ok(0))?;
    for tracee in [&at_signal, &at_call, &listening] {
        got("kill", child::kill(tracee.0, libc::SIGKILL))?;
        tracee.expect(KILLED)?;
    }
    by_request.expect(KILLED)?;
    killed_at_end()
}

/// Elsewhere nothing but its tracer helps a thread that shows its end.
fn killed_at_end() -> Holds {
    if !tessera::system::is_tessera() {
        return Ok(());
    }
    let tracee = Tracee::start(|| 5)?;
    tracee.set_options(PTRACE_O_TRACEEXIT)?;
    tracee.run(PTRACE_CONT, 0, event(PTRACE_EVENT_EXIT))?;
    got("kill", child::kill(tracee.0, libc::SIGKILL))?;
    // It was ending already, with this code.
    tracee.expect(exited(5))
}

fn orphaned() -> Holds {
    for (options, expected) in [(0, exited(3)), (PTRACE_O_EXITKILL, KILLED)] {
        for is_stopped in [true, false] {
            let [from, to] = pipe()?;
            let traced = got(
                "fork",
                child::fork(|| {
                    let _ = call(number::close, &[to]);
                    let _ = read(from, 1);
                    3
                }),
            )?;
            let tracer = got(
                "fork",
                child::fork(|| {
                    let mut fine = ask(PTRACE_SEIZE, traced, 0, options as usize).is_ok();
                    if is_stopped {
                        fine &= ask(PTRACE_INTERRUPT, traced, 0, 0).is_ok();
                        fine &= child::wait(traced, WALL).is_ok_and(|(_, status)| status == event(PTRACE_EVENT_STOP));
                    }
                    i32::from(!fine)
                }),
            )?;
            equal(got("wait", child::wait(tracer, 0))?.1, 0)?;
            let _ = call(number::close, &[to]);
            equal(got("wait", child::wait(traced, 0))?, (traced, expected))?;
            let _ = call(number::close, &[from]);
        }
    }
    Ok(())
}

fn two_told() -> Holds {
    let ([from, to], [asked, answer]) = (pipe()?, pipe()?);
    let traced = got(
        "fork",
        child::fork(|| {
            let _ = read(from, 1);
            3
        }),
    )?;
    let tracer = got(
        "fork",
        child::fork(|| {
            let mut fine = ask(PTRACE_SEIZE, traced, 0, 0).is_ok();
            fine &= write(to, b"x").is_ok();
            // Its end is there, and its parent does not know.
            fine &= child::wait_id(libc::P_PID, traced as u32, libc::WEXITED | libc::WNOWAIT).is_ok();
            fine &= write(answer, b"x").is_ok();
            let _ = read(from, 1);
            fine &= child::wait(traced, WALL).is_ok_and(|told| told == (traced, exited(3)));
            i32::from(!fine)
        }),
    )?;
    await_byte(asked)?;
    nothing_of(traced)?;
    got("write", write(to, b"x"))?;
    equal(got("wait", child::wait(traced, 0))?, (traced, exited(3)))?;
    equal(got("wait", child::wait(tracer, 0))?.1, 0)
}

fn several() -> Holds {
    let traced: Vec<Tracee> = (0..4).map(|code| Tracee::start(move || code)).collect::<Result<_, _>>()?;
    if !tessera::system::is_tessera() {
        // Elsewhere only the thread that attached may ask.
        return Ok(());
    }
    let threads: Vec<_> = traced
        .iter()
        .zip(0..)
        .map(|(tracee, code)| {
            let id = tracee.0;
            std::thread::spawn(move || Tracee(id).finish(code))
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")??;
    }
    std::mem::forget(traced);
    Ok(())
}

fn refusals() -> Holds {
    let own = child::own_id();
    refused(ask(PTRACE_ATTACH, own, 0, 0), Errno::EPERM)?;
    refused(ask(PTRACE_ATTACH, 1 << 21, 0, 0), Errno::ESRCH)?;
    refused(ask(PTRACE_CONT, child::parent(), 0, 0), Errno::ESRCH)?;
    refused(ask(PTRACE_SEIZE, child::parent(), 8, 0), Errno::EIO)?;
    let tracee = Tracee::start(|| i32::from(ask(PTRACE_TRACEME, 0, 0, 0) != Err(Errno::EPERM)))?;
    refused(tracee.ask(PTRACE_SETOPTIONS, 0, 1 << 30), Errno::EINVAL)?;
    tracee.finish(0)?;
    let other = Tracee(got(
        "fork",
        child::fork(|| {
            loop {
                let _ = call(number::pause, &[]);
            }
        }),
    )?);
    refused(other.ask(PTRACE_SEIZE, 0, 1 << 30), Errno::EINVAL)
        .or_else(|_| refused(other.ask(PTRACE_SEIZE, 0, 1 << 30), Errno::EIO))
}
