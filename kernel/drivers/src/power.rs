//! The end of the machine.

use crate::ports::{COM1, COM3};

/// Switches the machine off, once everything sent has left it.
pub fn power_off() -> ! {
    drain();
    arch::power::power_off()
}

/// Restarts the machine, once everything sent has left it.
pub fn restart() -> ! {
    drain();
    arch::power::reset()
}

fn drain() {
    // A message under way is finished first: half a frame would confuse the host.
    let _whole = COM3.try_sender();
    COM1.drain();
    COM3.drain();
}
