//! What memory costs.
#![allow(unsafe_code, reason = "pages that the compiler knows nothing of")]

use std::time::Instant;

use abi::table::number;

use crate::bare::{call, call2};
use crate::each;

const PAGE: usize = 4096;
const PAGES: usize = 256;

fn map() -> usize {
    let protection = (libc::PROT_READ | libc::PROT_WRITE) as usize;
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
    call(number::mmap, [0, PAGES * PAGE, protection, flags, -1_isize as usize, 0]) as usize
}

fn unmap(base: usize) {
    call2(number::munmap, base, PAGES * PAGE);
}

/// Writes a byte to each page; nanoseconds for one.
fn write_each(base: usize) -> u64 {
    let start = Instant::now();
    for page in 0..PAGES {
        // SAFETY: the caller has mapped the pages, and they are no object of the program's.
        unsafe { ((base + page * PAGE) as *mut u8).write_volatile(1) };
    }
    start.elapsed().as_nanos() as u64 / PAGES as u64
}

pub(crate) fn map_and_unmap() -> u64 {
    each(200, || unmap(map()))
}

pub(crate) fn touch() -> u64 {
    let base = map();
    let cost = write_each(base);
    unmap(base);
    cost
}

/// The child waits for the end of the parent's copying.
pub(crate) fn copy_on_write() -> u64 {
    let base = map();
    write_each(base);
    let Ok([reader, writer]) = trials::raw::pipe() else { return 0 };
    let Ok(child) = trials::child::fork(|| {
        let _ = (trials::raw::close(writer), trials::raw::read(reader, 1));
        0
    }) else {
        return 0;
    };
    let cost = write_each(base);
    let _ = (trials::raw::close(writer), trials::raw::close(reader));
    let _ = trials::child::wait(child, 0);
    unmap(base);
    cost
}
