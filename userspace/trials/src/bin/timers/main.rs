//! Timers of processes, timers as descriptors, and the calendar when it is set.

#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

mod calendar;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use abi::Errno;
use abi::table::number;
use abi::types::{Itimerspec, Sigevent, Siginfo, Timespec};
use trials::child::{fork, in_child, wait};
use trials::raw::call;
use trials::{Holds, Report, equal};

const MILLISECOND: u64 = 1_000_000;
const SIGNAL: i32 = 40;
const ABSOLUTE: usize = 1;
const OF_PROCESS: i32 = libc::CLOCK_PROCESS_CPUTIME_ID;

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "no-timers") {
        return ExitCode::from(if call(number::timer_gettime, &[0, [0_u64; 4].as_mut_ptr() as usize]).is_err() {
            0
        } else {
            1
        });
    }
    block(&[SIGNAL, libc::SIGALRM, libc::SIGUSR1]);
    let mut report = Report::new();
    report.check("a timer sends its value once, and is disarmed", fires_once());
    report.check("expiries of a blocked signal are overruns of the one that is taken", overruns());
    report.check("each timer of one signal is heard", two_of_one_signal());
    report.check("a thread gets the signals meant for it", to_a_thread());
    report.check("a silent timer tells the time left", silent());
    report.check("timers of used time fire when it has been used, whoever uses it", used_time());
    report.check("wrong arguments are refused, and ids used again", refusals());
    report.check("no more timers than signals may be pending", limit());
    report.check("children and new programs have no timers", children());
    report.check("the limit of CPU time sends SIGXCPU, and kills in the end", cpu_limit());
    report.check("somebody else's clock can be read and slept by", others_clock());
    // Not on a machine whose time is somebody's.
    if std::env::args().any(|argument| argument == "set-calendar") {
        report.check("a set calendar moves what waits for its times and nothing else", calendar::moves());
        report.check("reads of a descriptor end when the calendar is set", calendar::cancels());
        report.check("adjtimex moves the calendar by what it is told", calendar::adjusts());
    }
    report.finish()
}

fn text(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

fn block(signals: &[i32]) {
    // SAFETY: the set has its place.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for signal in signals {
            libc::sigaddset(&mut set, *signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
    }
}

fn time(ns: u64) -> Timespec {
    Timespec { seconds: (ns / 1_000_000_000) as i64, nanoseconds: (ns % 1_000_000_000) as i64 }
}

fn ns(time: Timespec) -> u64 {
    time.seconds as u64 * 1_000_000_000 + time.nanoseconds as u64
}

fn now(clock: i32) -> u64 {
    let mut time = Timespec::default();
    let _ = call(number::clock_gettime, &[clock as usize, &raw mut time as usize]);
    ns(time)
}

fn create(clock: i32, event: &Sigevent) -> Result<usize, Errno> {
    let mut id = -1_i32;
    call(number::timer_create, &[clock as usize, &raw const *event as usize, &raw mut id as usize])?;
    Ok(id as usize)
}

fn set(id: usize, flags: usize, value: u64, interval: u64) -> Result<Itimerspec, Errno> {
    let new = Itimerspec { interval: time(interval), value: time(value) };
    let mut old = Itimerspec::default();
    call(number::timer_settime, &[id, flags, &raw const new as usize, &raw mut old as usize])?;
    Ok(old)
}

fn left(id: usize) -> Result<u64, Errno> {
    let mut value = Itimerspec::default();
    call(number::timer_gettime, &[id, &raw mut value as usize])?;
    Ok(ns(value.value))
}

fn delete(id: usize) -> Result<usize, Errno> {
    call(number::timer_delete, &[id])
}

fn event(value: u64) -> Sigevent {
    Sigevent { value, signal: SIGNAL, notify: libc::SIGEV_SIGNAL, ..Sigevent::default() }
}

/// Takes the signal, waiting so long.
fn take(signal: i32, wait_ns: u64) -> Result<Siginfo, Errno> {
    let (set, mut info, timeout) = (1_u64 << (signal - 1), Siginfo::default(), time(wait_ns));
    call(
        number::rt_sigtimedwait,
        &[&raw const set as usize, &raw mut info as usize, &raw const timeout as usize, size_of_val(&set)],
    )?;
    Ok(info)
}

fn fires_once() -> Holds {
    let id = create(libc::CLOCK_MONOTONIC, &event(0x1234_5678_9abc)).map_err(text)?;
    let start = Instant::now();
    equal(set(id, 0, 20 * MILLISECOND, 0).map(|old| old.value), Ok(Timespec::default()))?;
    let remaining = left(id).map_err(text)?;
    let info = take(SIGNAL, 10_000 * MILLISECOND).map_err(text)?;
    if start.elapsed() < Duration::from_millis(20) || remaining > 20 * MILLISECOND || remaining == 0 {
        return Err(format!("after {:?}, with {remaining} ns left before", start.elapsed()));
    }
    equal((info.signal, info.code, info.fields[0], info.fields[1]), (SIGNAL, -2, id as u64, 0x1234_5678_9abc))?;
    equal((left(id), take(SIGNAL, 30 * MILLISECOND).err()), (Ok(0), Some(Errno::EAGAIN)))?;
    // Past times, and the clock's own.
    set(id, ABSOLUTE, 1, 0).map_err(text)?;
    take(SIGNAL, 10_000 * MILLISECOND).map_err(text)?;
    let end = now(libc::CLOCK_MONOTONIC) + 10 * MILLISECOND;
    set(id, ABSOLUTE, end, 0).map_err(text)?;
    take(SIGNAL, 10_000 * MILLISECOND).map_err(text)?;
    equal((now(libc::CLOCK_MONOTONIC) >= end, delete(id)), (true, Ok(0)))
}

fn overruns() -> Holds {
    let id = create(libc::CLOCK_MONOTONIC, &event(1)).map_err(text)?;
    set(id, 0, MILLISECOND, MILLISECOND).map_err(text)?;
    std::thread::sleep(Duration::from_millis(50));
    let first = take(SIGNAL, 0).map_err(text)?;
    let told = (first.fields[0] >> 32) as usize;
    equal(call(number::timer_getoverrun, &[id]), Ok(told))?;
    if told < 45 {
        return Err(format!("{told} overruns in 50 ms"));
    }
    // It goes on in its beat; a signal that is taken at once stands for itself.
    take(SIGNAL, 10_000 * MILLISECOND).map_err(text)?;
    // A beat too fast to be followed costs only what is taken.
    set(id, 0, 1, 1).map_err(text)?;
    std::thread::sleep(Duration::from_millis(20));
    let fast = take(SIGNAL, 0).map_err(text)?;
    if (fast.fields[0] >> 32) < 10_000_000 {
        return Err(format!("{} overruns of 1 ns in 20 ms", fast.fields[0] >> 32));
    }
    delete(id).map_err(text)?;
    while take(SIGNAL, 0).is_ok() {}
    equal(take(SIGNAL, 5 * MILLISECOND).err(), Some(Errno::EAGAIN))
}

fn two_of_one_signal() -> Holds {
    let alarm = Sigevent { signal: libc::SIGALRM, ..event(7) };
    let ids =
        [create(libc::CLOCK_MONOTONIC, &alarm).map_err(text)?, create(libc::CLOCK_MONOTONIC, &alarm).map_err(text)?];
    for id in ids {
        set(id, 0, MILLISECOND, 0).map_err(text)?;
    }
    std::thread::sleep(Duration::from_millis(20));
    let mut seen = Vec::new();
    while let Ok(info) = take(libc::SIGALRM, 0) {
        seen.push(info.fields[0] as usize);
    }
    seen.sort_unstable();
    equal(seen, ids.to_vec())?;
    // Without an event it is SIGALRM with the timer's id.
    let mut id = -1_i32;
    call(number::timer_create, &[libc::CLOCK_MONOTONIC as usize, 0, &raw mut id as usize]).map_err(text)?;
    set(id as usize, 0, MILLISECOND, 0).map_err(text)?;
    let info = take(libc::SIGALRM, 10_000 * MILLISECOND).map_err(text)?;
    equal((info.fields[1], delete(id as usize)), (id as u64, Ok(0)))?;
    ids.iter().try_for_each(|id| delete(*id).map(drop).map_err(text))
}

fn to_a_thread() -> Holds {
    let own = call(number::gettid, &[]).map_err(text)? as i32;
    let event = Sigevent { notify: libc::SIGEV_THREAD_ID, thread: own, ..event(9) };
    let id = create(libc::CLOCK_MONOTONIC, &event).map_err(text)?;
    set(id, 0, 5 * MILLISECOND, 0).map_err(text)?;
    // Another thread, which blocks it as well, does not get it.
    let other = std::thread::spawn(|| take(SIGNAL, 50 * MILLISECOND).err()).join().map_err(|_| "panicked")?;
    equal(other, Some(Errno::EAGAIN))?;
    equal(take(SIGNAL, 10_000 * MILLISECOND).map(|info| info.fields[1]), Ok(9))?;
    delete(id).map_err(text)?;
    let strangers = Sigevent { thread: 1, ..event };
    equal(create(libc::CLOCK_MONOTONIC, &strangers).err(), Some(Errno::EINVAL))
}

fn silent() -> Holds {
    let event = Sigevent { notify: libc::SIGEV_NONE, ..event(0) };
    let id = create(libc::CLOCK_BOOTTIME, &event).map_err(text)?;
    set(id, 0, 10 * MILLISECOND, 0).map_err(text)?;
    let before = left(id).map_err(text)?;
    std::thread::sleep(Duration::from_millis(15));
    equal((before > 0, left(id), delete(id)), (true, Ok(0), Ok(0)))
}

fn spin(clock: i32, used: u64) {
    let end = now(clock) + used;
    while now(clock) < end {
        std::hint::black_box((0..1000).sum::<u64>());
    }
}

fn used_time() -> Holds {
    for clock in [OF_PROCESS, libc::CLOCK_THREAD_CPUTIME_ID] {
        let id = create(clock, &event(3)).map_err(text)?;
        set(id, 0, 30 * MILLISECOND, 0).map_err(text)?;
        // Who sleeps uses nothing.
        equal(take(SIGNAL, 60 * MILLISECOND).err(), Some(Errno::EAGAIN))?;
        let used = now(clock);
        if clock == OF_PROCESS {
            let threads: Vec<_> = (0..4)
                .map(|_| std::thread::spawn(move || spin(libc::CLOCK_THREAD_CPUTIME_ID, 10 * MILLISECOND)))
                .collect();
            threads.into_iter().for_each(|thread| _ = thread.join());
        } else {
            spin(clock, 30 * MILLISECOND);
        }
        take(SIGNAL, 10_000 * MILLISECOND).map_err(text)?;
        let used = now(clock) - used;
        if used < 29 * MILLISECOND {
            return Err(format!("clock {clock} had gone on by {used} ns"));
        }
        delete(id).map_err(text)?;
    }
    Ok(())
}

fn refusals() -> Holds {
    let monotonic = libc::CLOCK_MONOTONIC;
    let found = [
        create(99, &event(0)).err(),
        create(libc::CLOCK_MONOTONIC_RAW, &event(0)).err(),
        create(monotonic, &Sigevent { signal: 65, ..event(0) }).err(),
        create(monotonic, &Sigevent { notify: 77, ..event(0) }).err(),
        set(12345, 0, 1, 0).err(),
        left(12345).err(),
        delete(12345).err(),
        call(number::timer_getoverrun, &[usize::MAX]).err(),
    ];
    let mut expected = [Some(Errno::EINVAL); 8];
    expected[1] = Some(Errno::EOPNOTSUPP);
    equal(found, expected)?;
    let (first, second) = (create(monotonic, &event(0)).map_err(text)?, create(monotonic, &event(0)).map_err(text)?);
    let bad = Itimerspec { value: Timespec { seconds: 0, nanoseconds: 1_000_000_000 }, ..Itimerspec::default() };
    equal(call(number::timer_settime, &[first, 0, &raw const bad as usize, 0]).err(), Some(Errno::EINVAL))?;
    delete(first).map_err(text)?;
    let again = create(monotonic, &event(0)).map_err(text)?;
    equal((again, delete(again), delete(second)), (first, Ok(0), Ok(0)))
}

fn limit() -> Holds {
    in_child(|| {
        let limit = libc::rlimit { rlim_cur: 3, rlim_max: 3 };
        // SAFETY: the limit is there.
        equal(unsafe { libc::setrlimit(libc::RLIMIT_SIGPENDING, &limit) }, 0)?;
        let made: Vec<_> = (0..4).map(|_| create(libc::CLOCK_MONOTONIC, &event(0))).collect();
        equal(made, vec![Ok(0), Ok(1), Ok(2), Err(Errno::EAGAIN)])
    })
}

fn children() -> Holds {
    let id = create(libc::CLOCK_MONOTONIC, &event(0)).map_err(text)?;
    in_child(|| equal(left(0).err(), Some(Errno::EINVAL)))?;
    in_child(|| -> Holds {
        let id = create(libc::CLOCK_MONOTONIC, &event(0)).map_err(text)?;
        set(id, 0, 3_600_000 * MILLISECOND, 0).map_err(text)?;
        use std::os::unix::process::CommandExt;
        Err(text(trials::this_program().arg("no-timers").exec()))
    })?;
    equal(delete(id), Ok(0))
}

fn cpu_limit() -> Holds {
    let child = fork(|| {
        block(&[libc::SIGXCPU]);
        let limit = libc::rlimit { rlim_cur: 1, rlim_max: 2 };
        // SAFETY: the limit is there.
        if unsafe { libc::setrlimit(libc::RLIMIT_CPU, &limit) } != 0 || take(libc::SIGXCPU, 0).is_ok() {
            return 1;
        }
        spin(OF_PROCESS, 1000 * MILLISECOND);
        if take(libc::SIGXCPU, 1000 * MILLISECOND).is_err() || now(OF_PROCESS) > 1500 * MILLISECOND {
            return 2;
        }
        spin(OF_PROCESS, 60_000 * MILLISECOND);
        3
    });
    let (_, status) = wait(child.map_err(text)?, 0).map_err(text)?;
    equal((libc::WIFSIGNALED(status), libc::WTERMSIG(status)), (true, libc::SIGKILL))
}

fn others_clock() -> Holds {
    let child = fork(|| {
        spin(OF_PROCESS, 60_000 * MILLISECOND);
        0
    })
    .map_err(text)?;
    let mut clock = 0;
    // SAFETY: the clock has its place.
    equal(unsafe { libc::clock_getcpuclockid(child, &mut clock) }, 0)?;
    let end = time(50 * MILLISECOND);
    let slept = call(number::clock_nanosleep, &[clock as usize, ABSOLUTE, &raw const end as usize, 0]);
    let used = now(clock);
    // SAFETY: no memory is involved.
    unsafe { libc::kill(child, libc::SIGKILL) };
    wait(child, 0).map_err(text)?;
    equal(slept, Ok(0))?;
    if (50 * MILLISECOND..=10_000 * MILLISECOND).contains(&used) { Ok(()) } else { Err(format!("{used} ns used")) }
}
