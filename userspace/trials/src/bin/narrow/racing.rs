//! Threads that are in the middle of something when their process is narrowed.

use crate::{DENIED, Outcome, affinity, all, errno_of, unwritable, write_to};
use abi::types::NarrowItem;
use caps::Rights;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use trials::narrowing::{cpus, narrow, slot};
use trials::{child, equal};

/// Whether the narrowing has returned, and who still used what it took after that.
#[derive(Default)]
struct Watch {
    has_returned: AtomicBool,
    stop: AtomicBool,
    rounds: AtomicU64,
    late: AtomicU64,
}

pub(crate) fn spinning() -> Outcome {
    for _ in 0..20 {
        let file = File::options().write(true).open("/dev/null")?;
        let number = file.as_raw_fd();
        let watch = Arc::new(Watch::default());
        let siblings: Vec<_> = (0..3)
            .map(|_| {
                let watch = Arc::clone(&watch);
                thread::spawn(move || {
                    while !watch.stop.load(SeqCst) {
                        let is_late = watch.has_returned.load(SeqCst);
                        if write_to(number).is_none() && is_late {
                            watch.late.fetch_add(1, SeqCst);
                        }
                        watch.rounds.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        wait_for_rounds(&watch, 30);
        let done = narrow(&[slot(&file, unwritable())]);
        watch.has_returned.store(true, SeqCst);
        wait_for_rounds(&watch, 30);
        watch.stop.store(true, SeqCst);
        siblings.into_iter().for_each(|sibling| drop(sibling.join()));
        if (done, watch.late.load(SeqCst)) != (Ok(()), 0) {
            return Ok(Err(format!("{done:?}, {} late", watch.late.load(SeqCst))));
        }
    }
    Ok(Ok(()))
}

/// Waits until the siblings have made so many rounds more.
fn wait_for_rounds(watch: &Watch, more: u64) {
    let from = watch.rounds.load(SeqCst);
    while watch.rounds.load(SeqCst) < from + more {
        thread::yield_now();
    }
}

pub(crate) fn waiting() -> Outcome {
    let (mut reader, mut writer): (PipeReader, PipeWriter) = pipe()?;
    let number = reader.as_raw_fd();
    let sibling = thread::spawn(move || {
        let mut byte = [0];
        (errno_of(reader.read(&mut byte)), byte, reader)
    });
    child::doze(20);
    let done = narrow(&[slot(&number, Rights::ALL - Rights::READ)]);
    writer.write_all(b"x")?;
    let ended = sibling.join().map(|(error, byte, _reader)| (error, byte));
    Ok(all([equal(done, Ok(())), equal(ended.ok(), Some((DENIED, [0])))]))
}

pub(crate) fn racing_forks() -> Outcome {
    raced(5, &[], |number, watch| {
        let is_late = watch.has_returned.load(SeqCst);
        let ended = child::fork(|| i32::from(write_to(number).is_none())).and_then(|pid| child::wait(pid, 0));
        is_late && !matches!(ended, Ok((_, 0)))
    })
}

pub(crate) fn racing_threads() -> Outcome {
    raced(20, &[cpus(&[1])], |number, watch| {
        let made = Arc::clone(watch);
        let young = thread::spawn(move || {
            let is_late = made.has_returned.load(SeqCst);
            let places = affinity();
            is_late && (write_to(number).is_none() || places != 1)
        });
        young.join().unwrap_or(true)
    })
}

/// A sibling makes rounds before and after a narrowing to no writing and to `more`. A round tells whether something that
/// began after the narrowing had returned still had what it took.
fn raced(rounds: u64, more: &[NarrowItem], round: fn(i32, &Arc<Watch>) -> bool) -> Outcome {
    let file = File::options().write(true).open("/dev/null")?;
    let number = file.as_raw_fd();
    let watch = Arc::new(Watch::default());
    let sibling = {
        let watch = Arc::clone(&watch);
        thread::spawn(move || {
            while !watch.stop.load(SeqCst) {
                watch.late.fetch_add(round(number, &watch).into(), SeqCst);
                watch.rounds.fetch_add(1, SeqCst);
            }
        })
    };
    wait_for_rounds(&watch, rounds);
    let done = narrow(&[&[slot(&file, unwritable())], more].concat());
    watch.has_returned.store(true, SeqCst);
    wait_for_rounds(&watch, rounds);
    watch.stop.store(true, SeqCst);
    drop(sibling.join());
    Ok(all([equal(done, Ok(())), equal(watch.late.load(SeqCst), 0)]))
}
