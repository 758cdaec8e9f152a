//! The local APIC: inter-processor interrupts and the timer of each CPU.
//!
//! The `x2apic` crate configures an APIC in either mode. What runs often (end of interrupt, IPIs,
//! timer counts) is a single register write and is done here; so is the ICR of xAPIC mode, where the
//! crate's destination field is wrong (its issue 29).

use core::sync::atomic::{AtomicU64, Ordering};

use x2apic::lapic::{LocalApicBuilder, TimerDivide, TimerMode};
use x86_64::registers::model_specific::Msr;

use crate::cpu::CpuId;
use crate::{CpuSet, PhysAddr, acpi, features, interrupts, phys_to_virt, smp, trace, vector};

pub mod timer;

/// What one CPU asks of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipi {
    /// Look at the run queue.
    Reschedule,
    /// Flush translations.
    Shootdown,
    /// Halt for good.
    Stop,
}

/// Registers by their x2APIC number; in xAPIC mode the offset is 16 times that (Intel SDM volume 3,
/// table 11-6).
#[derive(Clone, Copy)]
#[repr(u32)]
enum Register {
    Id = 0x02,
    EndOfInterrupt = 0x0b,
    ErrorStatus = 0x28,
    CommandLow = 0x30,
    CommandHigh = 0x31,
    Lint0 = 0x35,
    Lint1 = 0x36,
    InitialCount = 0x38,
}

const X2APIC_MSRS: u32 = 0x800;
/// LVT bits: masked; delivery as NMI.
const MASKED: u32 = 1 << 16;
const DELIVER_NMI: u32 = 4 << 8;
/// ICR bits: delivery pending; level asserted; delivery modes.
const PENDING: u32 = 1 << 12;
const ASSERT: u32 = 1 << 14;
const ICR_NMI: u32 = 4 << 8;
const ICR_INIT: u32 = 5 << 8;
const ICR_STARTUP: u32 = 6 << 8;

/// Address of the registers in xAPIC mode; 0 in x2APIC mode.
static XAPIC: AtomicU64 = AtomicU64::new(0);

/// Sends `ipi` to `cpu`, which may be this one.
#[inline]
pub fn send_ipi(cpu: CpuId, ipi: Ipi) {
    let vector = vector_of(ipi);
    trace::event(trace::Kind::Ipi, vector, 0, cpu.index() as u64);
    send(smp::apic_id(cpu), ASSERT | u32::from(vector));
}

/// Sends `ipi` to every member of `cpus`.
pub fn send_ipi_set(cpus: &CpuSet, ipi: Ipi) {
    for cpu in cpus.iter() {
        send_ipi(cpu, ipi);
    }
}

fn vector_of(ipi: Ipi) -> u8 {
    match ipi {
        Ipi::Reschedule => vector::RESCHEDULE,
        Ipi::Shootdown => vector::SHOOTDOWN,
        Ipi::Stop => vector::STOP,
    }
}

/// Interrupts `cpu` whatever it does.
pub(crate) fn send_nmi(cpu: CpuId) {
    send(smp::apic_id(cpu), ASSERT | ICR_NMI);
}

/// Resets the processor with this APIC identifier, which then waits for a start-up.
pub(crate) fn send_init(apic_id: u32) {
    send(apic_id, ASSERT | ICR_INIT);
}

/// Starts the processor with this APIC identifier in real mode at page `page` of the first megabyte.
pub(crate) fn send_startup(apic_id: u32, page: u8) {
    send(apic_id, ASSERT | ICR_STARTUP | u32::from(page));
}

#[inline]
fn send(apic_id: u32, command: u32) {
    if XAPIC.load(Ordering::Relaxed) == 0 {
        // A write to an x2APIC register does not wait for earlier stores (SDM volume 3, 11.12.3).
        // SAFETY: fences only order memory.
        unsafe { core::arch::asm!("mfence", "lfence", options(nostack, preserves_flags)) };
        write_msr(Register::CommandLow, u64::from(apic_id) << 32 | u64::from(command));
        return;
    }
    interrupts::without(|| {
        while read(Register::CommandLow) & PENDING != 0 {
            core::hint::spin_loop();
        }
        write(Register::CommandHigh, apic_id << 24);
        write(Register::CommandLow, command);
    });
}

/// Acknowledges the interrupt in service.
#[inline]
pub(crate) fn end_of_interrupt() {
    write(Register::EndOfInterrupt, 0);
}

/// The errors since the last call.
pub(crate) fn take_error() -> u32 {
    write(Register::ErrorStatus, 0);
    read(Register::ErrorStatus)
}

/// This CPU's APIC identifier.
pub(crate) fn id() -> u32 {
    match XAPIC.load(Ordering::Relaxed) {
        0 => read(Register::Id),
        _ => read(Register::Id) >> 24,
    }
}

/// Chooses the mode; to be called before the first [`init_this_cpu`].
pub(crate) fn choose_mode() {
    if !features::get().x2apic {
        let base = acpi::info().map_or(0xfee0_0000, |info| info.local_apic);
        XAPIC.store(phys_to_virt(PhysAddr::new_truncate(base)) as u64, Ordering::Relaxed);
    }
}

/// Whether the APICs have 32-bit identifiers.
pub fn is_x2apic() -> bool {
    XAPIC.load(Ordering::Relaxed) == 0
}

/// Enables this CPU's APIC: timer one-shot and not running, LINT1 as NMI, LINT0 (the PIC) masked.
pub(crate) fn init_this_cpu() -> Result<(), &'static str> {
    let mode = if features::get().tsc_deadline { TimerMode::TscDeadline } else { TimerMode::OneShot };
    let mut apic = LocalApicBuilder::new()
        .timer_vector(vector::TIMER.into())
        .error_vector(vector::APIC_ERROR.into())
        .spurious_vector(vector::SPURIOUS.into())
        .timer_mode(mode)
        .timer_divide(TimerDivide::Div1)
        .timer_initial(0)
        .set_xapic_base(XAPIC.load(Ordering::Relaxed))
        .build()?;
    // SAFETY: the vectors have gates, and this CPU's APIC is driven from here alone.
    unsafe { apic.enable() };
    write(Register::Lint0, MASKED);
    write(Register::Lint1, DELIVER_NMI);
    // In xAPIC mode the timer's mode must be set before its deadline is (SDM volume 3, 11.5.4.1).
    // SAFETY: a fence only orders memory.
    unsafe { core::arch::asm!("mfence", options(nostack, preserves_flags)) };
    Ok(())
}

#[inline]
fn write(register: Register, value: u32) {
    match XAPIC.load(Ordering::Relaxed) {
        0 => write_msr(register, value.into()),
        base => {
            let address = (base + 16 * register as u64) as *mut u32;
            // SAFETY: the register exists and is mapped as device memory.
            unsafe { address.write_volatile(value) };
        }
    }
}

#[inline]
fn read(register: Register) -> u32 {
    match XAPIC.load(Ordering::Relaxed) {
        // SAFETY: the register exists and reading it has no effect.
        0 => unsafe { Msr::new(X2APIC_MSRS + register as u32).read() as u32 },
        base => {
            let address = (base + 16 * register as u64) as *const u32;
            // SAFETY: the register exists and is mapped as device memory.
            unsafe { address.read_volatile() }
        }
    }
}

#[inline]
fn write_msr(register: Register, value: u64) {
    let mut msr = Msr::new(X2APIC_MSRS + register as u32);
    // SAFETY: the register exists; what it triggers is what the caller wants.
    unsafe { msr.write(value) };
}
