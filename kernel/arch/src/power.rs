//! Switching off and starting over.

use crate::port::Port;
use crate::{acpi, cpu, debug};

/// Switches the machine off: under QEMU through isa-debug-exit, since ACPI's way needs the AML
/// interpreter; elsewhere the machine halts.
pub fn power_off() -> ! {
    debug::exit_qemu(debug::EXIT_NORMAL)
}

/// Restarts the machine: under QEMU by ending it with a status of its own, else by ACPI's reset register or the
/// keyboard controller.
pub fn reset() -> ! {
    debug::ask_qemu_to_exit(debug::EXIT_RESTART);
    if let Some((port, value)) = acpi::info().and_then(|info| info.reset) {
        // SAFETY: the firmware names this port for this purpose.
        unsafe { Port::<u8>::new(port) }.write(value);
    }
    // SAFETY: the keyboard controller's command port; 0xfe pulses the reset line.
    unsafe { Port::<u8>::new(0x64) }.write(0xfe);
    cpu::halt_forever()
}
