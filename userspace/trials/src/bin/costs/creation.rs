//! Threads, processes and programs, from their making to their end.
#![allow(unsafe_code, reason = "fork, exec and the C library's threads")]

use std::ffi::{CStr, CString, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::ptr::null_mut;

use abi::table::number;

use crate::bare::{call, call1};
use crate::each;

const ROUNDS: u64 = 100;

/// The least program, which lies beside this one.
fn nothing() -> CString {
    let beside = std::env::current_exe().unwrap_or_default().with_file_name("nothing");
    CString::new(beside.as_os_str().as_bytes()).unwrap_or_default()
}

fn wait_for(child: i32) -> i32 {
    let mut status = -1;
    call(number::wait4, [child as usize, &raw mut status as usize, 0, 0, 0, 0]);
    status
}

pub(crate) fn fork() -> u64 {
    each(ROUNDS, || {
        // SAFETY: the child does nothing but end.
        let child = unsafe { libc::fork() };
        if child == 0 {
            call1(number::exit_group, 0);
        }
        wait_for(child);
    })
}

fn run(make: impl Fn(&CStr, *const *mut i8) -> i32) -> u64 {
    let program = nothing();
    let arguments = [program.as_ptr().cast_mut(), null_mut()];
    let mut failed = 0;
    let cost = each(ROUNDS, || failed |= wait_for(make(&program, arguments.as_ptr())));
    if failed == 0 { cost } else { 0 }
}

pub(crate) fn fork_exec() -> u64 {
    run(|program, arguments| {
        // SAFETY: the child does nothing but execute or end.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let environment: [*const i8; 1] = [null_mut()];
            let words = [program.as_ptr() as usize, arguments as usize, environment.as_ptr() as usize, 0, 0, 0];
            call(number::execve, words);
            call1(number::exit_group, 1);
        }
        child
    })
}

pub(crate) fn spawn() -> u64 {
    run(|program, arguments| {
        let mut child = 0;
        let environment: [*mut i8; 1] = [null_mut()];
        // SAFETY: texts and lists live over the call.
        unsafe {
            libc::posix_spawn(
                &raw mut child,
                program.as_ptr(),
                core::ptr::null(),
                core::ptr::null(),
                arguments,
                environment.as_ptr(),
            )
        };
        child
    })
}

extern "C" fn end_at_once(_nothing: *mut c_void) -> *mut c_void {
    null_mut()
}

pub(crate) fn thread() -> u64 {
    each(ROUNDS, || {
        let mut thread = MaybeUninit::<libc::pthread_t>::uninit();
        // SAFETY: the place lives over the call, and the thread touches nothing.
        let made = unsafe { libc::pthread_create(thread.as_mut_ptr(), core::ptr::null(), end_at_once, null_mut()) };
        if made == 0 {
            // SAFETY: it was made.
            let thread = unsafe { thread.assume_init() };
            // SAFETY: nobody else joins it.
            unsafe { libc::pthread_join(thread, null_mut()) };
        }
    })
}
