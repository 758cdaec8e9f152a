//! What happens on each vector in kernel mode, and on interrupts in either.

use x86_64::registers::control::Cr2;
use x86_64::registers::debug::{Dr7, Dr7Value};

use super::fixup;
use crate::hooks::{Fault, hooks};
use crate::interrupt_counts::{Kind, note, note_time};
use crate::layout::{KERNEL_STACKS, KERNEL_STACKS_SIZE, USER_END};
use crate::user::Registers;
use crate::{PAGE_SIZE, VirtAddr, apic, boot, clock, cpu, interrupts, preempt, stop, trace, vector};

const INTERRUPT_FLAG: u64 = 1 << 9;
const TRAP_FLAG: u64 = 1 << 8;
const GENERAL_PROTECTION: u64 = 13;
const PAGE_FAULT: u64 = 14;

/// Traps of kernel code, on its own stack.
pub(super) extern "C" fn kernel_trap(regs: &mut Registers) {
    if regs.vector < 32 {
        return exception(regs);
    }
    interrupt(regs.vector as u8);
    if regs.rflags & INTERRUPT_FLAG != 0
        && let Some(hooks) = hooks()
    {
        if preempt::count() == 0 { (hooks.preempt)() } else { (hooks.preempt_later)() }
    }
}

/// Runs the handler of an interrupt, with interrupts off.
pub(crate) fn interrupt(number: u8) {
    let start = clock::read_tsc();
    preempt::disable();
    if trace::flags() != 0 {
        trace::interrupt_begins(number);
    }
    let hooks = hooks();
    match number {
        vector::TIMER => {
            note(Kind::Timer);
            apic::end_of_interrupt();
            apic::timer::expired();
        }
        vector::RESCHEDULE => {
            note(Kind::Reschedule);
            apic::end_of_interrupt();
            hooks.inspect(|hooks| (hooks.reschedule)());
        }
        vector::SHOOTDOWN => {
            note(Kind::Shootdown);
            apic::end_of_interrupt();
            hooks.inspect(|hooks| (hooks.shootdown)());
        }
        vector::STOP => cpu::halt_forever(),
        vector::FIRST_DEVICE..=vector::LAST_DEVICE => {
            hooks.inspect(|hooks| (hooks.device)(number));
            // Only now: a level-triggered line would fire again at once.
            apic::end_of_interrupt();
        }
        vector::APIC_ERROR => {
            note(Kind::Error);
            apic::end_of_interrupt();
            log::error!("APIC error {:#x}", apic::take_error());
        }
        // Spurious interrupts, the APIC's and the masked PIC's, want no acknowledgement.
        _ => {}
    }
    if trace::flags() != 0 {
        trace::interrupt_ends(number);
    }
    note_time(clock::read_tsc().wrapping_sub(start));
    preempt::enable();
}

fn exception(regs: &mut Registers) {
    match regs.vector {
        PAGE_FAULT => {
            let address = Cr2::read_raw();
            if address >= USER_END || !repair_user_access(regs, Some(address)) {
                fatal(regs, address);
            }
        }
        // A user address that is not canonical.
        GENERAL_PROTECTION => {
            if !repair_user_access(regs, None) {
                fatal(regs, 0);
            }
        }
        _ => fatal(regs, 0),
    }
}

/// For an instruction that may fault on user memory: asks `mm`, then lands at its fix-up.
fn repair_user_access(regs: &mut Registers, address: Option<u64>) -> bool {
    let Some(landing) = fixup::landing(regs.rip) else { return false };
    let hook = hooks().map(|hooks| hooks.kernel_fault).filter(|_| preempt::count() == 0);
    if let (Some(hook), Some(address)) = (hook, address) {
        if regs.rflags & INTERRUPT_FLAG != 0 {
            interrupts::enable();
        }
        let fault = Fault { address: VirtAddr::new_truncate(address), error_code: regs.error_code };
        let is_repaired = hook(&fault);
        let _ = interrupts::disable();
        if is_repaired {
            return true;
        }
    }
    regs.rip = landing;
    true
}

/// Traps on their own stacks: NMI, double fault, machine check, and debug exceptions of kernel code.
pub(super) extern "C" fn paranoid_trap(regs: &mut Registers) {
    match regs.vector {
        1 => {
            // A user's breakpoint that hit a kernel access, or single-stepping into the kernel.
            Dr7::write(Dr7Value::from_bits_truncate(0));
            regs.rflags &= !TRAP_FLAG;
        }
        2 => stop::non_maskable_interrupt(regs),
        8 => double_fault(regs),
        _ => fatal(regs, 0),
    }
}

/// A double fault next to the guard page under the stack is that stack's overflow.
fn double_fault(regs: &Registers) -> ! {
    let address = Cr2::read_raw();
    let is_near = address.abs_diff(regs.rsp) <= PAGE_SIZE as u64;
    let is_stack =
        (KERNEL_STACKS..KERNEL_STACKS + KERNEL_STACKS_SIZE).contains(&address) || boot::is_stack_guard(address);
    if is_near && is_stack {
        panic!("kernel stack overflow at {:#x}: rsp {:#x}, guard page hit at {address:#x}", regs.rip, regs.rsp);
    }
    fatal(regs, address)
}

fn fatal(regs: &Registers, address: u64) -> ! {
    panic!(
        "{} in the kernel at {:#x}, error code {:#x}, address {:#x}, rsp {:#x}, rflags {:#x}",
        name(regs.vector),
        regs.rip,
        regs.error_code,
        address,
        regs.rsp,
        regs.rflags
    );
}

/// Intel SDM volume 3, table 6-1.
fn name(vector: u64) -> &'static str {
    match vector {
        0 => "divide error",
        1 => "debug exception",
        3 => "breakpoint",
        4 => "overflow",
        5 => "bound range exceeded",
        6 => "invalid opcode",
        7 => "device not available",
        8 => "double fault",
        10 => "invalid TSS",
        11 => "segment not present",
        12 => "stack segment fault",
        13 => "general protection fault",
        14 => "page fault",
        16 => "floating-point error",
        17 => "alignment check",
        18 => "machine check",
        19 => "SIMD floating-point error",
        _ => "unexpected exception",
    }
}
