//! Instructions that may fault on user memory, and where each continues if it does.

/// One entry of the `.fixups` section, written by [`crate::usercopy`]'s assembly.
#[repr(C)]
struct Fixup {
    /// The instruction that may fault.
    instruction: u64,
    /// Where to go on.
    landing: u64,
}

unsafe extern "C" {
    safe static fixups_start: Fixup;
    safe static fixups_end: Fixup;
}

/// The landing of the instruction at `rip`, if it may fault.
pub(super) fn landing(rip: u64) -> Option<u64> {
    let mut fixup = &raw const fixups_start;
    while fixup < &raw const fixups_end {
        // SAFETY: the linker script delimits an array of entries.
        let entry = unsafe { &*fixup };
        if entry.instruction == rip {
            return Some(entry.landing);
        }
        fixup = fixup.wrapping_add(1);
    }
    None
}
