//! Copies between kernel and user memory.

use arch::usercopy::{self, UserFault};
use arch::{layout, preempt};

use super::user_space::{CODE, DATA, UserSpace};
use super::{Verdict, check};

/// Across the end of the last mapped page, at every distance and alignment.
pub fn partial() -> Verdict {
    let space = UserSpace::new(&[])?;
    space.data().write(0, &[7; 4096]);
    // So that faults go to the fix-up at once.
    preempt::disable();
    let result = partial_at_every_offset();
    preempt::enable();
    result
}

fn partial_at_every_offset() -> Verdict {
    for inside in 0..40_u64 {
        for len in [0, 1, 7, 8, 9, 33, 64] {
            let address = DATA + 0x1000 - inside;
            let left = len - len.min(inside as usize);
            let mut buffer = [0; 64];
            // SAFETY: the buffer has 64 bytes.
            let not_in = unsafe { usercopy::copy_in(buffer.as_mut_ptr(), address, len) };
            check(not_in == left, "copy_in counts wrongly")?;
            check(buffer[..len - left].iter().all(|byte| *byte == 7), "copy_in copied wrongly")?;
            check(buffer[len - left..].iter().all(|byte| *byte == 0), "copy_in copied too much")?;
            // SAFETY: the buffer has 64 bytes.
            let not_out = unsafe { usercopy::copy_out(address, [7_u8; 64].as_ptr(), len) };
            check(not_out == left, "copy_out counts wrongly")?;
        }
    }
    check(usercopy::zero_out(DATA + 0xff0, 0x20) == 0x10, "zero_out counts wrongly")?;
    check(usercopy::zero_out(CODE, 4) == 4, "zero_out wrote to a read-only page")?;
    check(usercopy::load_u32(DATA + 0xff0) == Ok(0), "load_u32 reads wrongly")?;
    check(usercopy::cas_u32(DATA, 0x0707_0707, 5) == Ok(0x0707_0707), "cas_u32 compares wrongly")?;
    check(usercopy::cas_u32(DATA, 6, 7) == Ok(5), "cas_u32 exchanges wrongly")?;
    check(usercopy::load_u32(DATA) == Ok(5), "cas_u32 wrote what it must not")?;
    check(usercopy::load_u32(DATA + 0x1000) == Err(UserFault), "load_u32 invents a value")?;
    check(usercopy::cas_u32(DATA + 0x1000, 0, 0) == Err(UserFault), "cas_u32 invents a value")?;
    check(usercopy::cas_u32(CODE, 0, 1) == Err(UserFault), "cas_u32 wrote to a read-only page")
}

/// Addresses outside user space are refused whole.
pub fn kernel_addresses() -> Verdict {
    let mut byte = 0;
    for address in [layout::USER_END, 0x8000_0000_0000, layout::DIRECT_MAP, layout::KERNEL_BASE, u64::MAX] {
        // SAFETY: one byte of buffer.
        check(unsafe { usercopy::copy_in(&raw mut byte, address, 1) } == 1, "copied from the kernel")?;
        check(usercopy::zero_out(address, 1) == 1, "zeroed the kernel")?;
        check(usercopy::load_u32(address) == Err(UserFault), "loaded from the kernel")?;
    }
    check(usercopy::zero_out(DATA, usize::MAX) == usize::MAX, "a length wrapped around")
}

/// A user address in kernel code outside the copies.
pub fn stray_access() -> Verdict {
    let _space = UserSpace::new(&[])?;
    // SAFETY: it is not safe; it must fault, by SMAP or, one page on, since nothing is mapped.
    unsafe { (DATA as *const u8).read_volatile() };
    // SAFETY: as above.
    unsafe { ((DATA + 0x1000) as *const u8).read_volatile() };
    Err("kernel code read user memory")
}
