//! System calls without a library around them, since a library's instructions would be counted.
#![allow(unsafe_code, reason = "raw system calls")]

use core::arch::asm;

/// The call with this number; its result is the register's.
#[inline(always)]
pub(crate) fn call(number: u64, words: [usize; 6]) -> isize {
    let [a, b, c, d, e, f] = words;
    let result;
    // SAFETY: each row passes pointers to memory that lives over the call; the kernel keeps all but the registers named.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    result
}

/// A call without arguments.
#[inline(always)]
pub(crate) fn call0(number: u64) -> isize {
    let result;
    // SAFETY: the kernel keeps all but the registers named.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => result, lateout("rcx") _, lateout("r11") _);
    }
    result
}

/// A call with one argument.
#[inline(always)]
pub(crate) fn call1(number: u64, a: usize) -> isize {
    let result;
    // SAFETY: as above.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    result
}

/// A call with two arguments.
#[inline(always)]
pub(crate) fn call2(number: u64, a: usize, b: usize) -> isize {
    call3(number, a, b, 0)
}

/// A call with three arguments.
#[inline(always)]
pub(crate) fn call3(number: u64, a: usize, b: usize, c: usize) -> isize {
    let result;
    // SAFETY: each row passes pointers to memory that lives over the call; the kernel keeps all but the registers named.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    result
}
