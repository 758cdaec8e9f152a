//! The composition root.
#![no_std]
#![deny(unsafe_code)]
#![no_main]

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
