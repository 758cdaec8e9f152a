//! Switching off and starting over.

/// Switches the machine off.
pub fn power_off() -> ! {
    todo!()
}

/// Restarts the machine.
pub fn reset() -> ! {
    todo!()
}
