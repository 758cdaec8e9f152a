//! The end of the kernel: what happened, where every processor was, and out.
//!
//! The text goes to COM2 by polling, without a lock: all other processors are stopped first. The host
//! looks up the addresses in the kernel image.

use core::fmt::Write;
use core::panic::PanicInfo;

use arch::debug::{self, EarlyLog};
use arch::stop::{self, Role};
use arch::user::Registers;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    match stop::begin_panic() {
        Role::Reporter => stop::stop_others(),
        Role::Nested => {
            debug::early_print("\nanother panic while reporting\nEND PANIC\n");
            end();
        }
    }
    let _ = write!(EarlyLog, "\nPANIC: {}", info.message());
    if let Some(place) = info.location() {
        let _ = write!(EarlyLog, " ({place})");
    }
    let _ = writeln!(EarlyLog, "\n{}:", arch::cpu::current());
    // Frame 0 is where the processor is, the others are where calls return to.
    let here = panic as *const () as u64;
    print_frames(core::iter::once(here).chain(debug::backtrace(debug::frame_pointer())));
    for stopped in stop::stopped() {
        let _ = writeln!(EarlyLog, "{}:", stopped.cpu);
        print_frames(core::iter::once(stopped.rip).chain(debug::backtrace(stopped.rbp)));
    }
    debug::early_print("END PANIC\n");
    #[cfg(feature = "selftest")]
    crate::selftest::panicked(&info.message());
    end();
}

/// [`arch::Hooks::nmi`]: someone outside found the machine hung.
pub fn non_maskable_interrupt(regs: &Registers) -> ! {
    panic!("non-maskable interrupt at {:#x}", regs.rip)
}

fn print_frames(addresses: impl Iterator<Item = u64>) {
    for (number, address) in addresses.enumerate() {
        let _ = writeln!(EarlyLog, "  #{number} {address:#x}");
    }
}

fn end() -> ! {
    debug::drain_serial();
    debug::exit_qemu(debug::EXIT_PANIC)
}
