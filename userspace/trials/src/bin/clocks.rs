//! Clocks, sleeps and interval timers; and what a process may do to its own identity and limits.

#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use trials::child::in_child;
use trials::{Holds, Report, equal};

static ALARMS: AtomicU32 = AtomicU32::new(0);
static PROFILES: AtomicU32 = AtomicU32::new(0);
static VIRTUALS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(signal: i32) {
    let counter = match signal {
        libc::SIGALRM => &ALARMS,
        libc::SIGPROF => &PROFILES,
        _ => &VIRTUALS,
    };
    counter.fetch_add(1, Ordering::SeqCst);
}

fn main() -> ExitCode {
    for signal in [libc::SIGALRM, libc::SIGPROF, libc::SIGVTALRM] {
        // SAFETY: the handler only counts.
        unsafe { libc::signal(signal, count as *const () as libc::sighandler_t) };
    }
    let mut report = Report::new();
    report.check("clocks go forward and have their resolutions", clocks());
    report.check("sleeps last as long as asked, and no absolute time passes early", sleeps());
    report.check("a signal ends a sleep and tells the rest", interrupted_sleep());
    report.check("the real timer fires once or again and again", real_timer());
    report.check("alarm tells what was left", alarm());
    report.check("timers of used time fire for busy processes only", used_timers());
    report.check("timers end with their process's exec and fork as they should", timers_of_children());
    report.check("ids change by the rules", in_child(identities));
    report.check("limits fall freely and rise with privilege", in_child(limits));
    report.check("names, usage and parents' deaths", in_child(settings));
    report.finish()
}

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn clock(id: i32) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time has its place.
    unsafe { libc::clock_gettime(id, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn spin(time: Duration) {
    let end = clock(libc::CLOCK_PROCESS_CPUTIME_ID) + time;
    while clock(libc::CLOCK_PROCESS_CPUTIME_ID) < end {
        std::hint::black_box((0..1000).sum::<u64>());
    }
}

fn clocks() -> Holds {
    let ids = [
        libc::CLOCK_REALTIME,
        libc::CLOCK_MONOTONIC,
        libc::CLOCK_MONOTONIC_RAW,
        libc::CLOCK_MONOTONIC_COARSE,
        libc::CLOCK_REALTIME_COARSE,
        libc::CLOCK_BOOTTIME,
    ];
    for id in ids {
        let before = clock(id);
        std::thread::sleep(Duration::from_millis(15));
        let passed = clock(id).saturating_sub(before);
        if passed < Duration::from_millis(10) {
            return Err(format!("clock {id} went on by {passed:?}"));
        }
    }
    let idle = clock(libc::CLOCK_PROCESS_CPUTIME_ID);
    std::thread::sleep(Duration::from_millis(100));
    let slept = clock(libc::CLOCK_PROCESS_CPUTIME_ID) - idle;
    if slept > Duration::from_millis(90) {
        return Err(format!("sleeping used {slept:?}"));
    }
    spin(Duration::from_millis(20));
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time has its place.
    let answers = unsafe { [libc::clock_gettime(99, &mut time), libc::clock_getres(libc::CLOCK_MONOTONIC, &mut time)] };
    equal((answers, time.tv_sec, time.tv_nsec > 0), ([-1, 0], 0, true))
}

fn sleeps() -> Holds {
    for milliseconds in [0, 1, 20] {
        let (start, length) = (Instant::now(), Duration::from_millis(milliseconds));
        std::thread::sleep(length);
        if start.elapsed() < length {
            return Err(format!("{length:?} took {:?}", start.elapsed()));
        }
    }
    let until = clock(libc::CLOCK_MONOTONIC) + Duration::from_millis(30);
    let time = libc::timespec { tv_sec: until.as_secs() as i64, tv_nsec: i64::from(until.subsec_nanos()) };
    let bad = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000_000 };
    let null = std::ptr::null_mut();
    // SAFETY: the times are there, and nothing is told about a rest.
    let answers = unsafe {
        [
            libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &time, null),
            libc::clock_nanosleep(libc::CLOCK_MONOTONIC, 0, &bad, null),
            libc::clock_nanosleep(77, 0, &time, null),
        ]
    };
    equal(answers, [0, libc::EINVAL, libc::EINVAL])?;
    if clock(libc::CLOCK_MONOTONIC) < until { Err("too early".to_owned()) } else { Ok(()) }
}

fn set_timer(which: libc::c_int, first: Duration, again: Duration) -> Result<libc::itimerval, String> {
    let time = |time: Duration| libc::timeval { tv_sec: time.as_secs() as i64, tv_usec: time.subsec_micros().into() };
    let new = libc::itimerval { it_interval: time(again), it_value: time(first) };
    let mut old = libc::itimerval { it_interval: time(Duration::ZERO), it_value: time(Duration::ZERO) };
    // SAFETY: both are there.
    match unsafe { libc::setitimer(which as _, &new, &mut old) } {
        0 => Ok(old),
        _ => Err(format!("setitimer: errno {}", errno())),
    }
}

fn interrupted_sleep() -> Holds {
    set_timer(libc::ITIMER_REAL as _, Duration::from_millis(30), Duration::ZERO)?;
    let wanted = libc::timespec { tv_sec: 5, tv_nsec: 0 };
    let mut rest = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both are there.
    let answer = unsafe { libc::nanosleep(&wanted, &mut rest) };
    equal((answer, errno()), (-1, libc::EINTR))?;
    if rest.tv_sec == 4 { Ok(()) } else { Err(format!("rest {}.{:09}", rest.tv_sec, rest.tv_nsec)) }
}

fn wait_for(counter: &AtomicU32, least: u32) -> Holds {
    let end = Instant::now() + Duration::from_secs(10);
    while counter.load(Ordering::SeqCst) < least {
        if Instant::now() > end {
            return Err(format!("{} of {least} signals", counter.load(Ordering::SeqCst)));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn real_timer() -> Holds {
    ALARMS.store(0, Ordering::SeqCst);
    set_timer(libc::ITIMER_REAL as _, Duration::from_millis(10), Duration::from_millis(10))?;
    wait_for(&ALARMS, 5)?;
    let before = set_timer(libc::ITIMER_REAL as _, Duration::ZERO, Duration::ZERO)?;
    equal((before.it_interval.tv_usec, before.it_value.tv_usec > 0), (10_000, true))?;
    let settled = ALARMS.load(Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(50));
    equal(ALARMS.load(Ordering::SeqCst), settled)
}

fn alarm() -> Holds {
    // SAFETY: sets a timer.
    let answers = unsafe { [libc::alarm(100), libc::alarm(50), libc::alarm(0), libc::alarm(0)] };
    equal(answers, [0, 100, 50, 0])
}

fn used_timers() -> Holds {
    PROFILES.store(0, Ordering::SeqCst);
    VIRTUALS.store(0, Ordering::SeqCst);
    set_timer(libc::ITIMER_PROF as _, Duration::from_millis(20), Duration::from_millis(20))?;
    set_timer(libc::ITIMER_VIRTUAL as _, Duration::from_millis(500), Duration::ZERO)?;
    std::thread::sleep(Duration::from_millis(100));
    equal((PROFILES.load(Ordering::SeqCst) <= 1, VIRTUALS.load(Ordering::SeqCst)), (true, 0))?;
    spin(Duration::from_millis(200));
    set_timer(libc::ITIMER_PROF as _, Duration::ZERO, Duration::ZERO)?;
    set_timer(libc::ITIMER_VIRTUAL as _, Duration::ZERO, Duration::ZERO)?;
    // Signals that come while one is pending are one, so some are missed on a busy machine.
    let profiles = PROFILES.load(Ordering::SeqCst);
    if (2..=11).contains(&profiles) { Ok(()) } else { Err(format!("{profiles} profile signals in 200 ms")) }
}

fn timers_of_children() -> Holds {
    set_timer(libc::ITIMER_REAL as _, Duration::from_secs(60), Duration::ZERO)?;
    let outcome = in_child(|| {
        let left = set_timer(libc::ITIMER_REAL as _, Duration::ZERO, Duration::ZERO)?;
        equal(left.it_value.tv_sec, 0)
    });
    let left = set_timer(libc::ITIMER_REAL as _, Duration::ZERO, Duration::ZERO)?;
    equal(left.it_value.tv_sec > 50, true)?;
    outcome
}

fn is_root() -> bool {
    // SAFETY: asks for an id.
    unsafe { libc::geteuid() == 0 }
}

fn identities() -> Holds {
    if !is_root() {
        return Ok(());
    }
    // SAFETY: ids are numbers, and the groups and ids have their places.
    unsafe {
        equal(libc::setgroups(3, [30, 10, 20].as_ptr()), 0)?;
        let mut groups = [0; 8];
        equal((libc::getgroups(0, std::ptr::null_mut()), libc::getgroups(8, groups.as_mut_ptr())), (3, 3))?;
        equal((libc::getgroups(2, groups.as_mut_ptr()), errno()), (-1, libc::EINVAL))?;
        groups[..3].sort_unstable();
        equal(&groups[..3], &[10, 20, 30])?;
        equal(libc::setresgid(5, 6, 7), 0)?;
        equal(libc::setresuid(1, 2, 3), 0)?;
        let (mut real, mut effective, mut saved) = (0, 0, 0);
        equal(libc::getresuid(&mut real, &mut effective, &mut saved), 0)?;
        equal((real, effective, saved), (1, 2, 3))?;
        equal((libc::setuid(9), errno()), (-1, libc::EPERM))?;
        equal((libc::setresuid(u32::MAX, 9, u32::MAX), errno()), (-1, libc::EPERM))?;
        equal((libc::setgroups(0, std::ptr::null()), errno()), (-1, libc::EPERM))?;
        equal(libc::setuid(3), 0)?;
        equal((libc::geteuid(), libc::getuid()), (3, 1))?;
        equal(libc::setreuid(3, 1), 0)?;
        equal(libc::getresuid(&mut real, &mut effective, &mut saved), 0)?;
        equal((real, effective, saved), (3, 1, 1))?;
        equal((libc::setresgid(0, 0, 0), errno()), (-1, libc::EPERM))?;
        equal((libc::umask(0o27), libc::umask(0o22)), (0o22, 0o27))
    }
}

fn limits() -> Holds {
    let set = |soft: u64, hard: u64| {
        let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
        // SAFETY: the limit is there.
        match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) } {
            0 => 0,
            _ => errno(),
        }
    };
    equal((set(60, 50), set(50, 60)), (libc::EINVAL, 0))?;
    // SAFETY: opens a path that ends in NUL, and closes nothing: the child ends.
    let opened = (0..100).map(|_| unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY) });
    let last = opened.fold(None, |_, slot| Some(slot));
    equal((last, errno()), (Some(-1), libc::EMFILE))?;
    if is_root() {
        // A root without the privilege, as in a container, has nothing more to try.
        let raised = set(50, 100);
        if raised != 0 {
            return equal(raised, libc::EPERM);
        }
        // SAFETY: an id is a number.
        unsafe { libc::setuid(1000) };
        equal((set(50, 101), set(100, 100), set(10, 20), set(10, 30)), (libc::EPERM, 0, 0, libc::EPERM))?;
    }
    Ok(())
}

fn settings() -> Holds {
    let mut name = [0_u8; 16];
    // SAFETY: texts end in NUL, and what is written has its place.
    unsafe {
        equal(libc::prctl(libc::PR_SET_NAME, c"a name that is far too long".as_ptr()), 0)?;
        equal(libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()), 0)?;
        equal(&name, b"a name that is \0")?;
        equal(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0)?;
        equal(libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1)?;
        equal((libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), errno()), (-1, libc::EINVAL))?;
        equal((libc::prctl(9999), errno()), (-1, libc::EINVAL))?;
        let mut usage: libc::rusage = std::mem::zeroed();
        spin(Duration::from_millis(20));
        equal(libc::getrusage(libc::RUSAGE_SELF, &mut usage), 0)?;
        let [user, system] = [usage.ru_utime, usage.ru_stime].map(|time| time.tv_sec * 1_000_000 + time.tv_usec);
        equal(user + system > 10_000, true)?;
        equal((libc::getrusage(77, &mut usage), errno()), (-1, libc::EINVAL))?;
    }
    parents_death()
}

/// A child of a child asks to be told when its parent ends.
fn parents_death() -> Holds {
    let mut pipe = [-1; 2];
    // SAFETY: the pipe's numbers and the byte have their places; the children end in here.
    unsafe {
        libc::pipe(pipe.as_mut_ptr());
        let middle = libc::fork();
        if middle == 0 {
            let inner = libc::fork();
            if inner == 0 {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                libc::write(pipe[1], [b'r'].as_ptr().cast(), 1);
                loop {
                    libc::pause();
                }
            }
            let mut byte = [0_u8];
            libc::read(pipe[0], byte.as_mut_ptr().cast(), 1);
            libc::_exit(0);
        }
        libc::waitpid(middle, std::ptr::null_mut(), 0);
        libc::close(pipe[1]);
        // Ends when the last writer, the inner child, has gone.
        let mut byte = [0_u8];
        equal(libc::read(pipe[0], byte.as_mut_ptr().cast(), 1), 0)
    }
}
