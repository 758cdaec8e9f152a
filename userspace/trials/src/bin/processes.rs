//! Processes as their parents see them: how they end, stop and continue, whose children they are, and in which group.

#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::process::ExitCode;

use trials::child::{
    self, call, doze, fork, group, kill, own_id, parent, pause, set_group, start_session, wait, wait_id,
};
use trials::{Outcome, Report, all, equal};

type Case = fn() -> Outcome;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("thread-exec") {
        return exec_from_thread();
    }
    let mut report = Report::new();
    let cases: &[(&str, Case)] = &[
        ("an exit code arrives", exit_code),
        ("a killing signal arrives, and a core bit only with a core", killed),
        ("WNOHANG does not wait, and no child is ECHILD", no_hang),
        ("WNOWAIT leaves the child", no_wait),
        ("stops and continuations are reported once each", stop_and_continue),
        ("children of a group are waited for by group", wait_by_group),
        ("ignoring SIGCHLD leaves no zombie", ignored_children),
        ("orphans go to the subreaper", subreaper),
        ("a signal to a group reaches every member", group_signal),
        ("a session leader cannot start another session", sessions),
        ("a child that has executed cannot be moved", moved_after_exec),
        ("ids are not reused while their group lives", group_keeps_id),
        ("process descriptors name a process for good", descriptors),
        ("vfork's parent waits", vfork_waits),
        ("SIGKILL ends a stopped process", kill_stopped),
        ("exec from a thread keeps the id and ends the others", thread_exec),
        ("a thousand children come and go", many_children),
    ];
    for (what, case) in cases {
        report.try_case(what, case);
    }
    report.finish()
}

fn exit_code() -> Outcome {
    let pid = fork(|| 300)?;
    let (waited, status) = wait(-1, 0)?;
    Ok(all([equal(waited, pid), equal(status, (300 & 0xff) << 8)]))
}

fn killed() -> Outcome {
    let pid = fork(|| {
        pause();
        0
    })?;
    kill(pid, libc::SIGTERM)?;
    let (_, status) = wait(pid, 0)?;
    Ok(all([equal(status, libc::SIGTERM)]))
}

fn no_hang() -> Outcome {
    let none = wait(-1, libc::WNOHANG).map_err(|error| error.raw_os_error());
    let pid = fork(|| {
        pause();
        0
    })?;
    let still = wait(pid, libc::WNOHANG)?;
    kill(pid, libc::SIGKILL)?;
    let gone = wait(pid, 0)?;
    Ok(all([equal(none, Err(Some(libc::ECHILD))), equal(still.0, 0), equal(gone, (pid, libc::SIGKILL))]))
}

fn no_wait() -> Outcome {
    let pid = fork(|| 7)?;
    let first = wait_id(libc::P_PID, pid as u32, libc::WEXITED | libc::WNOWAIT)?;
    let second = wait_id(libc::P_ALL, 0, libc::WEXITED)?;
    let third = wait_id(libc::P_ALL, 0, libc::WEXITED).map_err(|error| error.raw_os_error());
    let expected = (pid, libc::CLD_EXITED, 7);
    Ok(all([equal(first, expected), equal(second, expected), equal(third, Err(Some(libc::ECHILD)))]))
}

fn stop_and_continue() -> Outcome {
    let pid = fork(|| {
        pause();
        0
    })?;
    kill(pid, libc::SIGSTOP)?;
    let stopped = wait(pid, libc::WUNTRACED)?;
    let again = wait(pid, libc::WUNTRACED | libc::WNOHANG)?;
    kill(pid, libc::SIGCONT)?;
    let continued = wait(pid, libc::WCONTINUED)?;
    kill(pid, libc::SIGKILL)?;
    let ended = wait(pid, 0)?;
    Ok(all([
        equal(stopped, (pid, libc::SIGSTOP << 8 | 0x7f)),
        equal(again.0, 0),
        equal(continued, (pid, 0xffff)),
        equal(ended, (pid, libc::SIGKILL)),
    ]))
}

fn wait_by_group() -> Outcome {
    let apart = fork(|| {
        let _ = set_group(0, 0);
        3
    })?;
    let _ = set_group(apart, apart);
    let beside = fork(|| 4)?;
    let by_group = wait(-apart, 0)?;
    let own = wait(0, 0)?;
    Ok(all([equal(by_group, (apart, 3 << 8)), equal(own, (beside, 4 << 8))]))
}

fn set_disposition(signal: i32, handler: libc::sighandler_t) {
    // SAFETY: the handlers that are passed are SIG_IGN and SIG_DFL.
    unsafe { libc::signal(signal, handler) };
}

fn ignored_children() -> Outcome {
    set_disposition(libc::SIGCHLD, libc::SIG_IGN);
    fork(|| 0)?;
    fork(|| {
        doze(20);
        0
    })?;
    // Waits until all are gone, and then finds none.
    let waited = wait(-1, 0).map_err(|error| error.raw_os_error());
    set_disposition(libc::SIGCHLD, libc::SIG_DFL);
    Ok(all([equal(waited, Err(Some(libc::ECHILD)))]))
}

fn subreaper() -> Outcome {
    call(libc::SYS_prctl, libc::PR_SET_CHILD_SUBREAPER.into(), 1, 0)?;
    let me = own_id();
    let child = fork(|| {
        let middle = own_id();
        let _ = fork(move || {
            while parent() == middle {
                doze(1);
            }
            if parent() == me { 11 } else { 12 }
        });
        5
    })?;
    let first = wait(child, 0)?;
    let orphan = wait(-1, 0)?;
    call(libc::SYS_prctl, libc::PR_SET_CHILD_SUBREAPER.into(), 0, 0)?;
    Ok(all([equal(first, (child, 5 << 8)), equal(orphan.1, 11 << 8)]))
}

fn group_signal() -> Outcome {
    let leader = fork(|| {
        let _ = set_group(0, 0);
        pause();
        0
    })?;
    set_group(leader, leader)?;
    let mut members = vec![leader];
    for _ in 0..5 {
        let member = fork(|| {
            pause();
            0
        })?;
        set_group(member, leader)?;
        members.push(member);
    }
    kill(-leader, libc::SIGTERM)?;
    let mut holds = Vec::new();
    for member in members {
        holds.push(equal(wait(member, 0)?, (member, libc::SIGTERM)));
    }
    let gone = kill(-leader, 0).map_err(|error| error.raw_os_error());
    holds.push(equal(gone, Err(Some(libc::ESRCH))));
    Ok(all(holds))
}

fn sessions() -> Outcome {
    let child = fork(|| {
        let first = start_session();
        let second = start_session();
        let moved = set_group(0, parent());
        let fine = first.is_ok_and(|id| id == own_id() && group() == id) && second.is_err() && moved.is_err();
        i32::from(!fine)
    })?;
    Ok(all([equal(wait(child, 0)?, (child, 0))]))
}

fn moved_after_exec() -> Outcome {
    let mut program = trials::this_program();
    let mut child = program.arg("thread-exec").arg("sleep").spawn()?;
    doze(100);
    let pid = child.id() as i32;
    let moved = set_group(pid, pid).map_err(|error| error.raw_os_error());
    let _ = kill(pid, libc::SIGKILL);
    child.wait()?;
    Ok(all([equal(moved, Err(Some(libc::EACCES)))]))
}

fn group_keeps_id() -> Outcome {
    let leader = fork(|| {
        let _ = set_group(0, 0);
        0
    })?;
    let _ = set_group(leader, leader);
    let member = fork(|| {
        pause();
        0
    })?;
    let joined = set_group(member, leader);
    wait(leader, 0)?;
    let mut reused = false;
    for _ in 0..200 {
        let pid = fork(|| 0)?;
        wait(pid, 0)?;
        reused |= pid == leader;
    }
    kill(member, libc::SIGKILL)?;
    wait(member, 0)?;
    Ok(all([equal(joined.is_ok(), true), equal(reused, false)]))
}

fn descriptors() -> Outcome {
    let child = fork(|| {
        pause();
        0
    })?;
    let slot = call(libc::SYS_pidfd_open, child.into(), 0, 0)? as i32;
    let ready = |milliseconds| {
        let mut entry = libc::pollfd { fd: slot, events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid entry.
        unsafe { libc::poll(&mut entry, 1, milliseconds) }
    };
    let before = ready(0);
    call(libc::SYS_pidfd_send_signal, slot.into(), libc::SIGTERM.into(), 0)?;
    let after = ready(10_000);
    let waited = wait_id(libc::P_PIDFD, slot as u32, libc::WEXITED)?;
    let late = call(libc::SYS_pidfd_send_signal, slot.into(), 0, 0).map_err(|error| error.raw_os_error());
    Ok(all([
        equal(before, 0),
        equal(after, 1),
        equal(waited, (child, libc::CLD_KILLED, libc::SIGTERM)),
        equal(late, Err(Some(libc::ESRCH))),
    ]))
}

fn vfork_waits() -> Outcome {
    // posix_spawn, which `Command` uses, is vfork inside; the time shows that the parent went on after exec, not after the end.
    let started = std::time::Instant::now();
    let mut child = trials::this_program().arg("thread-exec").arg("sleep").spawn()?;
    let went_on = started.elapsed().as_secs() < 5;
    let _ = kill(child.id() as i32, libc::SIGKILL);
    child.wait()?;
    Ok(all([equal(went_on, true)]))
}

fn kill_stopped() -> Outcome {
    let child = fork(|| {
        pause();
        0
    })?;
    kill(child, libc::SIGSTOP)?;
    wait(child, libc::WUNTRACED)?;
    kill(child, libc::SIGKILL)?;
    Ok(all([equal(wait(child, 0)?, (child, libc::SIGKILL))]))
}

fn thread_exec() -> Outcome {
    let output = trials::this_program().arg("thread-exec").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines();
    let ids = (lines.next().map(str::to_owned), lines.next().map(str::to_owned));
    Ok(all([equal(output.status.code(), Some(0)), equal(ids.0.is_some() && ids.0 == ids.1, true)]))
}

/// Prints its id, then has a second thread execute this program again, which prints its id.
fn exec_from_thread() -> ExitCode {
    match std::env::args().nth(2).as_deref() {
        Some("sleep") => doze(60_000),
        Some("again") => println!("{}", own_id()),
        _ => {
            println!("{}", own_id());
            let spinning = std::thread::spawn(|| {
                loop {
                    std::hint::spin_loop();
                }
            });
            let executing = std::thread::spawn(|| {
                use std::os::unix::process::CommandExt;
                let error = trials::this_program().arg("thread-exec").arg("again").exec();
                eprintln!("exec: {error}");
                child::call(libc::SYS_exit_group, 3, 0, 0)
            });
            let _ = executing.join();
            let _ = spinning.join();
        }
    }
    ExitCode::SUCCESS
}

fn many_children() -> Outcome {
    let mut wrong = 0;
    for round in 0..1000 {
        let pid = fork(|| round & 0x7f)?;
        wrong += i32::from(wait(pid, 0)? != (pid, (round & 0x7f) << 8));
    }
    Ok(all([equal(wrong, 0)]))
}
