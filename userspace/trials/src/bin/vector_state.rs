//! Vector registers belong to their thread: kept across system calls, switches, sleeps, signals, fork and the
//! handler's own use of them.

#![allow(unsafe_code, reason = "loading and storing vector registers, and libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::arch::asm;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use trials::{Holds, Report, equal};

const THREADS: u64 = 24;
/// Sixteen registers of 32 bytes.
type Registers = [[u64; 4]; 16];

static SIGNALS: AtomicU64 = AtomicU64::new(0);
static IS_OVER: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    if !std::arch::is_x86_feature_detected!("avx2") {
        println!("ok no AVX2 here, nothing to try");
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new();
    report.check("vector registers survive system calls", in_threads(|seed| run(seed, call(libc::SYS_getpid))));
    report.check("vector registers survive yields", in_threads(|seed| run(seed, call(libc::SYS_sched_yield))));
    report.check("vector registers survive sleeps", in_threads(|seed| run(seed, nap)));
    report.check("vector registers survive preemption", in_threads(preempted));
    report.check("vector registers survive signals whose handler uses them", under_signals());
    report.check("a forked child has its parent's vector registers", forked());
    report.finish()
}

/// Registers that no other seed has.
fn pattern(seed: u64) -> Registers {
    let mut registers = [[0; 4]; 16];
    for (index, register) in registers.iter_mut().enumerate() {
        for (lane, word) in register.iter_mut().enumerate() {
            *word = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((index * 4 + lane) as u64) << 32 | seed;
        }
    }
    registers
}

/// Loads all vector registers, makes a system call (`number`, with one argument), and stores them again.
fn through_call(registers: &Registers, number: i64, argument: u64, argument2: u64) -> (Registers, i64) {
    let mut after: Registers = [[0; 4]; 16];
    let result: i64;
    // SAFETY: AVX2 is there; the call is one that leaves this process's memory alone, and everything it changes is
    // named.
    unsafe {
        asm!(
            "vmovdqu ymm0, [{from}]", "vmovdqu ymm1, [{from} + 32]", "vmovdqu ymm2, [{from} + 64]",
            "vmovdqu ymm3, [{from} + 96]", "vmovdqu ymm4, [{from} + 128]", "vmovdqu ymm5, [{from} + 160]",
            "vmovdqu ymm6, [{from} + 192]", "vmovdqu ymm7, [{from} + 224]", "vmovdqu ymm8, [{from} + 256]",
            "vmovdqu ymm9, [{from} + 288]", "vmovdqu ymm10, [{from} + 320]", "vmovdqu ymm11, [{from} + 352]",
            "vmovdqu ymm12, [{from} + 384]", "vmovdqu ymm13, [{from} + 416]", "vmovdqu ymm14, [{from} + 448]",
            "vmovdqu ymm15, [{from} + 480]",
            "syscall",
            "vmovdqu [{to}], ymm0", "vmovdqu [{to} + 32], ymm1", "vmovdqu [{to} + 64], ymm2",
            "vmovdqu [{to} + 96], ymm3", "vmovdqu [{to} + 128], ymm4", "vmovdqu [{to} + 160], ymm5",
            "vmovdqu [{to} + 192], ymm6", "vmovdqu [{to} + 224], ymm7", "vmovdqu [{to} + 256], ymm8",
            "vmovdqu [{to} + 288], ymm9", "vmovdqu [{to} + 320], ymm10", "vmovdqu [{to} + 352], ymm11",
            "vmovdqu [{to} + 384], ymm12", "vmovdqu [{to} + 416], ymm13", "vmovdqu [{to} + 448], ymm14",
            "vmovdqu [{to} + 480], ymm15",
            "vzeroupper",
            from = in(reg) registers.as_ptr(),
            to = in(reg) after.as_mut_ptr(),
            inlateout("rax") number => result,
            in("rdi") argument, in("rsi") argument2,
            out("rcx") _, out("r11") _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
            out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
            out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
        );
    }
    (after, result)
}

/// The same with a loop of `turns` in place of the call: time for interrupts, switches and signals.
fn through_loop(registers: &Registers, turns: u64) -> Registers {
    let mut after: Registers = [[0; 4]; 16];
    // SAFETY: AVX2 is there, and everything that is changed is named.
    unsafe {
        asm!(
            "vmovdqu ymm0, [{from}]", "vmovdqu ymm1, [{from} + 32]", "vmovdqu ymm2, [{from} + 64]",
            "vmovdqu ymm3, [{from} + 96]", "vmovdqu ymm4, [{from} + 128]", "vmovdqu ymm5, [{from} + 160]",
            "vmovdqu ymm6, [{from} + 192]", "vmovdqu ymm7, [{from} + 224]", "vmovdqu ymm8, [{from} + 256]",
            "vmovdqu ymm9, [{from} + 288]", "vmovdqu ymm10, [{from} + 320]", "vmovdqu ymm11, [{from} + 352]",
            "vmovdqu ymm12, [{from} + 384]", "vmovdqu ymm13, [{from} + 416]", "vmovdqu ymm14, [{from} + 448]",
            "vmovdqu ymm15, [{from} + 480]",
            "2:", "dec {turns}", "jnz 2b",
            "vmovdqu [{to}], ymm0", "vmovdqu [{to} + 32], ymm1", "vmovdqu [{to} + 64], ymm2",
            "vmovdqu [{to} + 96], ymm3", "vmovdqu [{to} + 128], ymm4", "vmovdqu [{to} + 160], ymm5",
            "vmovdqu [{to} + 192], ymm6", "vmovdqu [{to} + 224], ymm7", "vmovdqu [{to} + 256], ymm8",
            "vmovdqu [{to} + 288], ymm9", "vmovdqu [{to} + 320], ymm10", "vmovdqu [{to} + 352], ymm11",
            "vmovdqu [{to} + 384], ymm12", "vmovdqu [{to} + 416], ymm13", "vmovdqu [{to} + 448], ymm14",
            "vmovdqu [{to} + 480], ymm15",
            "vzeroupper",
            from = in(reg) registers.as_ptr(),
            to = in(reg) after.as_mut_ptr(),
            turns = inout(reg) turns.max(1) => _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
            out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
            out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
        );
    }
    after
}

fn in_threads(body: impl Fn(u64) -> Holds + Send + Copy + 'static) -> Holds {
    let handles: Vec<_> = (1..=THREADS).map(|seed| thread::spawn(move || body(seed))).collect();
    handles.into_iter().try_for_each(|handle| handle.join().unwrap_or_else(|_| Err("panicked".to_owned())))
}

fn run(seed: u64, mut step: impl FnMut(&Registers) -> Registers) -> Holds {
    for turn in 0..50 {
        let before = pattern(seed << 8 | turn);
        equal(step(&before), before).map_err(|why| format!("thread {seed}, turn {turn}: {why}"))?;
    }
    Ok(())
}

/// A step that makes the system call `number`, which takes no arguments.
fn call(number: i64) -> impl Copy + Fn(&Registers) -> Registers {
    move |before| through_call(before, number, 0, 0).0
}

fn nap(before: &Registers) -> Registers {
    let time = libc::timespec { tv_sec: 0, tv_nsec: 500_000 };
    through_call(before, libc::SYS_nanosleep, &raw const time as u64, 0).0
}

fn preempted(seed: u64) -> Holds {
    run(seed, |before| through_loop(before, 300_000))
}

/// Fills every vector register with rubbish.
extern "C" fn clobber(_signal: i32) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
    let rubbish = pattern(0xdead);
    through_loop(&rubbish, 1);
}

fn under_signals() -> Holds {
    // SAFETY: the handler only touches an atomic and its own registers.
    let previous = unsafe { libc::signal(libc::SIGUSR1, clobber as *const () as libc::sighandler_t) };
    if previous == libc::SIG_ERR {
        return Err("no handler".to_owned());
    }
    let worker = thread::spawn(|| {
        let end = Instant::now() + Duration::from_millis(500);
        let mut turn = 0;
        while Instant::now() < end {
            turn += 1;
            let before = pattern(turn);
            equal(through_loop(&before, 20_000), before).map_err(|why| format!("turn {turn}: {why}"))?;
        }
        IS_OVER.store(true, Ordering::SeqCst);
        Ok(())
    });
    use std::os::unix::thread::JoinHandleExt;
    let target = worker.as_pthread_t() as libc::pthread_t;
    while !IS_OVER.load(Ordering::SeqCst) && !worker.is_finished() {
        // SAFETY: the thread has not been joined, so its handle is good.
        unsafe { libc::pthread_kill(target, libc::SIGUSR1) };
        thread::sleep(Duration::from_micros(200));
    }
    worker.join().unwrap_or_else(|_| Err("panicked".to_owned()))?;
    match SIGNALS.load(Ordering::Relaxed) {
        0..10 => Err("too few signals arrived to tell".to_owned()),
        _ => Ok(()),
    }
}

/// The child compares in its own registers and says so with its exit code.
fn forked() -> Holds {
    let before = pattern(0xf0);
    let (after, child) = through_call(&before, libc::SYS_fork, 0, 0);
    if child == 0 {
        let code = i32::from(after != before);
        // SAFETY: ends the child without running anything else of the parent's.
        unsafe { libc::_exit(code) };
    }
    equal(after, before)?;
    let mut status = -1;
    // SAFETY: the status is a place for one.
    let waited = unsafe { libc::waitpid(child as i32, &mut status, 0) };
    equal((waited, status), (child as i32, 0))
}
