//! Affinity, as `getcpu` sees it from inside: a pinned thread is where it was put. That busy processes occupy all processors is what
//! `hogs` waits for.

#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use trials::{Holds, Report, equal};

/// How long a busy process runs.
const BUSY: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("busy") {
        println!("{}", busiest_cpu());
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new();
    let cpus = allowed();
    println!("processors: {cpus:?}");
    report.check("a pinned thread stays on its processor", pinned_stays(&cpus));
    report.check("threads pinned apart are apart", pinned_apart(&cpus));
    report.check("children inherit affinity", children_inherit(&cpus));
    report.check("impossible masks are refused", impossible_masks());
    report.finish()
}

fn mask_of(cpus: &[usize]) -> libc::cpu_set_t {
    // SAFETY: all zeros is the empty set.
    let mut mask: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &cpu in cpus {
        // SAFETY: `cpu` comes from such a set, so it is in range.
        unsafe { libc::CPU_SET(cpu, &mut mask) };
    }
    mask
}

fn set_affinity(cpus: &[usize]) -> std::io::Result<()> {
    let mask = mask_of(cpus);
    // SAFETY: the mask is valid for its size.
    match unsafe { libc::sched_setaffinity(0, size_of_val(&mask), &mask) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

fn allowed() -> Vec<usize> {
    let mut mask = mask_of(&[]);
    // SAFETY: the mask is valid for its size.
    let outcome = unsafe { libc::sched_getaffinity(0, size_of_val(&mask), &mut mask) };
    assert_eq!(outcome, 0, "sched_getaffinity");
    // SAFETY: the numbers asked for are below the set's size.
    (0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &mask) }).collect()
}

fn current() -> usize {
    // SAFETY: the call takes nothing.
    let cpu = unsafe { libc::sched_getcpu() };
    usize::try_from(cpu).unwrap_or(usize::MAX)
}

/// Where this thread is, over a while with yields and naps.
fn seen_for(time: Duration) -> BTreeSet<usize> {
    let end = Instant::now() + time;
    let mut seen = BTreeSet::new();
    let mut turn = 0_u32;
    while Instant::now() < end {
        seen.insert(current());
        turn += 1;
        match turn % 64 {
            0 => thread::sleep(Duration::from_millis(1)),
            32 => thread::yield_now(),
            _ => {}
        }
    }
    seen
}

fn pinned_stays(cpus: &[usize]) -> Holds {
    let handle = {
        let cpus = cpus.to_vec();
        thread::spawn(move || {
            for cpu in cpus {
                set_affinity(&[cpu]).map_err(|error| error.to_string())?;
                equal(allowed(), vec![cpu])?;
                equal(seen_for(Duration::from_millis(20)), BTreeSet::from([cpu]))?;
            }
            Ok(())
        })
    };
    handle.join().unwrap_or_else(|_| Err("panicked".to_owned()))
}

fn pinned_apart(cpus: &[usize]) -> Holds {
    let handles: Vec<_> = cpus
        .iter()
        .map(|&cpu| {
            thread::spawn(move || {
                set_affinity(&[cpu]).map_err(|error| error.to_string())?;
                equal(seen_for(Duration::from_millis(100)), BTreeSet::from([cpu]))
            })
        })
        .collect();
    handles.into_iter().try_for_each(|handle| handle.join().unwrap_or_else(|_| Err("panicked".to_owned())))
}

fn children_inherit(cpus: &[usize]) -> Holds {
    let &cpu = cpus.last().ok_or("no processor")?;
    let myself = std::env::current_exe().map_err(|error| error.to_string())?;
    let handle = thread::spawn(move || {
        set_affinity(&[cpu]).map_err(|error| error.to_string())?;
        let output = Command::new(myself).arg("busy").output().map_err(|error| error.to_string())?;
        equal(String::from_utf8_lossy(&output.stdout).trim(), cpu.to_string().as_str())
    });
    handle.join().unwrap_or_else(|_| Err("panicked".to_owned()))
}

fn impossible_masks() -> Holds {
    let errno = |outcome: std::io::Result<()>| outcome.err().and_then(|error| error.raw_os_error());
    equal(errno(set_affinity(&[])), Some(libc::EINVAL))?;
    equal(errno(set_affinity(&[libc::CPU_SETSIZE as usize - 1])), Some(libc::EINVAL))?;
    let mask = mask_of(&[0]);
    // SAFETY: the mask is valid for its size.
    let outcome = unsafe { libc::sched_setaffinity(0x3fff_ffff, size_of_val(&mask), &mask) };
    equal((outcome, std::io::Error::last_os_error().raw_os_error()), (-1, Some(libc::ESRCH)))
}

/// Spins for a while and tells where it was the most.
fn busiest_cpu() -> usize {
    let mut counts = vec![0_u64; libc::CPU_SETSIZE as usize];
    let end = Instant::now() + BUSY;
    while Instant::now() < end {
        if let Some(count) = counts.get_mut(current()) {
            *count += 1;
        }
    }
    let most = counts.iter().enumerate().max_by_key(|(_, count)| **count);
    most.map_or(usize::MAX, |(cpu, _)| cpu)
}
