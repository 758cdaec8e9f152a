//! Device interrupt lines.

use x2apic::ioapic::{IoApic, IrqFlags, IrqMode, RedirectionTableEntry};

use crate::acpi::{IsaLine, Polarity, Trigger};
use crate::cpu::CpuId;
use crate::port::Port;
use crate::{PhysAddr, acpi, interrupts, phys_to_virt, smp};

const MAX_IOAPICS: usize = 16;

/// An interrupt line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A legacy ISA interrupt, 0–15, subject to the MADT's source overrides.
    Isa(u8),
    /// A global system interrupt, level-triggered and active low, as PCI has them.
    Gsi(u32),
}

/// No IOAPIC serves this line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchLine;

struct Controller {
    registers: IoApic,
    first_gsi: u32,
    lines: u32,
}

/// Guards the index and data registers. Taken with interrupts off.
static CONTROLLERS: spin::Mutex<[Option<Controller>; MAX_IOAPICS]> = spin::Mutex::new([const { None }; MAX_IOAPICS]);

/// Delivers `line` as `vector` (from [`crate::vector::alloc`]) to `cpu`, and unmasks it.
pub fn route(line: Line, vector: u8, cpu: CpuId) -> Result<(), NoSuchLine> {
    // The field has 8 bits; lines for processors beyond them go to the boot processor.
    let destination = u8::try_from(smp::apic_id(cpu)).unwrap_or_else(|_| smp::apic_id(CpuId::BOOT) as u8);
    set(line, |line| entry(line, vector, destination))
}

/// Stops `line`.
pub fn mask(line: Line) -> Result<(), NoSuchLine> {
    set(line, |_| masked())
}

/// Masks every line of the IOAPICs.
pub(crate) fn init() {
    let Some(info) = acpi::info() else { return };
    let mut controllers = CONTROLLERS.lock();
    for (slot, found) in controllers.iter_mut().zip(info.io_apics()) {
        let base = phys_to_virt(PhysAddr::new_truncate(found.address)) as u64;
        // SAFETY: the MADT names these registers, and the direct map holds them uncached.
        let mut registers = unsafe { IoApic::new(base) };
        // SAFETY: reading the version has no effect.
        let lines = u32::from(unsafe { registers.max_table_entry() }) + 1;
        for line in 0..lines as u8 {
            // SAFETY: a masked line does nothing.
            unsafe { registers.set_table_entry(line, masked()) };
        }
        *slot = Some(Controller { registers, first_gsi: found.first_gsi, lines });
    }
}

fn set(line: Line, make: impl FnOnce(IsaLine) -> RedirectionTableEntry) -> Result<(), NoSuchLine> {
    let line = match line {
        Line::Isa(irq) => acpi::info().and_then(|info| info.isa_line(irq)).ok_or(NoSuchLine)?,
        Line::Gsi(gsi) => IsaLine { gsi, polarity: Polarity::Low, trigger: Trigger::Level },
    };
    interrupts::without(|| {
        let mut controllers = CONTROLLERS.lock();
        let serves = |controller: &&mut Controller| {
            (controller.first_gsi..controller.first_gsi + controller.lines).contains(&line.gsi)
        };
        let controller = controllers.iter_mut().flatten().find(serves).ok_or(NoSuchLine)?;
        let index = (line.gsi - controller.first_gsi) as u8;
        // Masked first, since the two halves of an entry are written one after the other.
        // SAFETY: the controller has this line.
        unsafe { controller.registers.set_table_entry(index, masked()) };
        // SAFETY: as above; the vector has a gate.
        unsafe { controller.registers.set_table_entry(index, make(line)) };
        Ok(())
    })
}

fn entry(line: IsaLine, vector: u8, destination: u8) -> RedirectionTableEntry {
    let mut flags = IrqFlags::empty();
    flags.set(IrqFlags::LOW_ACTIVE, line.polarity == Polarity::Low);
    flags.set(IrqFlags::LEVEL_TRIGGERED, line.trigger == Trigger::Level);
    let mut entry = RedirectionTableEntry::default();
    entry.set_vector(vector);
    entry.set_mode(IrqMode::Fixed);
    entry.set_flags(flags);
    entry.set_dest(destination);
    entry
}

fn masked() -> RedirectionTableEntry {
    let mut entry = RedirectionTableEntry::default();
    entry.set_flags(IrqFlags::MASKED);
    entry
}

/// Moves the 8259 pair to vectors 0x20–0x2f, where its spurious interrupts are ignored, and masks it.
pub(crate) fn mask_pic() {
    const SEQUENCE: [(u16, u8); 10] = [
        (0x20, 0x11),
        (0xa0, 0x11),
        (0x21, 0x20),
        (0xa1, 0x28),
        (0x21, 4),
        (0xa1, 2),
        (0x21, 1),
        (0xa1, 1),
        (0x21, 0xff),
        (0xa1, 0xff),
    ];
    for (port, value) in SEQUENCE {
        // SAFETY: the PIC's ports; nothing else uses them.
        unsafe { Port::<u8>::new(port) }.write(value);
    }
}
