//! Faults of a program's own instructions, and signal frames that try to be more than they are.

#![allow(unsafe_code, reason = "libc's calls, handlers and faults on purpose")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::arch::asm;
use std::process::ExitCode;
use std::ptr;

use trials::child::{fork, wait};
use trials::{Holds, Report, equal};

type Outcome = std::result::Result<Holds, std::io::Error>;
type Case = fn() -> Outcome;

/// A child that got the fault it expected ends with this.
const AS_EXPECTED: i32 = 42;

fn main() -> ExitCode {
    let mut report = Report::new();
    let cases: &[(&str, Case)] = &[
        ("a null pointer is SEGV_MAPERR with its address", || fault(libc::SIGSEGV, 1, 0x10, || touch(0x10))),
        ("a write to read-only memory is SEGV_ACCERR", read_only),
        ("an address that cannot be is SIGSEGV from the kernel", || fault(libc::SIGSEGV, 0x80, 0, || touch(1 << 62))),
        ("memory beyond a file's end is BUS_ADRERR", beyond_end),
        ("a division by zero is FPE_INTDIV", || fault(libc::SIGFPE, 1, ANY, divide)),
        ("an undefined instruction is ILL_ILLOPN", || fault(libc::SIGILL, 2, ANY, undefined)),
        ("a breakpoint is SIGTRAP", || fault(libc::SIGTRAP, 0x80, ANY, breakpoint)),
        ("a privileged instruction is SIGSEGV", || fault(libc::SIGSEGV, 0x80, ANY, privileged)),
        ("without a handler a fault ends the process", unhandled),
        ("a stack overflow is SIGSEGV on the signal stack", overflow),
        ("vector registers survive a handler", vectors_survive),
        ("a forged frame gives no privileges", forged_frame),
        ("writing to nobody is SIGPIPE", broken_pipe),
    ];
    for (what, case) in cases {
        report.check(what, case().unwrap_or_else(|error| Err(error.to_string())));
    }
    report.finish()
}

const ANY: u64 = u64::MAX;

/// What the handler is to find; set before the fault, read in the handler.
static mut EXPECTED: (i32, i32, u64) = (0, 0, 0);

extern "C" fn judge(signal: i32, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: written before the fault, by the same thread.
    let (expected, code, address) = unsafe { EXPECTED };
    // SAFETY: the kernel gives a valid siginfo.
    let info = unsafe { &*info };
    // SAFETY: a fault has an address.
    let place = unsafe { info.si_addr() } as u64;
    let fine = signal == expected && info.si_code == code && (address == ANY || place == address);
    // SAFETY: ends the process.
    unsafe { libc::_exit(if fine { AS_EXPECTED } else { 1 }) }
}

fn install(signal: i32, handler: *const (), flags: i32) {
    // SAFETY: all zeros is a valid value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = flags | libc::SA_SIGINFO;
    // SAFETY: the action is valid.
    assert_eq!(unsafe { libc::sigaction(signal, &action, ptr::null_mut()) }, 0);
}

/// Whether `commit`, in a child, raises this signal with this code and address.
fn fault(signal: i32, code: i32, address: u64, commit: impl FnOnce()) -> Outcome {
    let child = fork(|| {
        // SAFETY: nobody else uses it yet.
        unsafe { EXPECTED = (signal, code, address) };
        install(signal, judge as *const (), 0);
        commit();
        2
    })?;
    Ok(equal(wait(child, 0)?, (child, AS_EXPECTED << 8)))
}

fn touch(address: u64) {
    // SAFETY: none; the fault is the purpose.
    unsafe { asm!("mov byte ptr [{}], 1", in(reg) address) };
}

fn map(length: usize, protection: i32, file: i32) -> *mut libc::c_void {
    let kind = if file < 0 { libc::MAP_PRIVATE | libc::MAP_ANONYMOUS } else { libc::MAP_SHARED };
    // SAFETY: a new mapping where there is none.
    unsafe { libc::mmap(ptr::null_mut(), length, protection, kind, file, 0) }
}

fn read_only() -> Outcome {
    let place = map(4096, libc::PROT_READ, -1) as u64;
    fault(libc::SIGSEGV, 2, place + 8, || touch(place + 8))
}

fn beyond_end() -> Outcome {
    let path = std::env::temp_dir().join("beyond-end");
    let file = std::fs::File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
    file.set_len(100)?;
    let place = map(8192, libc::PROT_READ | libc::PROT_WRITE, std::os::fd::AsRawFd::as_raw_fd(&file)) as u64;
    let outcome = fault(libc::SIGBUS, 2, place + 5000, || touch(place + 5000));
    std::fs::remove_file(path)?;
    outcome
}

fn divide() {
    // SAFETY: none; the fault is the purpose.
    unsafe { asm!("xor ecx, ecx", "div ecx", out("ecx") _, out("eax") _, out("edx") _) };
}

fn undefined() {
    // SAFETY: none; the fault is the purpose.
    unsafe { asm!("ud2") };
}

fn breakpoint() {
    // SAFETY: none; the trap is the purpose.
    unsafe { asm!("int3") };
}

fn privileged() {
    // SAFETY: none; the fault is the purpose.
    unsafe { asm!("hlt") };
}

fn unhandled() -> Outcome {
    let child = fork(|| {
        touch(0);
        0
    })?;
    let (_, status) = wait(child, 0)?;
    Ok(equal(status & 0x7f, libc::SIGSEGV))
}

#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    recurse(depth + 1) + room[5]
}

extern "C" fn end_well(_signal: i32, _info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: ends the process.
    unsafe { libc::_exit(AS_EXPECTED) }
}

fn overflow() -> Outcome {
    let child = fork(|| {
        let memory = Box::leak(vec![0u8; 64 * 1024].into_boxed_slice());
        let stack = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: memory.len() };
        // SAFETY: the memory is used for nothing else.
        unsafe { libc::sigaltstack(&stack, ptr::null_mut()) };
        install(libc::SIGSEGV, end_well as *const (), libc::SA_ONSTACK);
        recurse(0) as i32
    })?;
    Ok(equal(wait(child, 0)?, (child, AS_EXPECTED << 8)))
}

extern "C" fn spoil_vectors(_signal: i32, _info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: the kernel restores the registers when the handler returns.
    unsafe { asm!("pcmpeqb xmm0, xmm0", "pcmpeqb xmm7, xmm7", "pcmpeqb xmm15, xmm15") };
}

fn vectors_survive() -> Outcome {
    install(libc::SIGUSR1, spoil_vectors as *const (), 0);
    let (low, high): (u64, u64);
    let (pid, number) = (std::process::id() as u64, libc::SYS_kill as u64);
    // SAFETY: a system call between two moves; all that it changes is named.
    unsafe {
        asm!(
            "movq xmm7, {value}", "movq xmm15, {value}", "syscall", "movq {low}, xmm7", "movq {high}, xmm15",
            value = in(reg) 0x1234_5678_9abc_def0_u64, low = lateout(reg) low, high = lateout(reg) high,
            inout("rax") number => _, in("rdi") pid, in("rsi") libc::SIGUSR1,
            out("rcx") _, out("r11") _, out("xmm7") _, out("xmm15") _,
        );
    }
    Ok(equal((low, high), (0x1234_5678_9abc_def0, 0x1234_5678_9abc_def0)))
}

extern "C" fn forge(_signal: i32, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel gives a valid context.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    let registers = &mut context.uc_mcontext.gregs;
    // Ring 0 selectors, and all flags with I/O privilege.
    registers[libc::REG_CSGSFS as usize] = 0x10 << 48 | 0x08;
    registers[libc::REG_EFL as usize] |= 0x3000 | 0x2_0000;
}

extern "C" fn forge_address(_signal: i32, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel gives a valid context.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    context.uc_mcontext.gregs[libc::REG_RIP as usize] = i64::MIN | 0x1234;
}

fn forged_frame() -> Outcome {
    let mut holds = Vec::new();
    for handler in [forge as *const (), forge_address as *const ()] {
        let child = fork(|| {
            install(libc::SIGUSR1, handler, 0);
            // SAFETY: no memory is involved.
            unsafe { libc::raise(libc::SIGUSR1) };
            // Privileged if the forgery worked.
            privileged();
            0
        })?;
        let (_, status) = wait(child, 0)?;
        holds.push(equal(status & 0x7f, libc::SIGSEGV));
    }
    Ok(holds.into_iter().find(Result::is_err).unwrap_or(Ok(())))
}

fn broken_pipe() -> Outcome {
    let child = fork(|| {
        // Rust's start-up ignores it.
        // SAFETY: a valid handler.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        let mut ends = [0; 2];
        // SAFETY: room for two.
        unsafe { libc::pipe(ends.as_mut_ptr()) };
        // SAFETY: no memory is involved.
        unsafe { libc::close(ends[0]) };
        // SAFETY: one valid byte.
        unsafe { libc::write(ends[1], b"x".as_ptr().cast(), 1) };
        0
    })?;
    Ok(equal(wait(child, 0)?, (child, libc::SIGPIPE)))
}
