//! The composition root.
#![no_std]
#![no_main]

mod bootstrap_heap;

use arch::boot::BootInfo;

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    arch::cpu::halt_forever()
}

/// Where `arch` hands over.
#[unsafe(no_mangle)]
pub fn kernel_main(_info: &'static BootInfo) -> ! {
    arch::cpu::halt_forever()
}
