//! The serial ports of the machine: the one place that claims their registers.
#![expect(unsafe_code, reason = "claiming port I/O")]

use uart_16550::Uart16550;
use uart_16550::backend::PioBackend;

use crate::serial::Serial;

/// COM1: the console. ISA line 4, which it shares with COM3.
pub static COM1: Serial = Serial::new(claim(0x3f8), 4);
/// COM3: the host link.
pub static COM3: Serial = Serial::new(claim(0x3e8), 4);

const fn claim(base: u16) -> Uart16550<PioBackend> {
    // SAFETY: only the ports of COM1 and COM3 are passed, each once; a UART does no DMA.
    match unsafe { Uart16550::new_port(base) } {
        Ok(uart) => uart,
        Err(_) => panic!("a serial port's address is below 0xfff8"),
    }
}
