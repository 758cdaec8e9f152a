//! Boot as one ordered list. Each line needs those above it.

use arch::boot::BootInfo;
use arch::cpu::CpuId;
use arch::{Hooks, VirtAddr};

use sched::Thread;

use crate::{logger, panic, tracing, userland};

/// Where `arch` hands over: the boot processor, in the high half, on the boot stack, with the kernel's
/// page tables and descriptors, interrupts off.
// SAFETY: `arch` declares this very signature, and no other function has this name.
#[unsafe(no_mangle)]
fn kernel_main(info: &'static BootInfo) -> ! {
    logger::init(info.command_line);
    describe(info);
    // Frames, heap, kernel stacks: everything after this may allocate.
    mm::init(info);
    // What lower floors call; before interrupts.
    arch::install_hooks(hooks(info));
    // ACPI, this processor's APIC, the clock, interrupt lines. Interrupts are on from here.
    if let Err(reason) = arch::boot::init_devices(info) {
        panic!("{reason}");
    }
    #[cfg(feature = "selftest")]
    crate::selftest::run_bare(info.command_line, new_stack);
    tracing::start(info.command_line);
    // From here on this code is the boot processor's idle thread.
    if sched::init().is_err() {
        panic!("no memory for the run queues");
    }
    sched::init_cpu();
    // The other processors enter `run_processor`.
    arch::cpu::start_all(run_processor, new_stack);
    log::info!("{} processors", arch::cpu::online().count());
    // What remains may sleep, so it runs as a thread.
    if Thread::builder("boot").spawn(move || finish(info)).is_err() {
        panic!("no memory for the first thread");
    }
    sched::run_idle()
}

/// Drivers and the first program, or a test in place of it.
fn finish(info: &'static BootInfo) {
    drivers::start();
    #[cfg(feature = "selftest")]
    crate::selftest::run_in_thread(info.command_line);
    for word in info.command_line.split_ascii_whitespace() {
        if let Some(watch) = syscall::watch::Watch::named(word) {
            syscall::watch::start(watch);
        }
    }
    if let Err(errno) = userland::start(info) {
        panic!("cannot start the first program: {errno}");
    }
}

#[cfg_attr(not(feature = "selftest"), expect(unused_variables, reason = "only a test asks for other hooks"))]
fn hooks(info: &BootInfo) -> Hooks {
    #[cfg(feature = "selftest")]
    if let Some(hooks) = crate::selftest::bare_hooks(info.command_line) {
        return hooks;
    }
    Hooks {
        timer: sched::hooks::timer,
        reschedule: sched::hooks::reschedule,
        shootdown: mm::shootdown::serve,
        device: drivers::irq::dispatch,
        kernel_fault: mm::fault::kernel_fault,
        preempt: sched::hooks::preempt,
        preempt_later: sched::hooks::preempt_later,
        nmi: panic::non_maskable_interrupt,
    }
}

/// First code of every processor but the boot processor: it becomes the idle thread there.
fn run_processor(_cpu: CpuId) -> ! {
    sched::init_cpu();
    sched::run_idle()
}

/// A stack that is never given back: idle stacks and those of double faults, NMIs and debug traps.
fn new_stack(cpu: CpuId) -> VirtAddr {
    match mm::stack::KernelStack::new() {
        Ok(stack) => core::mem::ManuallyDrop::new(stack).top(),
        Err(_) => panic!("no memory for a stack of {cpu}"),
    }
}

fn describe(info: &BootInfo) {
    let usable: u64 = info.memory.iter().filter(|region| region.usable).map(|region| region.len).sum();
    let initramfs = info.initramfs.map_or(0, <[u8]>::len);
    log::info!("Tessera {}: {} MiB usable, initramfs {} KiB", env!("CARGO_PKG_VERSION"), usable >> 20, initramfs >> 10);
    log::info!("command line: {}", info.command_line);
}
