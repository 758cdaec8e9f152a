//! What the kernel's own mappings forbid.

use core::arch::asm;

use arch::layout::virt_to_phys;

use super::Verdict;

/// Code, to be written to.
extern "C" fn target() {}

/// Writes to code.
pub fn write_text() -> Verdict {
    // SAFETY: it is not safe; it must fault.
    unsafe { (target as *const () as *mut u8).write_volatile(0xc3) };
    Err("code is writable")
}

/// Writes to code by its other address.
pub fn write_text_alias() -> Verdict {
    let alias = arch::phys_to_virt(virt_to_phys(target as *const ()));
    // SAFETY: it is not safe; it must fault.
    unsafe { alias.write_volatile(0xc3) };
    Err("code is writable through the direct map")
}

/// Jumps to data.
pub fn execute_data() -> Verdict {
    static mut CODE: [u8; 1] = [0xc3];
    let code = &raw mut CODE;
    // SAFETY: it is not safe; it must fault.
    unsafe { asm!("call {}", in(reg) code, clobber_abi("C")) };
    Err("data is executable")
}
