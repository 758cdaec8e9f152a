//! Last resorts: a polled serial port, backtraces, and the way out of QEMU.

/// Writes to COM2, polling; usable in any context, from the first instruction on.
pub fn early_print(_text: &str) {
    todo!()
}

/// Return addresses found by following frame pointers from `rbp`.
pub fn backtrace(_rbp: u64) -> impl Iterator<Item = u64> {
    core::iter::empty()
}

/// Ends QEMU through isa-debug-exit, with status `code << 1 | 1`; halts where there is none.
pub fn exit_qemu(_code: u32) -> ! {
    todo!()
}
