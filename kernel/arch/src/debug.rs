//! Last resorts: a polled serial port, backtraces, and the way out of QEMU.

use crate::layout::{DIRECT_MAP, USER_END};
use crate::port::Port;

const EXIT_PORT: u16 = 0xf4;

/// [`exit_qemu`]'s code after a panic: QEMU's status is 125.
pub const EXIT_PANIC: u32 = 0x3e;
/// [`exit_qemu`]'s code when the machine is switched off: QEMU's status is 1.
pub const EXIT_NORMAL: u32 = 0;
/// A restart that was asked for: whoever started QEMU tells it from a triple fault.
pub const EXIT_RESTART: u32 = 0x10;

/// Most frames that a backtrace shows.
const MAX_FRAMES: usize = 64;

/// A 16550 driven by polling.
pub struct PolledPort {
    base: u16,
}

/// COM2, the kernel log.
pub const LOG: PolledPort = PolledPort { base: 0x2f8 };
/// COM3, the host link; only for what is sent when its driver is not running.
pub const HOST_LINK: PolledPort = PolledPort { base: 0x3e8 };

impl PolledPort {
    const fn register(&self, offset: u16) -> Port<u8> {
        // SAFETY: a 16550's registers transfer characters and no memory.
        unsafe { Port::new(self.base + offset) }
    }

    /// Sets 115200 8N1 with FIFOs, without interrupts.
    fn init(&self) {
        for (offset, value) in [(1, 0x00), (3, 0x80), (0, 0x01), (1, 0x00), (3, 0x03), (2, 0xc7), (4, 0x03)] {
            self.register(offset).write(value);
        }
    }

    /// Sends `bytes`.
    pub fn write(&self, bytes: &[u8]) {
        const LINE_STATUS: u16 = 5;
        const CAN_SEND: u8 = 0x20;
        for byte in bytes {
            // A machine without the port reads all ones: "can send".
            for _ in 0..100_000 {
                if self.register(LINE_STATUS).read() & CAN_SEND != 0 {
                    break;
                }
            }
            self.register(0).write(*byte);
        }
    }
}

/// Sets up COM2.
pub(crate) fn init_serial() {
    LOG.init();
}

/// Writes to COM2, polling; usable in any context, from the first instruction on. Text of several
/// processors mixes unless the callers see to it.
pub fn early_print(text: &str) {
    LOG.write(text.as_bytes());
}

/// Waits until every UART has sent its last bit: a machine that ends earlier loses it.
pub fn drain_serial() {
    const LINE_STATUS: u16 = 5;
    const EMPTY: u8 = 0x40;
    for base in [0x3f8, LOG.base, HOST_LINK.base] {
        // SAFETY: reading a UART's line status harms nothing.
        let status = unsafe { Port::<u8>::new(base + LINE_STATUS) };
        for _ in 0..1_000_000 {
            if status.read() & EMPTY != 0 {
                break;
            }
        }
    }
}

/// A writer to [`early_print`].
pub struct EarlyLog;

impl core::fmt::Write for EarlyLog {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        early_print(text);
        Ok(())
    }
}

/// The calling function's frame pointer.
#[inline(always)]
pub fn frame_pointer() -> u64 {
    let rbp: u64;
    // SAFETY: reading a register.
    unsafe { core::arch::asm!("mov {}, rbp", out(reg) rbp, options(nomem, nostack, preserves_flags)) };
    rbp
}

/// Return addresses found by following frame pointers from `rbp`: at most 64, only upward on the
/// stack, only inside the kernel half.
pub fn backtrace(rbp: u64) -> impl Iterator<Item = u64> {
    let mut frame = rbp;
    core::iter::from_fn(move || {
        if frame < DIRECT_MAP || !frame.is_multiple_of(8) || frame > u64::MAX - 16 {
            return None;
        }
        // SAFETY: a kernel stack address by the checks above, as compiled code leaves it in RBP.
        let [next, return_address] = unsafe { *(frame as *const [u64; 2]) };
        frame = if next > frame { next } else { 0 };
        (return_address > USER_END).then_some(return_address)
    })
    .take(MAX_FRAMES)
}

/// Ends QEMU through isa-debug-exit, with status `code << 1 | 1`; halts where there is none.
pub fn exit_qemu(code: u32) -> ! {
    ask_qemu_to_exit(code);
    crate::cpu::halt_forever()
}

/// Ends QEMU as [`exit_qemu`] does; returns where there is no such device.
pub fn ask_qemu_to_exit(code: u32) {
    // SAFETY: the port belongs to QEMU's exit device or to nothing.
    unsafe { Port::<u32>::new(EXIT_PORT) }.write(code);
}
