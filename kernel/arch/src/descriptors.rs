//! Segments, task state and interrupt gates of each CPU.
//!
//! Selectors are Linux's own, since debuggers tell 64-bit programs by them.

use core::cell::UnsafeCell;

use x86_64::VirtAddr;
use x86_64::instructions::segmentation::{CS, DS, ES, SS, Segment};
use x86_64::instructions::tables::load_tss;
use x86_64::registers::model_specific::{Efer, EferFlags, GsBase, KernelGsBase, LStar, SFMask};
use x86_64::registers::rflags::RFlags;
use x86_64::structures::gdt::{Descriptor, DescriptorFlags, SegmentSelector};
use x86_64::structures::idt::InterruptDescriptorTable;
use x86_64::structures::tss::TaskStateSegment;

use crate::local::{self, Local};
use crate::{trap, user};

/// Kernel code.
pub(crate) const KERNEL_CODE: u16 = 0x10;
const KERNEL_DATA: u16 = 0x18;
/// User data, ring 3.
pub(crate) const USER_DATA: u16 = 0x2b;
/// 64-bit user code, ring 3.
pub(crate) const USER_CODE: u16 = 0x33;
const TSS: u16 = 0x38;
/// Nothing but the number of the CPU, as the limit: for programs, ring 3.
pub(crate) const CPU_NUMBER: u16 = 0x4b;

/// Tops of the stacks for traps that may not use the current one: double fault and machine check,
/// NMI, debug exception.
pub(crate) type Stacks = [VirtAddr; 3];

/// Bytes at the top of such a stack that hold the address of the CPU's block: the entry code finds it
/// there whatever GS is.
const STACK_RESERVED: u64 = 16;

struct Idt(UnsafeCell<InterruptDescriptorTable>);

// SAFETY: filled by the boot processor before any other runs, only read afterwards.
unsafe impl Sync for Idt {}

static IDT: Idt = Idt(UnsafeCell::new(InterruptDescriptorTable::new()));

/// Fills the interrupt table and installs everything on the boot processor.
pub(crate) fn install_boot(stacks: Stacks) {
    // SAFETY: the boot processor runs alone and has no other reference to the table.
    trap::fill(unsafe { &mut *IDT.0.get() });
    // SAFETY: the boot processor's block, in its place for good; GS points to it already.
    unsafe { install(local::BOOT.get(), stacks) };
}

/// Loads the descriptor tables, the system-call registers and GS of this CPU.
///
/// # Safety
/// `local` must be this CPU's block, at its final place, with no other reference to it. Stacks must
/// be valid for good.
pub(crate) unsafe fn install(local: *mut Local, stacks: Stacks) {
    // SAFETY: the caller vouches for the block.
    let local = unsafe { &mut *local };
    local.this = &raw const *local as usize;
    for (index, top) in stacks.into_iter().enumerate() {
        let top = top - STACK_RESERVED;
        // SAFETY: the stack is this CPU's own, and its last words are not in use.
        unsafe { top.as_mut_ptr::<usize>().write(local.this) };
        local.tss.interrupt_stack_table[index] = top;
    }
    local.tss.iomap_base = size_of::<TaskStateSegment>() as u16;
    let tss = &raw const local.tss;
    local.gdt.append(Descriptor::UserSegment(0));
    local.gdt.append(Descriptor::UserSegment(DescriptorFlags::KERNEL_CODE64.bits()));
    local.gdt.append(Descriptor::UserSegment(DescriptorFlags::KERNEL_DATA.bits()));
    local.gdt.append(Descriptor::UserSegment(DescriptorFlags::USER_CODE32.bits()));
    local.gdt.append(Descriptor::UserSegment(DescriptorFlags::USER_DATA.bits()));
    local.gdt.append(Descriptor::UserSegment(DescriptorFlags::USER_CODE64.bits()));
    // SAFETY: the TSS lies in the block, which stays for good.
    local.gdt.append(unsafe { Descriptor::tss_segment_unchecked(tss) });
    local.gdt.append(Descriptor::UserSegment(number_segment(local.cpu)));
    // SAFETY: the table lies in the block and stays for good.
    unsafe { local.gdt.load_unsafe() };
    load_segments(local);
    // SAFETY: the table is filled and never changes again.
    let idt = unsafe { &*IDT.0.get() };
    // SAFETY: it is a static, so it stays.
    unsafe { idt.load_unsafe() };
    set_syscall_registers();
}

/// A data segment of ring 3, not writable, whose limit is `number`.
fn number_segment(number: u32) -> u64 {
    const READ_ONLY_DATA: u64 = 0xf1 << 40;
    let number = u64::from(number);
    READ_ONLY_DATA | number & 0xffff | (number >> 16 & 0xf) << 48
}

fn load_segments(local: &Local) {
    // SAFETY: the selectors name the descriptors that `install` appended.
    unsafe { CS::set_reg(SegmentSelector(KERNEL_CODE)) };
    // SAFETY: as above.
    unsafe { SS::set_reg(SegmentSelector(KERNEL_DATA)) };
    // SAFETY: as above; 64-bit code does not use DS.
    unsafe { DS::set_reg(SegmentSelector(0)) };
    // SAFETY: as above, for ES.
    unsafe { ES::set_reg(SegmentSelector(0)) };
    // SAFETY: as above, and the TSS is valid.
    unsafe { load_tss(SegmentSelector(TSS)) };
    GsBase::write(VirtAddr::new(local.this as u64));
    KernelGsBase::write(VirtAddr::zero());
}

/// `syscall` jumps to the entry with interrupts, single-stepping and alignment checks off.
fn set_syscall_registers() {
    // STAR: `syscall` takes its selectors from bits 32–47 (code, then data 8 above); `sysret` from
    // bits 48–63 (data 8 above, 64-bit code 16 above). Written raw: the typed form wants ring 3 in the
    // base, which is here that of the unused 32-bit code segment.
    const STAR: u32 = 0xc000_0081;
    let star = (u64::from(USER_CODE - 16) << 48) | (u64::from(KERNEL_CODE) << 32);
    let mut msr = x86_64::registers::model_specific::Msr::new(STAR);
    // SAFETY: the selectors name the descriptors above.
    unsafe { msr.write(star) };
    LStar::write(VirtAddr::from_ptr(user::syscall_entry as *const ()));
    SFMask::write(
        RFlags::INTERRUPT_FLAG
            | RFlags::TRAP_FLAG
            | RFlags::DIRECTION_FLAG
            | RFlags::ALIGNMENT_CHECK
            | RFlags::NESTED_TASK
            | RFlags::IOPL_LOW
            | RFlags::IOPL_HIGH,
    );
    // SAFETY: system calls are what the registers above are for; NX and long mode stay.
    unsafe { Efer::update(|flags| *flags |= EferFlags::SYSTEM_CALL_EXTENSIONS) };
}
