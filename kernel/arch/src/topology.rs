//! Which processors share what: the threads of a core its pipelines, the cores of a package the way to memory, and the
//! processors in a cache's domain what they have just used.
//!
//! An APIC identifier is a row of fields, thread, core and package from the lowest bit up, and CPUID tells how wide they
//! are: leaf 0x1f or 0xb for threads and packages (Intel SDM vol. 3, 9.9.1), leaf 4, or AMD's 0x8000_001d, for caches. The
//! boot processor is asked; the others are taken to be its equals.

use core::sync::atomic::Ordering;

use raw_cpuid::{CacheType, TopologyType};

use crate::CpuSet;
use crate::cpu::{self, CpuId};
use crate::smp::APIC_IDS;

/// How many of an APIC identifier's lowest bits tell the members of a domain apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Widths {
    core: u32,
    cache: u32,
    package: u32,
}

/// What processors can have in common, from the nearest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// They are threads of one core.
    Core,
    /// They share the last cache before memory.
    Cache,
    /// They are in one package.
    Package,
}

static WIDTHS: spin::Once<Widths> = spin::Once::new();

/// The processor's package and its core in that, by numbers that need not be dense.
pub fn package_and_core(cpu: CpuId) -> (u32, u32) {
    let (id, widths) = (apic_id(cpu), widths());
    let package = shift(id, widths.package);
    let in_package = id & low_bits(widths.package);
    (package, shift(in_package, widths.core))
}

/// The processor's APIC identifier.
pub fn apic_id(cpu: CpuId) -> u32 {
    APIC_IDS[cpu.index()].load(Ordering::Relaxed)
}

/// The present processors that have this domain in common with `cpu`, itself included.
pub fn siblings(cpu: CpuId, domain: Domain) -> CpuSet {
    let bits = match domain {
        Domain::Core => widths().core,
        Domain::Cache => widths().cache,
        Domain::Package => widths().package,
    };
    let own = shift(apic_id(cpu), bits);
    cpu::present().iter().filter(|other| shift(apic_id(*other), bits) == own).collect()
}

fn widths() -> Widths {
    *WIDTHS.call_once(read_widths)
}

fn read_widths() -> Widths {
    let cpuid = raw_cpuid::CpuId::new();
    // The level's own shift leads over it: past the threads lies the core, past the last level the package.
    let (mut core, mut package) = (0, 0);
    let mut note = |level: raw_cpuid::ExtendedTopologyLevel| {
        let bits = level.shift_right_for_next_apic_id();
        if level.level_type() == TopologyType::SMT {
            core = bits;
        }
        package = package.max(bits);
    };
    if let Some(levels) = cpuid.get_extended_topology_info_v2() {
        levels.for_each(&mut note);
    } else if let Some(levels) = cpuid.get_extended_topology_info() {
        levels.for_each(&mut note);
    }
    if package == 0 {
        // Nobody says: one package of cores.
        package = u32::BITS;
    }
    let caches = cpuid.get_cache_parameters().into_iter().flatten();
    let last = caches.filter(|cache| cache.cache_type() != CacheType::Instruction).max_by_key(|cache| cache.level());
    let cache = last.map_or(package, |cache| cache.max_cores_for_cache().next_power_of_two().ilog2());
    Widths { core, package, cache: cache.clamp(core, package) }
}

/// `id` without its lowest `bits`.
fn shift(id: u32, bits: u32) -> u32 {
    id.checked_shr(bits).unwrap_or(0)
}

fn low_bits(bits: u32) -> u32 {
    1_u32.checked_shl(bits).map_or(u32::MAX, |next| next - 1)
}
