//! Page faults that the kernel takes itself, in user copies.

use crate::error::Access;
use crate::space::with_current;

/// Resolves a fault of a user copy, through the current thread's space. True: retry the instruction. False: the copy
/// ends short.
/// With interrupts off nothing may sleep, so nothing is resolved: such a copy must be ready to end short.
pub fn kernel_fault(fault: &arch::Fault) -> bool {
    if !arch::interrupts::enabled() {
        return false;
    }
    let access = if fault.is_write() { Access::Write } else { Access::Read };
    with_current(|space| space.is_some_and(|space| space.fault(fault.address, access).is_ok()))
}
