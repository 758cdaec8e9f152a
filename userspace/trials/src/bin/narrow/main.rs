//! Narrowing many things at once: what it takes, that it is all or nothing, and that no thread keeps what was taken.
#![allow(unsafe_code, reason = "libc's calls")]

mod executing;
mod racing;
mod views;

use abi::Errno;
use abi::types::NarrowItem;
use caps::{FcntlSet, Kind, Promises, Rights, Root};
use std::fs::File;
use std::io::{Read, Write, pipe};
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, RawFd};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Instant;
use trials::child::in_child;
use trials::narrowing::{
    close, cpus, fcntls, ioctls, kind, limit, narrow, narrow_raw, promises, root, slot, slots, table,
};
use trials::{Outcome, Report, all, child, equal, number_argument};

type Case = fn() -> Outcome;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("cost") {
        return cost();
    }
    if let [_, word, slot, to] = &std::env::args().collect::<Vec<_>>()[..]
        && word == "told"
    {
        return executing::tell(slot.parse().unwrap_or(-1), to.parse().unwrap_or(-1));
    }
    let mut report = Report::new();
    let cases: &[(&str, Case)] = &[
        ("a slot loses rights and its duplicate keeps them", one_slot),
        ("a range passes over empty slots and closes what is there", range),
        ("slots that are listed one by one must all be filled", one_by_one),
        ("requests and commands that are not listed are refused", lists),
        ("a ceiling binds what is opened later", ceiling),
        ("a list with one bad item changes nothing", all_or_none),
        ("a list with a bad path changes nothing", views::all_or_none),
        ("a longer item with zeros behind is understood", longer_items),
        ("what was taken cannot be asked for again", widening),
        ("limits fall for good", limits),
        ("threads run on the CPUs left and nowhere else", processors),
        ("a thread that spins uses nothing once the call has returned", racing::spinning),
        ("a thread that waits in a read gets nothing once the call has returned", racing::waiting),
        ("children made after the call have what is left", racing::racing_forks),
        ("threads made meanwhile have what is left", racing::racing_threads),
        ("programs executed meanwhile have what is left", executing::racing),
    ];
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (what, case) in cases.iter().filter(|(what, _)| what.contains(&wanted)) {
        report.check(what, in_child(*case));
    }
    report.finish()
}

fn errno_of<T>(result: std::io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

const DENIED: Option<i32> = Some(Errno::ENOTCAPABLE.raw());

/// RLIMIT_NOFILE, of which the type differs among C libraries.
#[allow(clippy::unnecessary_cast, reason = "for one of them it is needed")]
const OPEN_FILES: u32 = libc::RLIMIT_NOFILE as u32;

/// Everything but writing.
fn unwritable() -> Rights {
    Rights::ALL - Rights::WRITE
}

fn scratch(name: &str) -> std::io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(true).open(format!("/tmp/narrow-{name}"))
}

fn one_slot() -> Outcome {
    let mut file = scratch("one")?;
    let mut copy = file.try_clone()?;
    let done = narrow(&[slot(&file, unwritable())]);
    let text = table();
    Ok(all([
        equal(done, Ok(())),
        equal(errno_of(file.write(b"x")), DENIED),
        equal(errno_of(copy.write(b"x")), None),
        equal(text.contains(&format!("taken slot:{} rights:WRITE by=narrow", file.as_raw_fd())), true),
    ]))
}

fn range() -> Outcome {
    let files: Vec<File> = (0..20).map(|_| scratch("range")).collect::<Result<_, _>>()?;
    let first = files[0].as_raw_fd();
    let (kept, closed) = (first + 9, first + 10);
    drop(files.into_iter().map(std::mem::ManuallyDrop::new).collect::<Vec<_>>());
    let done = narrow(&[slots(first, kept, unwritable()), close(closed, i32::MAX)]);
    let last = write_to(kept);
    Ok(all([
        equal(done, Ok(())),
        equal(write_to(first), DENIED),
        equal(last, DENIED),
        equal(write_to(closed), Some(libc::EBADF)),
        equal(narrow(&[slot(&closed, unwritable())]), Err(Errno::EBADF)),
        equal(narrow(&[slots(closed, i32::MAX, unwritable()), close(closed, i32::MAX)]), Ok(())),
    ]))
}

/// Slots that are listed one by one, each of which must be filled.
fn one_by_one() -> Outcome {
    let files: Vec<File> = (0..20).map(|_| scratch("one by one")).collect::<Result<_, _>>()?;
    let first = files[0].as_raw_fd();
    let (last, empty) = (first + 19, first + 9);
    drop(files.into_iter().map(std::mem::ManuallyDrop::new).collect::<Vec<_>>());
    let list = |range: RangeInclusive<RawFd>| range.map(|number| slot(&number, unwritable())).collect::<Vec<_>>();
    let beyond = narrow(&list(first..=last + 1));
    let untouched = write_to(first);
    let closed = narrow(&[close(empty, empty)]);
    let with_gap = narrow(&list(first..=last));
    Ok(all([
        equal(beyond, Err(Errno::EBADF)),
        equal(untouched, None),
        equal(closed, Ok(())),
        equal(with_gap, Err(Errno::EBADF)),
        equal(write_to(last), None),
        equal(narrow(&list(empty + 1..=last)), Ok(())),
        equal(write_to(empty - 1), None),
        equal(write_to(empty + 1), DENIED),
        equal(write_to(last), DENIED),
    ]))
}

fn write_to(slot: RawFd) -> Option<i32> {
    // SAFETY: one byte is read from a constant.
    let result = unsafe { libc::write(slot, b"x".as_ptr().cast(), 1) };
    if result < 0 { std::io::Error::last_os_error().raw_os_error() } else { None }
}

fn lists() -> Outcome {
    let (reader, _writer) = pipe()?;
    let number = reader.as_raw_fd();
    let kept = [libc::FIONREAD as u32];
    let get = FcntlSet::NONE.with(libc::F_GETFL as u32).bits();
    let done = narrow(&[ioctls(&reader, &kept), fcntls(&reader, get)]);
    let mut count = 0i32;
    let mut ioctl = |request| {
        // SAFETY: both requests take the address of a number.
        let result = unsafe { libc::ioctl(number, request, &raw mut count) };
        if result < 0 { std::io::Error::last_os_error().raw_os_error() } else { None }
    };
    let (listed, unlisted) = (ioctl(libc::FIONREAD), ioctl(libc::FIONBIO));
    let fcntl = |command| {
        // SAFETY: both commands take no pointer.
        let result = unsafe { libc::fcntl(number, command, 0) };
        if result < 0 { std::io::Error::last_os_error().raw_os_error() } else { None }
    };
    Ok(all([
        equal(done, Ok(())),
        equal(listed, None),
        equal(unlisted, DENIED),
        equal(fcntl(libc::F_GETFL), None),
        equal(fcntl(libc::F_SETFL), DENIED),
    ]))
}

fn ceiling() -> Outcome {
    let done = narrow(&[kind(Kind::File, unwritable(), NarrowItem::NOW)]);
    let mut later = scratch("ceiling")?;
    Ok(all([
        equal(done, Ok(())),
        equal(errno_of(later.write(b"x")), DENIED),
        equal(errno_of(later.read(&mut [0])), None),
    ]))
}

/// Each bad item, after good ones of every kind, with the error that it is to give.
fn bad_items(file: &File, empty: RawFd) -> Vec<(&'static str, NarrowItem, Errno)> {
    let good = slot(file, unwritable());
    vec![
        ("no kind of item", NarrowItem::new(99), Errno::EINVAL),
        ("a field without meaning", NarrowItem { when: 1, ..good }, Errno::EINVAL),
        ("unknown fields of a slot", NarrowItem { fields: 64, ..good }, Errno::EINVAL),
        ("rights without name", NarrowItem { values: [0, 1 << 63], ..good }, Errno::EINVAL),
        ("a range that ends before it begins", slots(5, 4, unwritable()), Errno::EINVAL),
        ("an empty slot", slot(&empty, unwritable()), Errno::EBADF),
        ("closing an empty slot", close(empty, empty), Errno::EBADF),
        ("a slot that cannot be", slots(-1, -1, unwritable()), Errno::EBADF),
        ("an unknown kind", NarrowItem { first: 99, ..kind(Kind::File, unwritable(), 1) }, Errno::EINVAL),
        ("an unknown root", NarrowItem { first: 99, ..root(Root::Clock, Rights::NONE, 1) }, Errno::EINVAL),
        ("never", root(Root::Clock, Rights::NONE, 0), Errno::EINVAL),
        ("another time", root(Root::Clock, Rights::NONE, 4), Errno::EINVAL),
        ("promises without word", promises(Promises::UNPLEDGED, 1), Errno::EINVAL),
        ("an unknown limit", limit(99, 0, 0), Errno::EINVAL),
        ("a soft limit over the hard one", limit(OPEN_FILES, 20, 10), Errno::EINVAL),
        ("a higher limit", limit(OPEN_FILES, 1, u64::MAX), Errno::EPERM),
        ("no CPU", cpus(&[]), Errno::EINVAL),
        ("a list that is not there", NarrowItem { address: 8, length: 1, ..ioctls(file, &[]) }, Errno::EFAULT),
        ("a list without end", NarrowItem { length: u64::MAX, ..ioctls(file, &[]) }, Errno::E2BIG),
        ("CPUs that are not there", NarrowItem { address: 8, length: 8, ..cpus(&[]) }, Errno::EFAULT),
        ("another size", NarrowItem { size: 88, ..good }, Errno::EINVAL),
    ]
}

fn all_or_none() -> Outcome {
    let mut file = scratch("all")?;
    let limit_now = limit(OPEN_FILES, 100, 100);
    let set = [1u64];
    let good = [
        slot(&file, unwritable()),
        root(Root::Clock, Rights::NONE, NarrowItem::NOW),
        promises(Promises::STDIO, NarrowItem::AFTER_EXEC),
        kind(Kind::Timer, Rights::NONE, NarrowItem::NOW | NarrowItem::AFTER_EXEC),
        limit_now,
        cpus(&set),
        close(0, 0),
    ];
    let before = table();
    let mut holds = Vec::new();
    for (what, bad, errno) in bad_items(&file, 900) {
        let mut list = good.to_vec();
        list.push(bad);
        holds.push(equal((what, narrow(&list)), (what, Err(errno))));
        holds.push(equal((what, &table()), (what, &before)));
        holds.push(equal((what, open_files()), (what, 1024)));
    }
    let start = good.as_ptr() as u64;
    holds.push(equal(narrow_raw(start, 7, 1), Err(Errno::EINVAL)));
    holds.push(equal(narrow_raw(start, 1 << 40, 0), Err(Errno::E2BIG)));
    holds.push(equal(narrow_raw(8, 7, 0), Err(Errno::EFAULT)));
    holds.push(equal(narrow_raw(8, 0, 0), Ok(())));
    let short = [NarrowItem { size: 72, ..good[0] }];
    holds.push(equal(narrow(&short), Err(Errno::EINVAL)));
    holds.push(equal(table(), before));
    holds.push(equal(errno_of(file.write(b"x")), None));
    holds.push(equal(narrow(&good), Ok(())));
    holds.push(equal(open_files(), 100));
    holds.push(equal(errno_of(file.write(b"x")), DENIED));
    Ok(all(holds))
}

fn open_files() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for writing.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    limit.rlim_cur
}

/// An item of a future that knows more.
#[repr(C)]
#[derive(Clone, Copy)]
struct Longer {
    item: NarrowItem,
    more: u64,
}

fn longer_items() -> Outcome {
    let file = scratch("longer")?;
    let item = NarrowItem { size: size_of::<Longer>() as u32, ..slot(&file, unwritable()) };
    let mut items = [Longer { item, more: 0 }; 3];
    items[2].more = 1;
    let address = items.as_ptr() as u64;
    Ok(all([
        equal(narrow_raw(address, 3, 0), Err(Errno::E2BIG)),
        equal(write_to(file.as_raw_fd()), None),
        equal(narrow_raw(address, 2, 0), Ok(())),
        equal(write_to(file.as_raw_fd()), DENIED),
    ]))
}

fn widening() -> Outcome {
    const NOW: u32 = NarrowItem::NOW;
    let file = scratch("widen")?;
    let less = [
        slot(&file, unwritable()),
        root(Root::Clock, Rights::NONE, NOW),
        kind(Kind::Timer, Rights::NONE, NOW),
        ioctls(&file, &[1]),
    ];
    let first = narrow(&less);
    let before = table();
    Ok(all([
        equal(first, Ok(())),
        equal(narrow(&[slot(&file, Rights::ALL)]), Err(Errno::ENOTCAPABLE)),
        equal(narrow(&[root(Root::Clock, Rights::ALL, NOW)]), Err(Errno::ENOTCAPABLE)),
        equal(narrow(&[kind(Kind::Timer, Rights::ALL, NOW)]), Err(Errno::ENOTCAPABLE)),
        equal(narrow(&[ioctls(&file, &[1, 2])]), Err(Errno::ENOTCAPABLE)),
        equal(table(), before),
        equal(narrow(&less), Ok(())),
    ]))
}

fn limits() -> Outcome {
    let done = narrow(&[limit(OPEN_FILES, 50, 60)]);
    let wider = libc::rlimit { rlim_cur: 61, rlim_max: 61 };
    // SAFETY: the limits are read only.
    let raised = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &wider) };
    let refused = std::io::Error::last_os_error().raw_os_error();
    let pid = child::fork(|| i32::from(open_files() != 50))?;
    let inherited = child::wait(pid, 0)?.1;
    Ok(all([equal(done, Ok(())), equal((raised, refused), (-1, Some(libc::EPERM))), equal(inherited, 0)]))
}

fn processors() -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    let mut siblings = Vec::new();
    for _ in 0..4 {
        let stop = Arc::clone(&stop);
        siblings.push(thread::spawn(move || {
            while !stop.load(SeqCst) {
                std::hint::spin_loop();
            }
            cpu()
        }));
    }
    let before = affinity();
    let done = narrow(&[cpus(&[1])]);
    let after = affinity();
    let wide = set_affinity(u64::MAX);
    let again = affinity();
    stop.store(true, SeqCst);
    let places: Vec<i32> = siblings.into_iter().filter_map(|sibling| sibling.join().ok()).collect();
    let mut holds =
        vec![equal(done, Ok(())), equal(after, 1), equal(wide, None), equal(again, 1), equal(places, vec![0; 4])];
    if before != 1 {
        holds.push(equal(set_affinity(2), Some(libc::EINVAL)));
        holds.push(equal(narrow(&[cpus(&[3])]), Err(Errno::EPERM)));
    }
    Ok(all(holds))
}

fn cpu() -> i32 {
    // SAFETY: no memory is involved.
    unsafe { libc::sched_getcpu() }
}

fn affinity() -> u64 {
    let mut set = [0u64; 16];
    // SAFETY: `set` is valid for writing.
    unsafe { libc::sched_getaffinity(0, size_of_val(&set), set.as_mut_ptr().cast()) };
    set[0]
}

fn set_affinity(mask: u64) -> Option<i32> {
    let set = [mask, 0];
    // SAFETY: `set` is read only.
    let result = unsafe { libc::sched_setaffinity(0, size_of_val(&set), set.as_ptr().cast()) };
    if result < 0 { std::io::Error::last_os_error().raw_os_error() } else { None }
}

/// Prints how many nanoseconds it takes to narrow a thousand slots: by one item, and by one item each.
fn cost() -> ExitCode {
    let count = number_argument("cost", 1000) as usize;
    let Ok(files) = (0..count).map(|_| File::open("/dev/null")).collect::<Result<Vec<_>, _>>() else {
        return ExitCode::FAILURE;
    };
    let (first, last) = (files[0].as_raw_fd(), files[count - 1].as_raw_fd());
    let single: Vec<NarrowItem> = files.iter().map(|file| slot(file, Rights::READER)).collect();
    let whole = [slots(first, last, unwritable())];
    let measure = |items: &[NarrowItem]| {
        let start = Instant::now();
        let done = narrow(items);
        let end = start.elapsed().as_nanos();
        (done, end)
    };
    // Each with a table from which nothing was taken yet.
    let in_child = child::fork(|| {
        let (done, each) = measure(&single);
        println!("each {each}");
        if done.is_ok() { 0 } else { 1 }
    });
    let ended = in_child.and_then(|pid| child::wait(pid, 0));
    let (done, range) = measure(&whole);
    println!("range {range}");
    if done.is_ok() && ended.is_ok_and(|(_, status)| status == 0) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
