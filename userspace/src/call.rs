//! System calls by number.
#![allow(unsafe_code)]

use std::arch::asm;

use abi::Errno;

/// The largest number that an error takes, as Linux has it.
const MAX_ERRNO: usize = 4095;

/// Makes the call `number` with all six arguments.
///
/// # Safety
/// The call must be one that does not make this program's own memory other than Rust believes it to be: whatever it
/// writes, maps, unmaps or starts must be the caller's to give.
pub unsafe fn call(number: u64, arguments: [u64; 6]) -> Result<usize, Errno> {
    let result: usize;
    // SAFETY: the system-call instruction clobbers rcx and r11 and nothing else that is not declared here; what the
    // kernel does to memory is the caller's promise.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as usize => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    if result > usize::MAX - MAX_ERRNO { Err(errno(result.wrapping_neg())) } else { Ok(result) }
}

fn errno(number: usize) -> Errno {
    Errno::from_raw(number as i64).unwrap_or(Errno::EINVAL)
}
