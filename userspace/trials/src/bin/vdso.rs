//! Clocks read without a system call: the image that the kernel maps, as C libraries look at it.

#![allow(unsafe_code, reason = "the image is code that nobody linked")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::ffi::CStr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;
use abi::table::number;
use abi::types::{Timespec, Timeval};
use trials::raw::call;
use trials::{Holds, Report, equal, number_argument};

const CLOCKS: [i32; 7] = [0, 1, 4, 5, 6, 7, 11];

type ClockCall = extern "C" fn(i32, *mut Timespec) -> i32;
type DateCall = extern "C" fn(*mut Timeval, *mut u64) -> i32;
type TimeCall = extern "C" fn(*mut i64) -> i64;
type CpuCall = extern "C" fn(*mut u32, *mut u32, usize) -> i32;

/// The functions of the image.
#[derive(Clone, Copy)]
struct Functions {
    clock_gettime: ClockCall,
    clock_getres: ClockCall,
    gettimeofday: DateCall,
    time: TimeCall,
    getcpu: CpuCall,
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "quiet") {
        // Through the C library, while the kernel counts its calls.
        let late = (0..1000).filter(|_| std::time::Instant::now().elapsed().as_secs() > 5).count();
        println!("{late} late");
        return ExitCode::SUCCESS;
    }
    let functions = match find() {
        Ok(functions) => functions,
        Err(why) => {
            eprintln!("FAILED {why}");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::new();
    report.check("every clock agrees with the system call", agreement(functions));
    report.check("what the image does not know, the kernel answers", unknown(functions));
    report.check("the CPU told is the one that runs", cpus(functions));
    report.check("time never goes back, whatever CPU reads it", monotony(functions));
    report.check("the page of parameters cannot be written", protection());
    // Not on a machine whose time is somebody's.
    if std::env::args().any(|argument| argument == "set-calendar") {
        report.check("a set calendar shows at once", setting(functions));
    }
    report.finish()
}

/// Looks the functions up as C libraries do: by the dynamic section, name by name.
fn find() -> Result<Functions, String> {
    // SAFETY: no memory is involved.
    let base = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) } as usize;
    if base == 0 {
        return Err("AT_SYSINFO_EHDR is missing".to_owned());
    }
    // SAFETY: reads of the image that the kernel has mapped there, one page of it.
    let word = |at: usize| unsafe { ((base + at) as *const u64).read_unaligned() } as usize;
    equal(word(0) & 0xffff_ffff, 0x464c_457f)?;
    let headers = word(32);
    let dynamic = word(headers + 56 + 16);
    let entry = |tag: usize| {
        let place = (0..16).map(|index| dynamic + 16 * index).find(|at| word(*at) == tag || word(*at) == 0);
        place.map_or(0, |at| word(at + 8))
    };
    let (hash, strings, symbols, versions, definitions) =
        (entry(4), entry(5), entry(6), entry(0x6fff_fff0), entry(0x6fff_fffc));
    // SAFETY: strings of the image, each ended by a NUL.
    let text = |at: usize| unsafe { CStr::from_ptr((base + strings + at) as *const _) }.to_str().unwrap_or("?");
    let count = word(hash) >> 32;
    // The second definition: its number, and the name that follows 20 bytes of it.
    let second = definitions + (word(definitions + 12) >> 32);
    equal((word(second) >> 32 & 0xffff, text(word(second + 20) & 0xffff_ffff)), (2, "LINUX_2.6"))?;
    let address = |name: &str| {
        let index = (1..count).find(|index| text(word(symbols + 24 * index) & 0xffff_ffff) == name);
        let index = index.ok_or_else(|| format!("{name} is missing"))?;
        equal(word(versions + 2 * index) & 0xffff, 2)?;
        Ok::<usize, String>(base + word(symbols + 24 * index + 8))
    };
    // SAFETY: these are the types of the functions with these names.
    unsafe {
        Ok(Functions {
            clock_gettime: std::mem::transmute::<usize, ClockCall>(address("__vdso_clock_gettime")?),
            clock_getres: std::mem::transmute::<usize, ClockCall>(address("__vdso_clock_getres")?),
            gettimeofday: std::mem::transmute::<usize, DateCall>(address("__vdso_gettimeofday")?),
            time: std::mem::transmute::<usize, TimeCall>(address("__vdso_time")?),
            getcpu: std::mem::transmute::<usize, CpuCall>(address("__vdso_getcpu")?),
        })
    }
}

fn ns(time: Timespec) -> u64 {
    time.seconds as u64 * 1_000_000_000 + time.nanoseconds as u64
}

fn by_call(clock: i32) -> u64 {
    let mut time = Timespec::default();
    let _ = call(number::clock_gettime, &[clock as usize, &raw mut time as usize]);
    ns(time)
}

fn by_image(functions: Functions, clock: i32) -> u64 {
    let mut time = Timespec::default();
    (functions.clock_gettime)(clock, &mut time);
    ns(time)
}

fn agreement(functions: Functions) -> Holds {
    for clock in CLOCKS {
        for _ in 0..1000 {
            let (before, between, after) = (by_call(clock), by_image(functions, clock), by_call(clock));
            if before > between || between > after {
                return Err(format!("clock {clock}: {between} is not between {before} and {after}"));
            }
        }
        let (mut own, mut kernels) = (Timespec::default(), Timespec::default());
        (functions.clock_getres)(clock, &mut own);
        let _ = call(number::clock_getres, &[clock as usize, &raw mut kernels as usize]);
        equal(own, kernels)?;
    }
    let (before, mut date, mut zone) = (by_call(0), Timeval::default(), 7);
    let told = (functions.gettimeofday)(&mut date, &mut zone);
    let mut seconds = 0;
    let returned = (functions.time)(&mut seconds);
    let after = by_call(0);
    let microseconds = (date.seconds * 1_000_000 + date.microseconds) as u64;
    equal((told, zone, returned), (0, 0, seconds))?;
    equal((functions.time)(std::ptr::null_mut()) >= seconds, true)?;
    let is_between = before / 1000 <= microseconds && microseconds <= after / 1000;
    let is_second = before / 1_000_000_000 <= seconds as u64 && seconds as u64 <= after / 1_000_000_000;
    if is_between && is_second { Ok(()) } else { Err(format!("{date:?} and {seconds} from {before} to {after}")) }
}

fn unknown(functions: Functions) -> Holds {
    let mut time = Timespec::default();
    let code = (functions.clock_gettime)(99, &mut time);
    equal((code, (functions.clock_getres)(12, &mut time)), (-22, -22))?;
    equal((functions.clock_gettime)(libc::CLOCK_THREAD_CPUTIME_ID, &mut time), 0)?;
    equal(ns(time) > 0 && ns(time) <= by_call(libc::CLOCK_THREAD_CPUTIME_ID), true)
}

fn move_to(cpu: usize) -> bool {
    // SAFETY: the set is there.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &set) == 0
    }
}

fn cpus(functions: Functions) -> Holds {
    std::thread::spawn(move || {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        for wanted in 0..count {
            equal(move_to(wanted), true)?;
            let (mut cpu, mut node) = (u32::MAX, u32::MAX);
            (functions.getcpu)(&mut cpu, &mut node, 0);
            equal((cpu, node), (wanted as u32, 0))?;
        }
        Ok(())
    })
    .join()
    .map_err(|_| "panicked")?
}

fn monotony(functions: Functions) -> Holds {
    static LATEST: AtomicU64 = AtomicU64::new(0);
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let rounds = number_argument("--calls", 1_000_000) as usize / count;
    let reader = move |own: usize| {
        move || {
            for round in 0..rounds {
                if round % 4096 == 0 {
                    move_to((own + round / 4096) % count);
                }
                let seen = LATEST.load(Ordering::SeqCst);
                let now = if round % 64 == 0 { by_call(1) } else { by_image(functions, 1) };
                if now < seen {
                    return Err(format!("{now} after {seen}"));
                }
                LATEST.fetch_max(now, Ordering::SeqCst);
            }
            Ok(())
        }
    };
    let readers: Vec<_> = (0..count).map(|own| std::thread::spawn(reader(own))).collect();
    readers.into_iter().try_for_each(|reader| reader.join().map_err(|_| "panicked".to_owned())?)
}

fn protection() -> Holds {
    // SAFETY: no memory is involved.
    let base = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) } as usize;
    let writable = libc::PROT_READ | libc::PROT_WRITE;
    equal(call(number::mprotect, &[base + 4096, 4096, writable as usize]).err(), Some(Errno::EACCES))?;
    // The kernel, asked to write there, meets the same.
    equal(call(number::clock_gettime, &[1, base + 4096]).err(), Some(Errno::EFAULT))
}

fn setting(functions: Functions) -> Holds {
    const HOUR: u64 = 3_600_000_000_000;
    let set = |ns: u64| {
        let time = Timespec { seconds: (ns / 1_000_000_000) as i64, nanoseconds: (ns % 1_000_000_000) as i64 };
        call(number::clock_settime, &[0, &raw const time as usize])
    };
    let (date, monotonic) = (by_image(functions, 0), by_image(functions, 1));
    set(date + HOUR).map_err(|error| format!("{error:?}"))?;
    let (later, passed) = (by_image(functions, 0), by_image(functions, 1) - monotonic);
    set(date + passed).map_err(|error| format!("{error:?}"))?;
    let ahead = later - date;
    if (HOUR..HOUR * 3 / 2).contains(&ahead) && passed < HOUR / 2 { Ok(()) } else { Err(format!("{ahead} ahead")) }
}
