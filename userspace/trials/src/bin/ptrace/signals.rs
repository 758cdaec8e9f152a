//! Stops at signals, and those of the whole process.

use abi::Errno;
use abi::table::number;
use abi::types::{PeekSiginfo, Siginfo};
use trials::raw::call;
use trials::{Holds, child, equal};

use super::kit::*;

pub(crate) const CASES: &[Case] = &[
    ("signals are shown, dropped, changed and let through", shown),
    ("their details are told and set", details),
    ("masks and pending signals are told, and masks set", masks),
    ("SIGSTOP and SIGCONT are told, and a seized thread listens", listening),
    ("a seized thread is stopped when it is to be, and no other", interrupting),
    ("attaching stops a thread, even one that is stopped", attaching),
];

fn raise(signal: i32) -> bool {
    child::kill(child::own_id(), signal).is_ok()
}

fn shown() -> Holds {
    let tracee = Tracee::start(|| {
        // Dropped, changed to one that is ignored, let through.
        let is_alive = raise(libc::SIGTERM) && raise(libc::SIGUSR1) && raise(libc::SIGCHLD);
        i32::from(!is_alive || raise(libc::SIGUSR2))
    })?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGTERM))?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGUSR1))?;
    tracee.run(PTRACE_CONT, libc::SIGWINCH, stopped(libc::SIGCHLD))?;
    refused(tracee.ask(PTRACE_CONT, 0, 65), Errno::EIO)?;
    tracee.run(PTRACE_CONT, libc::SIGCHLD, stopped(libc::SIGUSR2))?;
    tracee.run(PTRACE_CONT, libc::SIGUSR2, libc::SIGUSR2)
}

fn details() -> Holds {
    let tracee = Tracee::start(|| {
        let wanted = 1_u64 << (libc::SIGUSR1 - 1);
        let mut info = Siginfo::default();
        let _ = call(number::rt_sigprocmask, &[0, &raw const wanted as usize, 0, 8]);
        raise(libc::SIGUSR2);
        let words = [&raw const wanted as usize, &raw mut info as usize, 0, 8];
        let taken = call(number::rt_sigtimedwait, &words);
        i32::from(taken != Ok(libc::SIGUSR1 as usize) || (info.code, info.fields[0]) != (-1, 4711))
    })?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGUSR2))?;
    let mut info = Siginfo::default();
    let at = &raw mut info as usize;
    equal(tracee.ask(PTRACE_GETSIGINFO, 0, at), Ok(0))?;
    equal((info.signal, info.code, info.fields[0] as i32), (libc::SIGUSR2, 0, tracee.0))?;
    (info.signal, info.code, info.fields[0]) = (libc::SIGUSR1, -1, 4711);
    equal(tracee.ask(PTRACE_SETSIGINFO, 0, &raw const info as usize), Ok(0))?;
    // It is blocked: it waits until the thread takes it.
    tracee.run(PTRACE_CONT, libc::SIGUSR1, exited(0))
}

fn masks() -> Holds {
    let tracee = Tracee::start(|| {
        let blocked = 1_u64 << (libc::SIGUSR1 - 1);
        let _ = call(number::rt_sigprocmask, &[0, &raw const blocked as usize, 0, 8]);
        raise(libc::SIGUSR1);
        let _ = call(number::tgkill, &[child::own_id() as usize, child::own_id() as usize, libc::SIGUSR1 as usize]);
        raise(libc::SIGUSR2);
        1
    })?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGUSR2))?;
    let mut mask = 0_u64;
    let at = &raw mut mask as usize;
    equal(tracee.ask(PTRACE_GETSIGMASK, 8, at), Ok(0))?;
    equal(mask & 1 << (libc::SIGUSR1 - 1) != 0, true)?;
    refused(tracee.ask(PTRACE_GETSIGMASK, 4, at), Errno::EINVAL)?;
    for (flags, code) in [(PTRACE_PEEKSIGINFO_SHARED, 0), (0, -6)] {
        let wanted = PeekSiginfo { offset: 0, flags, count: 8 };
        let mut found = [Siginfo::default(); 8];
        equal(tracee.ask(PTRACE_PEEKSIGINFO, &raw const wanted as usize, found.as_mut_ptr() as usize), Ok(1))?;
        equal((found[0].signal, found[0].code), (libc::SIGUSR1, code))?;
    }
    let bad = PeekSiginfo { offset: 0, flags: 2, count: 8 };
    refused(tracee.ask(PTRACE_PEEKSIGINFO, &raw const bad as usize, at), Errno::EINVAL)?;
    mask = 0;
    equal(tracee.ask(PTRACE_SETSIGMASK, 8, &raw const mask as usize), Ok(0))?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGUSR1))?;
    tracee.run(PTRACE_CONT, libc::SIGUSR1, libc::SIGUSR1)
}

fn wait_for_signals() -> i32 {
    loop {
        let _ = call(number::pause, &[]);
    }
}

fn listening() -> Holds {
    let tracee = Tracee::seize(0, wait_for_signals)?;
    got("kill", child::kill(tracee.0, libc::SIGSTOP))?;
    tracee.expect(stopped(libc::SIGSTOP))?;
    let group_stop = stopped(libc::SIGSTOP | (PTRACE_EVENT_STOP as i32) << 8);
    tracee.run(PTRACE_CONT, libc::SIGSTOP, group_stop)?;
    equal(tracee.ask(PTRACE_LISTEN, 0, 0), Ok(0))?;
    // It does not run: it cannot be asked for anything but to stop.
    refused(tracee.ask(PTRACE_CONT, 0, 0), Errno::ESRCH)?;
    nothing_of(tracee.0)?;
    equal(tracee.ask(PTRACE_INTERRUPT, 0, 0), Ok(0))?;
    tracee.expect(group_stop)?;
    equal(tracee.ask(PTRACE_LISTEN, 0, 0), Ok(0))?;
    got("kill", child::kill(tracee.0, libc::SIGCONT))?;
    tracee.expect(event(PTRACE_EVENT_STOP))?;
    tracee.run(PTRACE_CONT, 0, stopped(libc::SIGCONT))?;
    tracee.go(PTRACE_CONT, libc::SIGCONT)?;
    got("kill", child::kill(tracee.0, libc::SIGTERM))?;
    tracee.expect(stopped(libc::SIGTERM))?;
    tracee.run(PTRACE_CONT, libc::SIGTERM, libc::SIGTERM)
}

fn interrupting() -> Holds {
    let [from, to] = pipe()?;
    let tracee = Tracee::seize(0, move || {
        let _ = trials::raw::write(to, b"x");
        loop {
            std::hint::spin_loop();
        }
    })?;
    await_byte(from)?;
    refused(tracee.ask(PTRACE_CONT, 0, 0), Errno::ESRCH)?;
    for _ in 0..100 {
        equal(tracee.ask(PTRACE_INTERRUPT, 0, 0), Ok(0))?;
        tracee.expect(event(PTRACE_EVENT_STOP))?;
        equal(tracee.details(), Ok((libc::SIGTRAP, libc::SIGTRAP | (PTRACE_EVENT_STOP as i32) << 8)))?;
        tracee.go(PTRACE_CONT, 0)?;
    }
    nothing_of(tracee.0)?;
    let other = Tracee::start(|| 0)?;
    refused(other.ask(PTRACE_INTERRUPT, 0, 0), Errno::EIO)?;
    refused(other.ask(PTRACE_LISTEN, 0, 0), Errno::EIO)
}

fn attaching() -> Holds {
    let child = Tracee(got("fork", child::fork(wait_for_signals))?);
    equal(child.ask(PTRACE_ATTACH, 0, 0), Ok(0))?;
    child.expect(stopped(libc::SIGSTOP))?;
    refused(child.ask(PTRACE_ATTACH, 0, 0), Errno::EPERM)?;
    equal(child.ask(PTRACE_DETACH, 0, 0), Ok(0))?;
    refused(child.ask(PTRACE_CONT, 0, 0), Errno::ESRCH)?;
    // Now it is stopped as any process is, and its parent is told.
    got("kill", child::kill(child.0, libc::SIGSTOP))?;
    let (_, status) = got("wait", child::wait(child.0, libc::WUNTRACED))?;
    equal(status, stopped(libc::SIGSTOP))?;
    equal(child.ask(PTRACE_SEIZE, 0, 0), Ok(0))?;
    child.expect(stopped(libc::SIGSTOP | (PTRACE_EVENT_STOP as i32) << 8))?;
    refused(child.details().map(drop), Errno::EINVAL).or_else(|_| equal(child.details().is_ok(), true))?;
    // Let go while its process is stopped, it is stopped like any other.
    equal(child.ask(PTRACE_DETACH, 0, 0), Ok(0))?;
    got("kill", child::kill(child.0, libc::SIGCONT))?;
    let (_, status) = got("wait", child::wait(child.0, libc::WCONTINUED))?;
    equal(status, 0xffff)?;
    got("kill", child::kill(child.0, libc::SIGTERM))?;
    child.expect(libc::SIGTERM)
}
