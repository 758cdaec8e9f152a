//! What this processor has beyond the baseline, and turning it on.

use core::arch::asm;
use core::sync::atomic::{AtomicBool, Ordering};

use raw_cpuid::CpuId;
use x86_64::registers::control::{Cr0, Cr0Flags, Cr4, Cr4Flags};

/// Features that the boot processor has; the others are taken to be its equals.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Features {
    pub gigabyte_pages: bool,
    pub smep: bool,
    pub smap: bool,
    pub umip: bool,
    pub fsgsbase: bool,
    pub xsave: bool,
    pub xsaveopt: bool,
    pub x2apic: bool,
    pub tsc_deadline: bool,
    pub rdrand: bool,
    pub global_pages: bool,
}

static FEATURES: spin::Once<Features> = spin::Once::new();
/// `Features::fsgsbase` where a hot path wants it in one load.
static FSGSBASE: AtomicBool = AtomicBool::new(false);

static TSC_DEADLINE: AtomicBool = AtomicBool::new(false);

/// Asks CPUID, once.
pub(crate) fn detect() {
    let cpuid = CpuId::new();
    let mut features = Features::default();
    if let Some(basic) = cpuid.get_feature_info() {
        features.xsave = basic.has_xsave();
        features.x2apic = basic.has_x2apic();
        features.tsc_deadline = basic.has_tsc_deadline();
        features.rdrand = basic.has_rdrand();
        features.global_pages = basic.has_pge();
    }
    if let Some(extended) = cpuid.get_extended_feature_info() {
        features.smep = extended.has_smep();
        features.smap = extended.has_smap();
        features.umip = extended.has_umip();
        features.fsgsbase = extended.has_fsgsbase();
    }
    if let Some(amd) = cpuid.get_extended_processor_and_feature_identifiers() {
        features.gigabyte_pages = amd.has_1gib_pages();
    }
    features.xsaveopt = cpuid.get_extended_state_info().is_some_and(|state| state.has_xsaveopt());
    TSC_DEADLINE.store(features.tsc_deadline, Ordering::Relaxed);
    FSGSBASE.store(features.fsgsbase, Ordering::Relaxed);
    FEATURES.call_once(|| features);
}

/// The features; all absent before [`detect`].
pub(crate) fn get() -> Features {
    FEATURES.get().copied().unwrap_or_default()
}

/// Whether FS and GS bases have instructions of their own.
#[inline(always)]
pub(crate) fn has_fsgsbase() -> bool {
    FSGSBASE.load(Ordering::Relaxed)
}

/// Whether the timer takes a TSC value as its deadline.
#[inline(always)]
pub(crate) fn has_tsc_deadline() -> bool {
    TSC_DEADLINE.load(Ordering::Relaxed)
}

/// Sets the control registers of this CPU to the kernel's needs: protection bits, global pages, FPU.
pub(crate) fn enable_on_this_cpu() {
    let features = get();
    let mut cr4 = Cr4Flags::PHYSICAL_ADDRESS_EXTENSION | Cr4Flags::OSFXSR | Cr4Flags::OSXMMEXCPT_ENABLE;
    let optional = [
        (features.smep, Cr4Flags::SUPERVISOR_MODE_EXECUTION_PROTECTION),
        (features.smap, Cr4Flags::SUPERVISOR_MODE_ACCESS_PREVENTION),
        (features.umip, Cr4Flags::USER_MODE_INSTRUCTION_PREVENTION),
        (features.fsgsbase, Cr4Flags::FSGSBASE),
        (features.xsave, Cr4Flags::OSXSAVE),
        (features.global_pages, Cr4Flags::PAGE_GLOBAL),
    ];
    for (_, flag) in optional.iter().filter(|(present, _)| *present) {
        cr4 |= *flag;
    }
    // SAFETY: paging keeps its mode; each further flag is one that the processor has.
    unsafe { Cr4::write(cr4 | Cr4::read() & Cr4Flags::MACHINE_CHECK_EXCEPTION) };
    let mut cr0 = Cr0::read();
    cr0.remove(Cr0Flags::EMULATE_COPROCESSOR | Cr0Flags::TASK_SWITCHED);
    cr0.insert(Cr0Flags::WRITE_PROTECT | Cr0Flags::MONITOR_COPROCESSOR | Cr0Flags::NUMERIC_ERROR);
    // SAFETY: paging and protection stay on; the FPU becomes usable.
    unsafe { Cr0::write(cr0) };
    crate::fpu::enable_on_this_cpu();
}

unsafe extern "C" {
    safe static clac_sites_start: u64;
    safe static clac_sites_end: u64;
}

/// Replaces each `stac` and `clac` by a no-op where the processor has no SMAP. Only while the boot
/// tables are active: later the text is read-only.
pub(crate) fn patch_sites() {
    const NOP3: [u8; 3] = [0x0f, 0x1f, 0x00];
    if get().smap {
        return;
    }
    let mut site = &raw const clac_sites_start;
    while site < &raw const clac_sites_end {
        // SAFETY: the linker script delimits an array of addresses.
        let address = unsafe { *site };
        // SAFETY: each address is that of a three-byte instruction in writable memory.
        unsafe { (address as *mut [u8; 3]).write_volatile(NOP3) };
        site = site.wrapping_add(1);
    }
    // SAFETY: `cpuid` serialises, so that no stale instruction is executed.
    unsafe { asm!("push rbx", "cpuid", "pop rbx", inout("eax") 0 => _, out("ecx") _, out("edx") _) };
}
