//! Who may trace whom: the tracer's table dominates the tracee's, at each request.

use abi::Errno;
use abi::table::number;
use abi::types::NarrowItem;
use caps::{Rights, Root};
use trials::child::in_child;
use trials::narrowing::{narrow, root};
use trials::pledged::{self, ABORTED, enter_capability_mode};
use trials::raw::call;
use trials::{Holds, child, equal};

use super::kit::*;

pub(crate) const CASES: &[Case] = &[
    ("a narrower process attaches to nothing wider, and that is recorded", narrower),
    ("a tracer that narrows itself afterwards can only let go", narrowed),
    ("a wider child that offers itself gives its narrower parent nothing", offered),
    ("a tracee that gets wider by exec is out of reach", widened),
    ("capability mode and promises keep tracers away", contained),
    ("another user's process is not traced", other_user),
];

fn give_up_the_clock() -> Holds {
    narrow(&[root(Root::Clock, Rights::NONE, NarrowItem::NOW | NarrowItem::AFTER_EXEC)])
        .map_err(|errno| format!("narrowing: {errno}"))
}

fn is_recorded() -> Holds {
    let text = got("the record", std::fs::read_to_string("/proc/self/denial"))?;
    for part in ["call=ptrace ", "needs=root:clock", "taken-by=narrow"] {
        if !text.contains(part) {
            return Err(format!("no {part} in {text}"));
        }
    }
    Ok(())
}

fn sleeper() -> Result<Tracee, String> {
    let pid = child::fork(|| {
        loop {
            let _ = call(number::pause, &[]);
        }
    });
    Ok(Tracee(got("fork", pid)?))
}

fn narrower() -> Holds {
    let wide = sleeper()?;
    let id = wide.0;
    in_child(|| {
        give_up_the_clock()?;
        for request in [PTRACE_ATTACH, PTRACE_SEIZE] {
            refused(ask(request, id, 0, 0), Errno::EPERM)?;
            is_recorded()?;
        }
        let narrow = sleeper()?;
        equal(narrow.ask(PTRACE_ATTACH, 0, 0), Ok(0))?;
        narrow.expect(stopped(libc::SIGSTOP))?;
        narrow.registers().map(drop)
    })?;
    nothing_of(wide.0)
}

fn narrowed() -> Holds {
    let tracee = Tracee::start(|| 4)?;
    tracee.registers()?;
    give_up_the_clock()?;
    let mut word = 0_u64;
    let at = &raw mut word as usize;
    for (request, address, data) in [
        (PTRACE_GETREGS, 0, 0),
        (PTRACE_PEEKDATA, at, at),
        (PTRACE_POKEDATA, at, 1),
        (PTRACE_PEEKUSR, 0, at),
        (PTRACE_CONT, 0, 0),
        (PTRACE_SINGLESTEP, 0, 0),
        (PTRACE_KILL, 0, 0),
        (PTRACE_DETACH, 0, libc::SIGUSR1 as usize),
    ] {
        refused(tracee.ask(request, address, data), Errno::EPERM)?;
        is_recorded()?;
    }
    equal(tracee.ask(PTRACE_DETACH, 0, 0), Ok(0))?;
    tracee.expect(exited(4))
}

fn offered() -> Holds {
    let [from, to] = pipe()?;
    let [go, let_go] = pipe()?;
    // The child is made before its parent narrows itself.
    let pid = child::fork(|| {
        let _ = trials::raw::read(go, 1);
        let offered = ask(PTRACE_TRACEME, 0, 0, 0).is_ok();
        let _ = trials::raw::write(to, b"x");
        let _ = child::kill(child::own_id(), libc::SIGSTOP);
        if offered { 6 } else { 1 }
    });
    let tracee = Tracee(got("fork", pid)?);
    give_up_the_clock()?;
    got("write", trials::raw::write(let_go, b"x"))?;
    await_byte(from)?;
    tracee.expect(stopped(libc::SIGSTOP))?;
    refused(tracee.ask(PTRACE_GETREGS, 0, 0), Errno::EPERM)?;
    refused(tracee.ask(PTRACE_CONT, 0, 0), Errno::EPERM)?;
    is_recorded()?;
    equal(tracee.ask(PTRACE_DETACH, 0, 0), Ok(0))?;
    tracee.expect(exited(6))
}

fn widened() -> Holds {
    // What is narrowed now only, exec gives back.
    narrow(&[root(Root::Clock, Rights::NONE, NarrowItem::NOW)]).map_err(|errno| errno.to_string())?;
    let tracee = Tracee::start(|| {
        let path = trials::raw::text("/proc/self/exe");
        let arguments = [path, trials::raw::text("no case has this name"), 0];
        let _ = call(number::execve, &[path, arguments.as_ptr() as usize, 0]);
        1
    })?;
    tracee.set_options(PTRACE_O_TRACEEXEC)?;
    tracee.run(PTRACE_CONT, 0, event(PTRACE_EVENT_EXEC))?;
    refused(tracee.ask(PTRACE_GETREGS, 0, 0), Errno::EPERM)?;
    is_recorded()?;
    equal(tracee.ask(PTRACE_DETACH, 0, 0), Ok(0))?;
    tracee.expect(exited(0))
}

fn contained() -> Holds {
    let tracee = sleeper()?;
    let id = tracee.0;
    in_child(|| {
        got("capability mode", enter_capability_mode())?;
        refused(ask(PTRACE_ATTACH, id, 0, 0), Errno::ECAPMODE)
    })?;
    let attaches = || i32::from(ask(PTRACE_ATTACH, id, 0, 0).is_ok());
    pledged::ends(pledged::under("stdio proc", attaches), ABORTED)?;
    pledged::ends(pledged::under("stdio proc ptrace", attaches), pledged::Ended::With(0))
}

fn other_user() -> Holds {
    let tracee = sleeper()?;
    let id = tracee.0;
    in_child(|| {
        got("setuid", call(number::setuid, &[1000]))?;
        refused(ask(PTRACE_ATTACH, id, 0, 0), Errno::EPERM)
    })
}
