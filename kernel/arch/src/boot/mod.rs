//! From the boot loader's hands to `kernel_main`.
//!
//! Order matters here: the loader's structures are copied out before any page is taken, the tables
//! are built before the rights of the image are enforced, and descriptor tables come before anything
//! that could fault.

mod entry;
mod info;
mod memory_map;
mod multiboot2;
mod pvh;
mod raw;
mod stacks;
mod tables;

use core::cell::UnsafeCell;

pub use info::{BootInfo, MemoryRegion};

use crate::{
    PhysAddr, acpi, apic, clock, debug, descriptors, features, interrupts, ioapic, paging, phys_to_virt, smp,
    trampoline,
};
use raw::Raw;

/// Facts that stay for good. Written by `boot_main` alone, before anything else runs.
struct Kept {
    raw: Raw,
    info: Option<BootInfo>,
}

struct Cell(UnsafeCell<Kept>);

// SAFETY: written before a second CPU or an interrupt exists, only read afterwards.
unsafe impl Sync for Cell {}

static KEPT: Cell = Cell(UnsafeCell::new(Kept { raw: Raw::new(), info: None }));

unsafe extern "Rust" {
    safe fn kernel_main(info: &'static BootInfo) -> !;
}

/// First Rust code, on the boot stack, in the high half, with the boot tables.
extern "C" fn boot_main(protocol: u32, info: u64) -> ! {
    // SAFETY: called once, by the entry code; nothing else has a reference.
    let kept = unsafe { &mut *KEPT.0.get() };
    match collect(&mut kept.raw, protocol, info) {
        Ok(place) => trampoline::set_place(place.page, place.root),
        Err(reason) => stop(reason),
    }
    features::enable_on_this_cpu();
    descriptors::install_boot([stacks::top(1), stacks::top(2), stacks::top(3)]);
    kept.info = Some(describe(&kept.raw));
    // SAFETY: as above; from here on it is only read.
    match unsafe { &(*KEPT.0.get()).info } {
        Some(info) => kernel_main(info),
        None => stop("no boot information"),
    }
}

struct Place {
    page: u64,
    root: PhysAddr,
}

/// Reads the loader's structures, carves the memory map, and activates the kernel's own tables.
fn collect(raw: &mut Raw, protocol: u32, info: u64) -> Result<Place, &'static str> {
    debug::init_serial();
    match protocol {
        entry::PVH => pvh::parse(info, raw)?,
        entry::MULTIBOOT2 => multiboot2::parse(info, raw)?,
        _ => return Err("unknown boot protocol"),
    }
    let low_page = raw.memory.regions().iter().find_map(|region| {
        let page = region.start.as_u64().max(0x8000);
        (region.usable && page + 0x1000 <= (region.start.as_u64() + region.len).min(0x9_f000)).then_some(page)
    });
    let page = low_page.ok_or("no usable memory below 1 MiB")?;
    raw.memory.reserve(0, 1 << 20);
    raw.memory.reserve(tables::image().start, tables::image().end);
    if let Some((start, end)) = raw.initramfs {
        raw.memory.reserve(start, end);
    }
    features::detect();
    features::patch_sites();
    let sizes = match features::get().gigabyte_pages {
        true => tables::PageSizes::UpTo1G,
        false => tables::PageSizes::UpTo2M,
    };
    let out_of_memory = "no memory for page tables";
    let kernel = tables::build(&mut raw.memory, sizes).ok_or(out_of_memory)?;
    let root = tables::build_trampoline(&mut raw.memory, kernel, page).ok_or(out_of_memory)?;
    paging::set_kernel_root(kernel);
    // SAFETY: the new tables map the image and the boot stack where the boot tables have them.
    unsafe { paging::activate(kernel) };
    Ok(Place { page, root })
}

fn describe(raw: &'static Raw) -> BootInfo {
    let command_line = &raw.command_line[..raw.command_line_len];
    let command_line = match core::str::from_utf8(command_line) {
        Ok(text) => text,
        Err(error) => core::str::from_utf8(&command_line[..error.valid_up_to()]).unwrap_or_default(),
    };
    let initramfs = raw.initramfs.map(|(start, end)| {
        let pointer = phys_to_virt(PhysAddr::new(start));
        // SAFETY: the loader put the module there, and `collect` took it out of usable memory.
        unsafe { core::slice::from_raw_parts(pointer.cast_const(), (end - start) as usize) }
    });
    let image = tables::image();
    BootInfo {
        memory: raw.memory.regions(),
        command_line,
        initramfs,
        rsdp: raw.rsdp,
        kernel: PhysAddr::new(image.start)..PhysAddr::new(image.end),
    }
}

/// Whether `address` lies in the unmapped page under one of the boot processor's stacks.
pub(crate) fn is_stack_guard(address: u64) -> bool {
    stacks::guards().any(|guard| guard == address & !0xfff)
}

/// Brings up what the boot processor needs besides memory: the ACPI digest, its APIC, the clock, the
/// timer's rate, the interrupt lines. Interrupts are on when this returns.
pub fn init_devices(info: &BootInfo) -> Result<(), &'static str> {
    // Before the APIC closes the PIC's pin: an interrupt that the PIC has raised by then could neither
    // be fetched nor withdrawn.
    ioapic::mask_pic();
    acpi::init(info.rsdp);
    apic::choose_mode();
    apic::init_this_cpu()?;
    smp::number_processors();
    ioapic::init();
    clock::init();
    interrupts::enable();
    apic::timer::calibrate();
    Ok(())
}

fn stop(reason: &str) -> ! {
    debug::early_print("PANIC: boot: ");
    debug::early_print(reason);
    debug::early_print("\nEND PANIC\n");
    debug::exit_qemu(debug::EXIT_PANIC)
}
