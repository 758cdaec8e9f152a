//! From a start-up IPI in real mode to [`smp::processor_main`](crate::smp).
//!
//! The code between `trampoline_start` and `trampoline_end` is copied to a page below 1 MiB. It goes
//! straight from real mode to 64-bit mode, which the architecture allows (AMD64 manual volume 2,
//! section 14.6.2 lists what must be set), with tables that map this page at its own address besides
//! the kernel. Its code segment's base tells it where it lies.

#[cfg(target_os = "none")]
use core::arch::global_asm;
use core::arch::naked_asm;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::local::Local;
use crate::{PhysAddr, cpu, paging, phys_to_virt, smp};

static PAGE: AtomicU64 = AtomicU64::new(0);
static ROOT: AtomicU64 = AtomicU64::new(0);
/// What `arrive` loads once it no longer needs the trampoline's mapping.
static KERNEL_ROOT: AtomicU64 = AtomicU64::new(0);

/// Keeps what `boot` has chosen.
pub(crate) fn set_place(page: u64, root: PhysAddr) {
    PAGE.store(page, Ordering::Relaxed);
    ROOT.store(root.as_u64(), Ordering::Relaxed);
}

unsafe extern "C" {
    safe static trampoline_start: u8;
    safe static trampoline_end: u8;
    safe static trampoline_root: u8;
    safe static trampoline_target: u8;
    safe static trampoline_gdt_base: u8;
    safe static trampoline_far: u8;
    safe static trampoline_long: u8;
}

/// Copies the trampoline to its page and returns the page's number, the start-up IPI's vector.
pub(crate) fn install() -> u8 {
    let page = PAGE.load(Ordering::Relaxed);
    let start = &raw const trampoline_start;
    let offset = |label: *const u8| label as usize - start as usize;
    let to = phys_to_virt(PhysAddr::new(page));
    // SAFETY: the page is reserved for this, and the code fits.
    unsafe { to.copy_from_nonoverlapping(start, offset(&raw const trampoline_end)) };
    KERNEL_ROOT.store(paging::kernel_root().as_u64(), Ordering::Relaxed);
    let code = page as u32 + offset(&raw const trampoline_long) as u32;
    let gdt = page as u32 + offset(&raw const trampoline_gdt_base) as u32 + 4;
    let words = [
        (&raw const trampoline_root, ROOT.load(Ordering::Relaxed) as u32),
        (&raw const trampoline_far, code),
        (&raw const trampoline_gdt_base, gdt),
    ];
    for (label, value) in words {
        let place = to.wrapping_add(offset(label)).cast::<u32>();
        // SAFETY: the label marks four bytes in the copied page.
        unsafe { place.write_unaligned(value) };
    }
    let target = to.wrapping_add(offset(&raw const trampoline_target)).cast::<u64>();
    // SAFETY: the label marks eight bytes in the copied page.
    unsafe { target.write_unaligned(arrive as *const () as u64) };
    (page >> 12) as u8
}

#[cfg(target_os = "none")]
global_asm!(
    ".section .rodata.trampoline, \"a\"",
    ".global trampoline_start, trampoline_end, trampoline_root, trampoline_target",
    ".global trampoline_gdt_base, trampoline_far, trampoline_long",
    ".balign 16",
    ".code16",
    "trampoline_start:",
    "cli",
    "cld",
    "movw %cs, %ax",
    "movw %ax, %ds",
    "lgdtl (trampoline_gdt_pointer - trampoline_start)",
    // CR4: PAE. EFER: SCE, LME, NXE. CR0: PE, MP, ET, NE, WP, PG.
    "movl $0x20, %eax",
    "movl %eax, %cr4",
    "movl (trampoline_root - trampoline_start), %eax",
    "movl %eax, %cr3",
    "movl $0xc0000080, %ecx",
    "rdmsr",
    "orl $0x901, %eax",
    "wrmsr",
    "movl $0x80010033, %eax",
    "movl %eax, %cr0",
    "ljmpl *(trampoline_far - trampoline_start)",
    ".code64",
    "trampoline_long:",
    "movq trampoline_target(%rip), %rax",
    "jmpq *%rax",
    ".balign 8",
    "trampoline_target: .quad 0",
    "trampoline_root: .long 0",
    "trampoline_far: .long 0",
    ".short 0x10",
    ".balign 2",
    "trampoline_gdt_pointer: .short 3 * 8 - 1",
    "trampoline_gdt_base: .long 0",
    "trampoline_gdt: .quad 0, 0, 0x00209a0000000000",
    "trampoline_end:",
    // AT&T syntax, since only there a difference of labels can be an address.
    options(att_syntax)
);

/// First code in the high half: finds the CPU's block by its APIC identifier and takes its stack.
///
/// # Safety
/// Reached only by the jump of the trampoline, once on each CPU, with the kernel's page tables active.
#[unsafe(naked)]
unsafe extern "C" fn arrive() {
    naked_asm!(
        "xor eax, eax",
        "mov ss, eax",
        "mov ds, eax",
        "mov es, eax",
        "mov fs, eax",
        "mov gs, eax",
        // Leaf 0xb has the 32-bit identifier where it exists, leaf 1 the 8-bit one everywhere.
        "cpuid",
        "cmp eax, 0xb",
        "jb 2f",
        "mov eax, 0xb",
        "xor ecx, ecx",
        "cpuid",
        "test ebx, ebx",
        "jnz 3f",
        "2:",
        "mov eax, 1",
        "cpuid",
        "mov edx, ebx",
        "shr edx, 24",
        "3:",
        "lea rsi, [rip + {ids}]",
        "lea rdi, [rip + {blocks}]",
        "xor ecx, ecx",
        "4:",
        "cmp [rsi + rcx * 4], edx",
        "je 6f",
        "5:",
        "inc ecx",
        "cmp ecx, {max}",
        "jb 4b",
        // Nobody asked for this processor.
        "cli",
        "hlt",
        "jmp 5b",
        "6:",
        "mov rbx, [rdi + rcx * 8]",
        "test rbx, rbx",
        "jz 5b",
        "mov rax, [rip + {root}]",
        "mov cr3, rax",
        "mov rsp, [rbx + {stack}]",
        "mov rax, rbx",
        "mov rdx, rbx",
        "shr rdx, 32",
        "mov ecx, 0xc0000101",
        "wrmsr",
        "mov rdi, rbx",
        "xor ebp, ebp",
        "sub rsp, 16",
        "mov qword ptr [rsp], 0",
        "mov qword ptr [rsp + 8], 0",
        "call {main}",
        "ud2",
        ids = sym smp::APIC_IDS,
        blocks = sym smp::LOCALS,
        root = sym KERNEL_ROOT,
        max = const cpu::MAX_CPUS,
        stack = const offset_of!(Local, stack_top),
        main = sym smp::processor_main,
    )
}
