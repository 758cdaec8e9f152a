//! What the ACPI tables say: processors, interrupt controllers, clocks, the reset register.

use core::ptr::NonNull;

use ::acpi::fadt::Fadt;
use ::acpi::madt::{Madt, MadtEntry};
use ::acpi::{AcpiHandler, AcpiTables, HpetInfo, PhysicalMapping};

use crate::cpu::MAX_CPUS;
use crate::{PhysAddr, phys_to_virt};

const MAX_IOAPICS: usize = 16;
const ISA_LINES: usize = 16;
/// MADT flag: the processor can be used.
const ENABLED: u32 = 1;

/// An IOAPIC.
#[derive(Clone, Copy, Debug, Default)]
pub struct IoApicInfo {
    /// Physical address of its registers.
    pub address: u64,
    /// The global system interrupt of its first line.
    pub first_gsi: u32,
}

/// Where a legacy interrupt really arrives.
#[derive(Clone, Copy, Debug)]
pub struct IsaLine {
    /// Its global system interrupt.
    pub gsi: u32,
    /// The line's active state.
    pub polarity: Polarity,
    /// When it signals.
    pub trigger: Trigger,
}

/// A line's active state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Polarity {
    High,
    Low,
}

/// When a line signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Trigger {
    Edge,
    Level,
}

/// The digest of the tables, in fixed arrays: it is made before there is a heap.
#[derive(Debug)]
pub struct Info {
    apic_ids: [u32; MAX_CPUS],
    cpus: usize,
    io_apics: [IoApicInfo; MAX_IOAPICS],
    io_apic_count: usize,
    isa: [IsaLine; ISA_LINES],
    /// Physical address of the local APICs' registers.
    pub local_apic: u64,
    /// Physical address of the HPET's registers.
    pub hpet: Option<u64>,
    /// I/O port of the ACPI PM timer.
    pub pm_timer: Option<u16>,
    /// I/O port and value that reset the machine.
    pub reset: Option<(u16, u8)>,
    /// CMOS register of the century, where there is one.
    pub century: Option<u8>,
    /// Usable processors beyond [`MAX_CPUS`].
    pub ignored_cpus: usize,
}

static INFO: spin::Once<Info> = spin::Once::new();

/// The digest; `None` until [`init`] has run, or where the tables could not be read.
pub fn info() -> Option<&'static Info> {
    INFO.get()
}

/// Reads the tables. Without a usable MADT there is one processor and no IOAPIC.
pub(crate) fn init(rsdp: Option<PhysAddr>) {
    INFO.call_once(|| {
        let mut info = Info::empty();
        match rsdp {
            Some(rsdp) => info.read(rsdp),
            None => log::warn!("no ACPI root pointer"),
        }
        info
    });
}

impl Info {
    const fn empty() -> Self {
        const LINE: IsaLine = IsaLine { gsi: 0, polarity: Polarity::High, trigger: Trigger::Edge };
        Self {
            apic_ids: [0; MAX_CPUS],
            cpus: 0,
            io_apics: [IoApicInfo { address: 0, first_gsi: 0 }; MAX_IOAPICS],
            io_apic_count: 0,
            isa: [LINE; ISA_LINES],
            local_apic: 0xfee0_0000,
            hpet: None,
            pm_timer: None,
            reset: None,
            century: None,
            ignored_cpus: 0,
        }
    }

    /// APIC identifiers of the usable processors, in the table's order.
    pub fn apic_ids(&self) -> &[u32] {
        &self.apic_ids[..self.cpus]
    }

    /// The IOAPICs.
    pub fn io_apics(&self) -> &[IoApicInfo] {
        &self.io_apics[..self.io_apic_count]
    }

    /// Where legacy interrupt `irq` arrives.
    pub fn isa_line(&self, irq: u8) -> Option<IsaLine> {
        self.isa.get(usize::from(irq)).copied()
    }

    fn read(&mut self, rsdp: PhysAddr) {
        for (irq, line) in self.isa.iter_mut().enumerate() {
            line.gsi = irq as u32;
        }
        // SAFETY: the boot loader named this address; the direct map covers the tables.
        let tables = match unsafe { AcpiTables::from_rsdp(DirectMap, rsdp.as_u64() as usize) } {
            Ok(tables) => tables,
            Err(error) => return log::warn!("ACPI tables: {error:?}"),
        };
        match tables.find_table::<Madt>() {
            Ok(madt) => madt.get().entries().for_each(|entry| self.add(entry)),
            Err(error) => log::warn!("ACPI MADT: {error:?}"),
        }
        self.hpet = HpetInfo::new(&tables).ok().map(|hpet| hpet.base_address as u64);
        if let Ok(fadt) = tables.find_table::<Fadt>() {
            self.pm_timer = fadt.pm_timer_block().ok().flatten().map(|block| block.address as u16);
            let flags = fadt.flags;
            if let Ok(register) = fadt.reset_register() {
                let is_port = matches!(register.address_space, ::acpi::address::AddressSpace::SystemIo);
                if is_port && flags.supports_system_reset_via_fadt() {
                    self.reset = Some((register.address as u16, fadt.reset_value));
                }
            }
            self.century = (fadt.century != 0).then_some(fadt.century);
        }
    }

    fn add(&mut self, entry: MadtEntry<'_>) {
        match entry {
            MadtEntry::LocalApic(apic) if apic.flags & ENABLED != 0 => self.add_cpu(apic.apic_id.into()),
            MadtEntry::LocalX2Apic(apic) if apic.flags & ENABLED != 0 => self.add_cpu(apic.x2apic_id),
            MadtEntry::IoApic(apic) if self.io_apic_count < MAX_IOAPICS => {
                let (address, first_gsi) = (apic.io_apic_address.into(), apic.global_system_interrupt_base);
                self.io_apics[self.io_apic_count] = IoApicInfo { address, first_gsi };
                self.io_apic_count += 1;
            }
            MadtEntry::InterruptSourceOverride(entry) => {
                if let Some(line) = self.isa.get_mut(usize::from(entry.irq)) {
                    // MPS INTI flags: 0 means as the bus has it, which for ISA is high and edge.
                    let polarity = if entry.flags & 3 == 3 { Polarity::Low } else { Polarity::High };
                    let trigger = if entry.flags >> 2 & 3 == 3 { Trigger::Level } else { Trigger::Edge };
                    *line = IsaLine { gsi: entry.global_system_interrupt, polarity, trigger };
                }
            }
            MadtEntry::LocalApicAddressOverride(entry) => self.local_apic = entry.local_apic_address,
            _ => {}
        }
    }

    /// Firmware may list a processor in both forms.
    fn add_cpu(&mut self, apic_id: u32) {
        if self.apic_ids().contains(&apic_id) {
            return;
        }
        if self.cpus == MAX_CPUS {
            self.ignored_cpus += 1;
            return;
        }
        self.apic_ids[self.cpus] = apic_id;
        self.cpus += 1;
    }
}

/// Maps tables by the direct map, which covers them from boot on.
#[derive(Clone)]
struct DirectMap;

impl AcpiHandler for DirectMap {
    /// # Safety
    /// The range must be one that the direct map covers: tables lie in memory or in what firmware reserved below it.
    unsafe fn map_physical_region<T>(&self, physical_address: usize, size: usize) -> PhysicalMapping<Self, T> {
        let pointer = phys_to_virt(PhysAddr::new_truncate(physical_address as u64)).cast::<T>();
        // SAFETY: direct-map addresses are not null.
        let pointer = unsafe { NonNull::new_unchecked(pointer) };
        // SAFETY: the direct map holds the region for good.
        unsafe { PhysicalMapping::new(physical_address, pointer, size, size, Self) }
    }

    fn unmap_physical_region<T>(_region: &PhysicalMapping<Self, T>) {}
}
