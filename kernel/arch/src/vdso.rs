//! The code that programs read clocks with, without a system call: the vDSO, and the page of clock parameters beside it.
//!
//! A page with an ELF image is mapped into each program, and after it a page of parameters that only the kernel writes.
//! C libraries find the image by AT_SYSINFO_EHDR and its functions by name and version. What they compute is what
//! [`crate::clock`] computes: this CPU's TSC and offset, scaled. Which CPU it was is the limit of a segment that each CPU
//! has for this (`lsl` reads it in user mode, on every processor); if it changed meanwhile, all is read again. The sequence
//! number is odd while the kernel changes parameters.

use core::arch::global_asm;
use core::sync::atomic::{AtomicU64, Ordering, fence};

use crate::cpu::{self, CpuId, MAX_CPUS};
use crate::{PAGE_SIZE, clock, descriptors, interrupts, smp};

/// Words of the page of parameters.
pub const WORDS: usize = PAGE_SIZE / 8;

const SEQUENCE: usize = 0;
const NS_PER_TICK: usize = 1;
const UTC_AT_BOOT: usize = 2;
const TAI_AT_BOOT: usize = 3;
/// From here on each CPU's TSC offset.
const OFFSETS: usize = 8;
const _: () = assert!(OFFSETS + MAX_CPUS <= WORDS);

static PARAMETERS: spin::Once<&'static [AtomicU64; WORDS]> = spin::Once::new();
static WRITER: spin::Mutex<()> = spin::Mutex::new(());

unsafe extern "C" {
    static vdso_start: u8;
    static vdso_end: u8;
}

/// The image, which fits a page.
pub fn image() -> &'static [u8] {
    let (start, end) = (&raw const vdso_start, &raw const vdso_end);
    // SAFETY: the two symbols enclose the image below, which is constant.
    unsafe { core::slice::from_raw_parts(start, end.addr() - start.addr()) }
}

/// Keeps `page` up to date from now on. Only the first call has an effect.
pub fn install(page: &'static [AtomicU64; WORDS]) {
    PARAMETERS.call_once(|| page);
    cpu::present().iter().for_each(|cpu| note_offset(cpu, smp::tsc_offset(cpu)));
    publish();
}

/// Tells programs how the TSC of a CPU differs.
pub(crate) fn note_offset(cpu: CpuId, offset: u64) {
    if let Some(page) = PARAMETERS.get() {
        page[OFFSETS + cpu.index()].store(offset, Ordering::Relaxed);
    }
}

/// Tells programs the clock's parameters.
pub(crate) fn publish() {
    let Some(page) = PARAMETERS.get() else { return };
    // A program spins while the sequence number is odd: nothing may come in between here.
    interrupts::without(|| {
        let _writer = WRITER.lock();
        let (factor, utc, tai) = clock::parameters();
        let sequence = page[SEQUENCE].load(Ordering::Relaxed);
        page[SEQUENCE].store(sequence + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        page[NS_PER_TICK].store(factor, Ordering::Relaxed);
        page[UTC_AT_BOOT].store(utc, Ordering::Relaxed);
        page[TAI_AT_BOOT].store(tai, Ordering::Relaxed);
        page[SEQUENCE].store(sequence + 2, Ordering::Release);
    });
}

// The image: an ELF header, two program headers, what a dynamic linker looks at, and the code. All addresses are
// distances from its start, so it runs wherever it is mapped.
global_asm!(
    ".pushsection .rodata.vdso, \"a\", @progbits",
    ".balign 64",
    ".globl vdso_start, vdso_end",
    "vdso_start:",
    ".byte 0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0",
    ".quad 0",
    ".short 3, 62",
    ".long 1",
    ".quad 0, 64, 0",
    ".long 0",
    ".short 64, 56, 2, 64, 0, 0",
    // PT_LOAD, readable and executable: all of it.
    ".long 1, 5",
    ".quad 0, 0, 0, vdso_end - vdso_start, vdso_end - vdso_start, 4096",
    // PT_DYNAMIC.
    ".long 2, 4",
    ".quad 30f - vdso_start, 30f - vdso_start, 30f - vdso_start, 31f - 30f, 31f - 30f, 8",
    // DT_HASH: one chain of all symbols.
    "10:",
    ".long 1, 6, 1",
    ".long 0, 2, 3, 4, 5, 0",
    ".balign 8",
    // DT_SYMTAB: global functions.
    "11:",
    ".quad 0, 0, 0",
    ".long 21f - 20f, 0x00010012",
    ".quad 40f - vdso_start, 41f - 40f",
    ".long 22f - 20f, 0x00010012",
    ".quad 42f - vdso_start, 43f - 42f",
    ".long 23f - 20f, 0x00010012",
    ".quad 43f - vdso_start, 44f - 43f",
    ".long 24f - 20f, 0x00010012",
    ".quad 44f - vdso_start, 45f - 44f",
    ".long 25f - 20f, 0x00010012",
    ".quad 41f - vdso_start, 42f - 41f",
    // DT_VERSYM.
    "12:",
    ".short 0, 2, 2, 2, 2, 2",
    ".balign 4",
    // DT_VERDEF: the name of the object, and the one version of its symbols.
    "13:",
    ".short 1, 1, 1, 1",
    ".long 0xdeebfa1, 20, 28",
    ".long 26f - 20f, 0",
    ".short 1, 0, 2, 1",
    ".long 0x03ae75f6, 20, 0",
    ".long 27f - 20f, 0",
    // DT_STRTAB.
    "20: .byte 0",
    "21: .asciz \"__vdso_clock_gettime\"",
    "22: .asciz \"__vdso_gettimeofday\"",
    "23: .asciz \"__vdso_time\"",
    "24: .asciz \"__vdso_getcpu\"",
    "25: .asciz \"__vdso_clock_getres\"",
    "26: .asciz \"linux-vdso.so.1\"",
    "27: .asciz \"LINUX_2.6\"",
    "28:",
    ".balign 8",
    // The dynamic section.
    "30:",
    ".quad 4, 10b - vdso_start",
    ".quad 5, 20b - vdso_start",
    ".quad 6, 11b - vdso_start",
    ".quad 10, 28b - 20b",
    ".quad 11, 24",
    ".quad 14, 26b - 20b",
    ".quad 0x6ffffff0, 12b - vdso_start",
    ".quad 0x6ffffffc, 13b - vdso_start",
    ".quad 0x6ffffffd, 2",
    ".quad 0, 0",
    "31:",
    ".balign 16",
    // clock_gettime(edi: clock, rsi: time)
    "40:",
    "cmp edi, 11",
    "ja 50f",
    "mov eax, {precise} | {coarse}",
    "bt eax, edi",
    "jnc 50f",
    "call 60f",
    "mov [rsi], rax",
    "mov [rsi + 8], rdx",
    "xor eax, eax",
    "ret",
    "50:",
    "mov eax, {clock_gettime}",
    "syscall",
    "ret",
    ".balign 16",
    // clock_getres(edi: clock, rsi: time)
    "41:",
    "cmp edi, 11",
    "ja 51f",
    "mov eax, {precise}",
    "bt eax, edi",
    "jnc 51f",
    "xor eax, eax",
    "test rsi, rsi",
    "jz 52f",
    "mov qword ptr [rsi], 0",
    "mov qword ptr [rsi + 8], 1",
    "52: ret",
    "51:",
    "mov eax, {clock_getres}",
    "syscall",
    "ret",
    ".balign 16",
    // gettimeofday(rdi: time, rsi: zone)
    "42:",
    "mov r11, rdi",
    "test rdi, rdi",
    "jz 53f",
    "xor edi, edi",
    "call 60f",
    "mov [r11], rax",
    "mov eax, edx",
    "xor edx, edx",
    "mov ecx, 1000",
    "div ecx",
    "mov [r11 + 8], rax",
    "53: test rsi, rsi",
    "jz 54f",
    "mov qword ptr [rsi], 0",
    "54: xor eax, eax",
    "ret",
    ".balign 16",
    // time(rdi: seconds)
    "43:",
    "mov r11, rdi",
    "xor edi, edi",
    "call 60f",
    "test r11, r11",
    "jz 55f",
    "mov [r11], rax",
    "55: ret",
    ".balign 16",
    // getcpu(rdi: cpu, rsi: node)
    "44:",
    "mov eax, {cpu_segment}",
    "lsl eax, eax",
    "test rdi, rdi",
    "jz 56f",
    "mov [rdi], eax",
    "56: test rsi, rsi",
    "jz 57f",
    "mov dword ptr [rsi], 0",
    "57: xor eax, eax",
    "ret",
    "45:",
    ".balign 16",
    // The time of clock edi: seconds in rax, nanoseconds in rdx. Changes rcx, r8, r9, r10 as well.
    "60:",
    "lea r8, [rip + vdso_start + {page}]",
    "61:",
    "mov r9, [r8]",
    "test r9d, 1",
    "jnz 64f",
    "62:",
    "mov ecx, {cpu_segment}",
    "lsl r10d, ecx",
    "lfence",
    "rdtsc",
    "lsl ecx, ecx",
    "cmp ecx, r10d",
    "jne 62b",
    "shl rdx, 32",
    "or rax, rdx",
    "add rax, [r8 + 8 * {offsets} + 8 * r10]",
    "mul qword ptr [r8 + 8 * {ns_per_tick}]",
    "shrd rax, rdx, 32",
    "mov ecx, {of_utc}",
    "bt ecx, edi",
    "jnc 63f",
    "add rax, [r8 + 8 * {utc}]",
    "63: cmp edi, {tai_clock}",
    "jne 65f",
    "add rax, [r8 + 8 * {tai}]",
    "65: cmp r9, [r8]",
    "jne 61b",
    "xor edx, edx",
    "mov ecx, 1000000000",
    "div rcx",
    "ret",
    "64: pause",
    "jmp 61b",
    "vdso_end:",
    ".popsection",
    // CLOCK_REALTIME 0, MONOTONIC 1, MONOTONIC_RAW 4, BOOTTIME 7, TAI 11; the coarse ones 5 and 6.
    precise = const 1 << 0 | 1 << 1 | 1 << 4 | 1 << 7 | 1 << 11,
    coarse = const 1 << 5 | 1 << 6,
    of_utc = const 1 << 0 | 1 << 5,
    tai_clock = const 11,
    clock_gettime = const 228,
    clock_getres = const 229,
    cpu_segment = const descriptors::CPU_NUMBER,
    page = const PAGE_SIZE,
    offsets = const OFFSETS,
    ns_per_tick = const NS_PER_TICK,
    utc = const UTC_AT_BOOT,
    tai = const TAI_AT_BOOT,
);
