//! Signals as a program sees them: handlers and what they are told, masks, queues, stacks, restarts, faults.

#![allow(unsafe_code, reason = "libc's calls and handlers")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::process::ExitCode;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize};

use trials::child::{call, doze, fork, kill, own_id, pause, wait};
use trials::{Outcome, Report, all, equal};

type Case = fn() -> Outcome;

static COUNT: AtomicUsize = AtomicUsize::new(0);
static CODE: AtomicI32 = AtomicI32::new(0);
static PLACE: AtomicU64 = AtomicU64::new(0);
static STACK: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    let mut report = Report::new();
    let cases: &[(&str, Case)] = &[
        ("a handler runs and knows its sender", handler_runs),
        ("blocked signals wait, and standard ones do not queue", blocked_wait),
        ("real-time signals queue in order, with their values", real_time_queue),
        ("a read restarts with SA_RESTART and fails with EINTR without", restarts),
        ("a sleep interrupted by stop and continue goes on", sleep_goes_on),
        ("a handler runs on the signal stack", signal_stack),
        ("SA_RESETHAND and SA_NODEFER do what they say", reset_and_no_defer),
        ("sigsuspend swaps the mask and swaps it back", suspend),
        ("sigtimedwait takes a signal, and times out", timed_wait),
        ("SIGKILL and SIGSTOP can be neither caught nor blocked", unstoppable),
        ("a signal to a thread that blocks it goes to another", other_thread),
    ];
    for (what, case) in cases {
        report.try_case(what, case);
    }
    report.finish()
}

extern "C" fn note(_signal: i32, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    COUNT.fetch_add(1, SeqCst);
    // SAFETY: the kernel gives a valid siginfo.
    let info = unsafe { &*info };
    CODE.store(info.si_code, SeqCst);
    // SAFETY: the field of a fault; for other signals just bytes.
    PLACE.store(unsafe { info.si_addr() } as u64, SeqCst);
    let here = 0u8;
    STACK.store(&raw const here as u64, SeqCst);
}

fn catch(signal: i32, flags: i32) {
    // SAFETY: all zeros is a valid value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = note as *const () as libc::sighandler_t;
    action.sa_flags = flags | libc::SA_SIGINFO;
    COUNT.store(0, SeqCst);
    // SAFETY: the action is valid and its handler touches atomics only.
    assert_eq!(unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) }, 0, "sigaction {signal}");
}

fn set_of(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: all zeros is the empty set.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    for &signal in signals {
        // SAFETY: the set is valid.
        unsafe { libc::sigaddset(&mut set, signal) };
    }
    set
}

fn change_mask(how: i32, signals: &[i32]) -> libc::sigset_t {
    let (set, mut old) = (set_of(signals), set_of(&[]));
    // SAFETY: both sets are valid.
    unsafe { libc::pthread_sigmask(how, &set, &mut old) };
    old
}

fn queue(signal: i32, value: usize) {
    let value = libc::sigval { sival_ptr: value as *mut libc::c_void };
    // SAFETY: no memory is involved.
    assert_eq!(unsafe { libc::sigqueue(own_id(), signal, value) }, 0);
}

fn handler_runs() -> Outcome {
    catch(libc::SIGUSR1, 0);
    kill(own_id(), libc::SIGUSR1)?;
    // si_addr lies where si_pid and si_uid do.
    let sender = PLACE.load(SeqCst) as u32 as i32;
    Ok(all([equal(COUNT.load(SeqCst), 1), equal(CODE.load(SeqCst), libc::SI_USER), equal(sender, own_id())]))
}

fn blocked_wait() -> Outcome {
    catch(libc::SIGUSR2, 0);
    change_mask(libc::SIG_BLOCK, &[libc::SIGUSR2]);
    for _ in 0..3 {
        kill(own_id(), libc::SIGUSR2)?;
    }
    let while_blocked = COUNT.load(SeqCst);
    let mut pending = set_of(&[]);
    // SAFETY: the set is valid.
    unsafe { libc::sigpending(&mut pending) };
    // SAFETY: the set is valid.
    let is_pending = unsafe { libc::sigismember(&pending, libc::SIGUSR2) };
    change_mask(libc::SIG_UNBLOCK, &[libc::SIGUSR2]);
    Ok(all([equal(while_blocked, 0), equal(is_pending, 1), equal(COUNT.load(SeqCst), 1)]))
}

fn take(signals: &[i32], milliseconds: i64) -> std::result::Result<(i32, usize), i32> {
    let limit = libc::timespec { tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000 };
    // SAFETY: all zeros is a valid value.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: all three are valid.
    let signal = unsafe { libc::sigtimedwait(&set_of(signals), &mut info, &limit) };
    if signal < 0 {
        return Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0));
    }
    // SAFETY: a queued signal has a value.
    Ok((signal, unsafe { info.si_value() }.sival_ptr as usize))
}

fn real_time_queue() -> Outcome {
    let (low, high) = (libc::SIGRTMIN(), libc::SIGRTMIN() + 1);
    change_mask(libc::SIG_BLOCK, &[low, high]);
    for (signal, value) in [(high, 1), (low, 2), (high, 3), (low, 4)] {
        queue(signal, value);
    }
    let taken: Vec<_> = (0..4).map(|_| take(&[low, high], 0)).collect();
    let none = take(&[low, high], 0);
    change_mask(libc::SIG_UNBLOCK, &[low, high]);
    Ok(all([
        equal(taken, vec![Ok((low, 2)), Ok((low, 4)), Ok((high, 1)), Ok((high, 3))]),
        equal(none, Err(libc::EAGAIN)),
    ]))
}

fn pipe() -> std::io::Result<[i32; 2]> {
    let mut ends = [0; 2];
    // SAFETY: room for two.
    if unsafe { libc::pipe(ends.as_mut_ptr()) } == 0 { Ok(ends) } else { Err(std::io::Error::last_os_error()) }
}

fn read_byte(end: i32) -> std::result::Result<isize, i32> {
    let mut byte = 0u8;
    // SAFETY: room for one byte.
    let count = unsafe { libc::read(end, (&raw mut byte).cast(), 1) };
    if count < 0 { Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)) } else { Ok(count) }
}

fn restarts() -> Outcome {
    let me = own_id();
    let mut holds = Vec::new();
    for (flags, expected) in [(libc::SA_RESTART, Ok(1)), (0, Err(libc::EINTR))] {
        let ends = pipe()?;
        catch(libc::SIGUSR1, flags);
        let child = fork(move || {
            doze(50);
            let _ = kill(me, libc::SIGUSR1);
            doze(50);
            // SAFETY: one valid byte.
            unsafe { libc::write(ends[1], b"x".as_ptr().cast(), 1) };
            0
        })?;
        holds.push(equal(read_byte(ends[0]), expected));
        holds.push(equal(COUNT.load(SeqCst), 1));
        wait(child, 0)?;
        for end in ends {
            call(libc::SYS_close, end.into(), 0, 0)?;
        }
    }
    Ok(all(holds))
}

fn sleep_goes_on() -> Outcome {
    let child = fork(|| {
        let started = std::time::Instant::now();
        let request = libc::timespec { tv_sec: 0, tv_nsec: 400_000_000 };
        // SAFETY: the request is valid and nothing is written.
        let slept = unsafe { libc::nanosleep(&request, std::ptr::null_mut()) };
        i32::from(slept != 0 || started.elapsed().as_millis() < 400)
    })?;
    doze(50);
    kill(child, libc::SIGSTOP)?;
    wait(child, libc::WUNTRACED)?;
    doze(50);
    kill(child, libc::SIGCONT)?;
    Ok(all([equal(wait(child, 0)?, (child, 0))]))
}

fn set_stack(memory: &'static mut [u8]) {
    let stack = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: memory.len() };
    // SAFETY: the memory is never used for anything else.
    assert_eq!(unsafe { libc::sigaltstack(&stack, std::ptr::null_mut()) }, 0);
}

fn signal_stack() -> Outcome {
    let memory = Box::leak(vec![0u8; 64 * 1024].into_boxed_slice());
    let range = memory.as_ptr_range();
    set_stack(memory);
    catch(libc::SIGUSR1, libc::SA_ONSTACK);
    kill(own_id(), libc::SIGUSR1)?;
    let inside = (range.start as u64..range.end as u64).contains(&STACK.load(SeqCst));
    catch(libc::SIGUSR1, 0);
    kill(own_id(), libc::SIGUSR1)?;
    let outside = !(range.start as u64..range.end as u64).contains(&STACK.load(SeqCst));
    Ok(all([equal(inside, true), equal(outside, true)]))
}

extern "C" fn nest(signal: i32) {
    if COUNT.fetch_add(1, SeqCst) < 3 {
        let _ = kill(own_id(), signal);
    }
    CODE.fetch_max(COUNT.load(SeqCst) as i32, SeqCst);
}

fn reset_and_no_defer() -> Outcome {
    // SAFETY: all zeros is a valid value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nest as *const () as libc::sighandler_t;
    action.sa_flags = libc::SA_NODEFER;
    COUNT.store(0, SeqCst);
    // SAFETY: the action is valid.
    unsafe { libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()) };
    kill(own_id(), libc::SIGUSR1)?;
    let nested = COUNT.load(SeqCst);
    let child = fork(|| {
        catch(libc::SIGUSR1, libc::SA_RESETHAND);
        let _ = kill(own_id(), libc::SIGUSR1);
        let _ = kill(own_id(), libc::SIGUSR1);
        0
    })?;
    Ok(all([equal(nested, 4), equal(wait(child, 0)?, (child, libc::SIGUSR1))]))
}

fn suspend() -> Outcome {
    catch(libc::SIGUSR1, 0);
    change_mask(libc::SIG_BLOCK, &[libc::SIGUSR1]);
    kill(own_id(), libc::SIGUSR1)?;
    // SAFETY: the set is valid.
    let result = unsafe { libc::sigsuspend(&set_of(&[])) };
    let count = COUNT.load(SeqCst);
    let mask = change_mask(libc::SIG_UNBLOCK, &[libc::SIGUSR1]);
    // SAFETY: the set is valid.
    let was_blocked = unsafe { libc::sigismember(&mask, libc::SIGUSR1) };
    Ok(all([equal(result, -1), equal(count, 1), equal(was_blocked, 1)]))
}

fn timed_wait() -> Outcome {
    change_mask(libc::SIG_BLOCK, &[libc::SIGUSR2]);
    let started = std::time::Instant::now();
    let nothing = take(&[libc::SIGUSR2], 50);
    let waited = started.elapsed().as_millis() >= 50;
    let me = own_id();
    let child = fork(move || {
        doze(50);
        i32::from(kill(me, libc::SIGUSR2).is_err())
    })?;
    let taken = take(&[libc::SIGUSR2], 10_000).map(|(signal, _)| signal);
    wait(child, 0)?;
    change_mask(libc::SIG_UNBLOCK, &[libc::SIGUSR2]);
    Ok(all([equal(nothing, Err(libc::EAGAIN)), equal(waited, true), equal(taken, Ok(libc::SIGUSR2))]))
}

fn unstoppable() -> Outcome {
    // SAFETY: SIG_IGN is a valid handler.
    let ignored = unsafe { libc::signal(libc::SIGKILL, libc::SIG_IGN) };
    let child = fork(|| {
        change_mask(libc::SIG_BLOCK, &[libc::SIGKILL, libc::SIGSTOP]);
        loop {
            pause();
        }
    })?;
    kill(child, libc::SIGKILL)?;
    Ok(all([equal(ignored, libc::SIG_ERR), equal(wait(child, 0)?, (child, libc::SIGKILL))]))
}

fn other_thread() -> Outcome {
    catch(libc::SIGUSR1, 0);
    change_mask(libc::SIG_BLOCK, &[libc::SIGUSR1]);
    let ready = std::sync::Arc::new(std::sync::Barrier::new(2));
    let theirs = ready.clone();
    let thread = std::thread::spawn(move || {
        change_mask(libc::SIG_UNBLOCK, &[libc::SIGUSR1]);
        theirs.wait();
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while COUNT.load(SeqCst) == 0 && std::time::Instant::now() < limit {
            doze(1);
        }
    });
    ready.wait();
    kill(own_id(), libc::SIGUSR1)?;
    let joined = thread.join().is_ok();
    let count = COUNT.load(SeqCst);
    change_mask(libc::SIG_UNBLOCK, &[libc::SIGUSR1]);
    Ok(all([equal(joined, true), equal(count, 1)]))
}
