//! Out of memory at every place: the first allocation of a call fails, then the second, and so on until the call is over
//! before its turn comes.
//!
//! Each step is a process of its own, so that what one leaves behind does not help the next. A call out of memory answers
//! ENOMEM, or does without, and leaves nothing behind.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, Ordering};

use abi::Errno;
use abi::table::{Row, TABLE, number};
use trials::raw::call;
use trials::{Holds, Report, child};

use crate::attempt::{Attempt, must};

/// More allocations than any call makes.
const NEVER: u32 = 1 << 30;
/// How many readings of the figures are looked at.
const LOOKS: usize = 5;
/// So many rounds in a row do not grow without a leak.
const ROUNDS: usize = 32;

/// Calls that do not return to whom they were made by, or not before somebody else does something.
const LEFT_OUT: &[&str] =
    &["exit", "exit_group", "vfork", "rt_sigreturn", "pause", "rt_sigsuspend", "rt_sigtimedwait", "ptrace"];

/// What the process of one step tells.
#[repr(C)]
struct Told {
    /// The error number; 0 for success.
    answer: AtomicU32,
    /// How many allocations were left to go.
    left: AtomicU32,
}

/// How one step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    answer: Option<Errno>,
    /// Whether the allocation that was to fail was reached.
    has_failed: bool,
    /// The signal that ended the process.
    signal: Option<i32>,
}

pub(crate) fn run(report: &mut Report, only: Option<&str>) {
    if !fs::exists("/proc/self/fail-nth").unwrap_or(false) {
        return report.check("fault injection", Err("the kernel's command line does not offer it".into()));
    }
    for row in TABLE.iter().filter(|row| !LEFT_OUT.contains(&row.name)) {
        if only.is_none_or(|only| only == row.name || only == row.family) {
            report.check(format!("{} without memory", row.name), try_row(row));
        }
    }
}

fn try_row(row: &'static Row) -> Holds {
    let mut rounds: Vec<Figures> = Vec::new();
    // What is kept for later makes one round or another end with more; what leaks makes every round do so.
    for _ in 0..ROUNDS {
        sweep(row)?;
        rounds.push(Figures::settled()?);
        let stays = |of: fn(&Figures) -> u64| rounds.windows(2).any(|pair| of(&pair[1]) <= of(&pair[0]));
        if stays(|figures| figures.blocks) && stays(|figures| figures.memory) {
            return Ok(());
        }
    }
    Err(format!("has more in use after every round: {rounds:?}"))
}

/// All steps; how many there were.
fn sweep(row: &'static Row) -> Result<u32, String> {
    let usual = step(row, NEVER)?;
    for nth in 1.. {
        let found = step(row, nth)?;
        let is_answer = found.answer == Some(Errno::ENOMEM) || found.answer == usual.answer;
        // A program that was replaced already cannot be told; it is ended.
        let is_too_late = found.signal == Some(libc::SIGKILL) && row.name.starts_with("exec");
        if !is_too_late && (found.signal != usual.signal || !is_answer) {
            return Err(format!("allocation {nth} failed: {found:?}, usually {usual:?}"));
        }
        if !found.has_failed && !is_too_late {
            return Ok(nth);
        }
    }
    Ok(0)
}

/// One step.
fn step(row: &'static Row, nth: u32) -> Result<Step, String> {
    let told = told()?;
    told.answer.store(0, Ordering::Relaxed);
    told.left.store(NEVER, Ordering::Relaxed);
    let made = child::fork(|| {
        trials::raw::give_up_after(30);
        match attempt(row, nth, told) {
            Ok(()) => 0,
            Err(errno) => errno.raw(),
        }
    });
    let status = made.and_then(|pid| child::wait(pid, 0)).map_err(|error| error.to_string())?.1;
    clean_up();
    let signal = libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status));
    if signal.is_none() && libc::WEXITSTATUS(status) != 0 {
        return Err(format!("the step itself ended with {status:#x}"));
    }
    Ok(Step {
        answer: Errno::from_raw(told.answer.load(Ordering::Relaxed).into()),
        has_failed: told.left.load(Ordering::Relaxed) == 0,
        signal,
    })
}

fn attempt(row: &'static Row, nth: u32, told: &Told) -> abi::Result<()> {
    let switch = must(File::options().read(true).write(true).open("/proc/thread-self/fail-nth"))?;
    let attempt = Attempt::of(row)?;
    must(switch.write_all_at(nth.to_string().as_bytes(), 0))?;
    let answer = attempt.call().err().map_or(0, |errno| errno.raw() as u32);
    told.answer.store(answer, Ordering::Relaxed);
    let mut text = [0; 16];
    // Without its slot, or the right to look, the figure is lost; so it is where nothing can be told any more.
    if let Ok(length) = switch.read_at(&mut text, 0) {
        let left = str::from_utf8(&text[..length]).ok().and_then(|text| text.trim().parse().ok());
        told.left.store(left.unwrap_or(NEVER), Ordering::Relaxed);
    }
    Ok(())
}

/// What processes share to tell each other, made once.
fn told() -> Result<&'static Told, String> {
    use std::sync::OnceLock;
    static PLACE: OnceLock<usize> = OnceLock::new();
    let flags = (libc::MAP_SHARED | libc::MAP_ANONYMOUS) as usize;
    let make = || call(number::mmap, &[0, 4096, 3, flags, usize::MAX, 0]).unwrap_or(0);
    let place = *PLACE.get_or_init(make) as *const Told;
    // SAFETY: a page of zeros that stays mapped, of atomics only.
    unsafe { place.as_ref() }.ok_or_else(|| "no memory to share".into())
}

/// What an attempt that succeeded has changed about the fixture is put back.
fn clean_up() {
    let _ = fs::remove_dir("new");
    let _ = fs::remove_file("new");
    let _ = fs::remove_file("name");
    let _ = fs::create_dir("empty");
    if !fs::exists("file").unwrap_or(true) {
        let _ = fs::write("file", [b'a'; 8192]);
    }
    let _ = call(number::umount2, &[trials::raw::text("directory"), 0]);
    if !fs::exists("mounted/file").unwrap_or(true) {
        let kind = trials::raw::text("tmpfs");
        let _ = call(number::mount, &[0, trials::raw::text("mounted"), kind, 0, 0]);
        let _ = fs::write("mounted/file", b"elsewhere");
    }
}

/// What the kernel has in use.
#[derive(Clone, Copy, Debug)]
struct Figures {
    /// Blocks of its heap.
    blocks: u64,
    /// Memory beside the heap and stacks, in KiB.
    memory: u64,
}

impl Figures {
    /// The least of several readings: what ended processes had is given back by and by.
    fn settled() -> Result<Self, String> {
        let mut least = Self::read()?;
        for _ in 0..LOOKS {
            let _ = call(number::sched_yield, &[]);
            let now = Self::read()?;
            least = Self { blocks: least.blocks.min(now.blocks), memory: least.memory.min(now.memory) };
        }
        Ok(least)
    }

    fn read() -> Result<Self, String> {
        let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        let second = |line: &str| line.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok());
        let blocks =
            read("/proc/slabinfo")?.lines().filter(|line| line.starts_with("kmalloc")).filter_map(second).sum();
        let memory = read("/proc/meminfo")?;
        let of = |name: &str| memory.lines().find(|line| line.starts_with(name)).and_then(second).unwrap_or(0);
        let memory = of("MemTotal:") - of("MemFree:") - of("Slab:") - of("KernelStack:");
        Ok(Self { blocks, memory })
    }
}
