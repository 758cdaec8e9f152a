//! Exceptions and interrupts.

mod dispatch;
mod entry;
mod fixup;

use x86_64::VirtAddr;
use x86_64::structures::idt::InterruptDescriptorTable;

pub(crate) use dispatch::interrupt;

/// Points every vector to its gate, with interrupts off on entry.
pub(crate) fn fill(idt: &mut InterruptDescriptorTable) {
    /// Installs one exception's gate; the fields differ in type, not in shape.
    macro_rules! exception {
        ($($field:ident $vector:literal),* $(,)?) => {
            $(
                // SAFETY: the gate has the stack shape that this vector produces.
                unsafe { idt.$field.set_handler_addr(gate($vector)) };
            )*
        };
    }
    exception! {
        divide_error 0, debug 1, non_maskable_interrupt 2, breakpoint 3, overflow 4,
        bound_range_exceeded 5, invalid_opcode 6, device_not_available 7, double_fault 8,
        invalid_tss 10, segment_not_present 11, stack_segment_fault 12,
        general_protection_fault 13, page_fault 14, x87_floating_point 16, alignment_check 17,
        machine_check 18, simd_floating_point 19, virtualization 20, cp_protection_exception 21,
        hv_injection_exception 28, vmm_communication_exception 29, security_exception 30,
    }
    for vector in 32..=255 {
        // SAFETY: as above; interrupts push no error code.
        unsafe { idt[vector].set_handler_addr(gate(vector)) };
    }
    set_stacks_and_privilege(idt);
}

fn set_stacks_and_privilege(idt: &mut InterruptDescriptorTable) {
    // SAFETY: gate and CPU block provide this gate again, now with its own stack.
    let double_fault = unsafe { idt.double_fault.set_handler_addr(gate(8)) };
    // SAFETY: stack 0 is installed on every CPU before its interrupt table.
    unsafe { double_fault.set_stack_index(0) };
    // SAFETY: as above.
    let machine_check = unsafe { idt.machine_check.set_handler_addr(gate(18)) };
    // SAFETY: as above; both are fatal, so sharing a stack loses nothing.
    unsafe { machine_check.set_stack_index(0) };
    // SAFETY: as above.
    let nmi = unsafe { idt.non_maskable_interrupt.set_handler_addr(gate(2)) };
    // SAFETY: as above.
    unsafe { nmi.set_stack_index(1) };
    // SAFETY: as above.
    let debug = unsafe { idt.debug.set_handler_addr(gate(1)) };
    // SAFETY: as above.
    unsafe { debug.set_stack_index(2) };
    for vector in [3, 4] {
        let entry = match vector {
            // SAFETY: as above; programs may use `int3`.
            3 => unsafe { idt.breakpoint.set_handler_addr(gate(3)) },
            // SAFETY: as above; programs may use `into`'s vector.
            _ => unsafe { idt.overflow.set_handler_addr(gate(4)) },
        };
        entry.set_privilege_level(x86_64::PrivilegeLevel::Ring3);
    }
}

fn gate(vector: u8) -> VirtAddr {
    VirtAddr::from_ptr(entry::gates as *const ()) + (vector as usize * entry::GATE_SIZE) as u64
}
