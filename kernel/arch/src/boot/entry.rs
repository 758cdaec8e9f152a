//! The first instructions, and the headers by which boot loaders find them.
//!
//! Both protocols enter in 32-bit protected mode with paging off. The code here only reaches 64-bit
//! mode in the high half; the tables that it uses are laid out by the assembler, map the first 4 GiB
//! three times (identity, direct map, kernel image) and are replaced by [`super::tables`].

#[cfg(target_os = "none")]
use core::arch::global_asm;

use crate::layout::KERNEL_BASE;

/// Which protocol entered, as `boot_main` gets it.
pub(super) const PVH: u32 = 1;
/// See [`PVH`].
pub(super) const MULTIBOOT2: u32 = 2;

// Multiboot2 specification 1.6, section 3.1: magic, architecture i386, length, checksum, tags.
#[cfg(target_os = "none")]
global_asm!(
    ".section .boot.header, \"a\"",
    ".balign 8",
    "multiboot2_header:",
    ".long 0xe85250d6, 0, multiboot2_header_end - multiboot2_header",
    ".long 0x100000000 - (0xe85250d6 + (multiboot2_header_end - multiboot2_header))",
    // Entry address for i386: the ELF entry is PVH's.
    ".balign 8",
    ".short 3, 0",
    ".long 12, multiboot2_start_physical",
    // Page-align modules.
    ".balign 8",
    ".short 6, 0",
    ".long 8",
    ".balign 8",
    ".short 0, 0",
    ".long 8",
    "multiboot2_header_end:",
    // PVH: XEN_ELFNOTE_PHYS32_ENTRY (18).
    ".section .note.Xen, \"a\", @note",
    ".balign 4",
    ".long 4, 4, 18",
    ".asciz \"Xen\"",
    ".long pvh_start_physical",
);

#[cfg(target_os = "none")]
global_asm!(
    ".section .boot.text, \"ax\"",
    ".code32",
    ".global pvh_start, multiboot2_start, long_mode_start",
    "multiboot2_start:",
    "mov edi, {multiboot2}",
    "jmp 2f",
    "pvh_start:",
    "mov edi, {pvh}",
    "2:",
    "cli",
    "cld",
    "mov esi, ebx",
    // CR4: PAE. EFER: SCE, LME, NXE. CR0: PE, MP, ET, NE, WP, PG.
    "mov eax, 0x20",
    "mov cr4, eax",
    "lea eax, [boot_root_physical]",
    "mov cr3, eax",
    "mov ecx, 0xc0000080",
    "rdmsr",
    "or eax, 0x901",
    "wrmsr",
    "mov eax, 0x80010033",
    "mov cr0, eax",
    "lea eax, [boot_gdt_pointer_physical]",
    "lgdt [eax]",
    "lea esp, [boot_stack_physical]",
    "lea eax, [long_mode_start_physical]",
    "push 0x10",
    "push eax",
    "retf",
    ".code64",
    "long_mode_start:",
    "lea rax, [rip + 2f]",
    "add rax, {base}",
    "jmp rax",
    "2:",
    "xor eax, eax",
    "mov ss, eax",
    "mov ds, eax",
    "mov es, eax",
    "mov fs, eax",
    "mov gs, eax",
    "lea rsp, [rip + boot_stacks_start + {stack}]",
    // GS base: the boot processor's block.
    "lea rax, [rip + {local}]",
    "mov rdx, rax",
    "shr rdx, 32",
    "mov ecx, 0xc0000101",
    "wrmsr",
    "xor ebp, ebp",
    "mov edi, edi",
    "mov esi, esi",
    "push 0",
    "push 0",
    "call {main}",
    "ud2",
    pvh = const PVH,
    multiboot2 = const MULTIBOOT2,
    base = const KERNEL_BASE as i64,
    stack = const super::stacks::SIZE,
    local = sym crate::local::BOOT,
    main = sym super::boot_main,
);

#[cfg(target_os = "none")]
global_asm!(
    ".section .data.boot, \"aw\"",
    ".global boot_root, boot_gdt_pointer",
    ".balign 4096",
    "boot_root:",
    ".quad boot_level3 - {base} + 3",
    ".zero 255 * 8",
    ".quad boot_level3 - {base} + 3",
    ".zero 254 * 8",
    ".quad boot_level3_image - {base} + 3",
    "boot_level3:",
    ".set offset, 0",
    ".rept 4",
    ".quad boot_level2 - {base} + offset + 3",
    ".set offset, offset + 4096",
    ".endr",
    ".zero 508 * 8",
    "boot_level3_image:",
    ".zero 510 * 8",
    ".quad boot_level2 - {base} + 3",
    ".quad boot_level2 + 4096 - {base} + 3",
    "boot_level2:",
    ".set page, 0x83",
    ".rept 2048",
    ".quad page",
    ".set page, page + 0x200000",
    ".endr",
    "boot_gdt:",
    ".quad 0, 0",
    ".quad 0x00209a0000000000", // 0x10: 64-bit code
    "boot_gdt_pointer:",
    ".short boot_gdt_pointer - boot_gdt - 1",
    ".long boot_gdt - {base}",
    base = const KERNEL_BASE as i64,
);
