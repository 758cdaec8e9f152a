//! Starting the other processors.
//!
//! All are started at once: each finds its own number by its APIC identifier, so the one trampoline
//! page is only read. The boot processor meanwhile shows them the time.

use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use alloc::alloc::{Layout, alloc};

use crate::cpu::{self, CpuId, MAX_CPUS};
use crate::local::{self, Local};
use crate::{VirtAddr, acpi, apic, clock, descriptors, features, trace, trampoline, vdso};

/// Between INIT and start-up; processors of this century need none, emulated ones neither.
const INIT_DELAY_NS: u64 = 200_000;
/// Until a processor that has not arrived gets a second start-up.
const STARTUP_DELAY_NS: u64 = 1_000_000;
/// How long to wait for a batch of processors in all, and how much more for each of them: a host with
/// few cores runs them one after the other.
const PATIENCE_NS: u64 = 2_000_000_000;
const PATIENCE_EACH_NS: u64 = 100_000_000;

/// APIC identifiers by dense number; the trampoline searches it.
pub(crate) static APIC_IDS: [AtomicU32; MAX_CPUS] = [const { AtomicU32::new(0) }; MAX_CPUS];
/// Blocks of the processors to be started, for the trampoline.
pub(crate) static LOCALS: [AtomicPtr<Local>; MAX_CPUS] = [const { AtomicPtr::new(core::ptr::null_mut()) }; MAX_CPUS];
static ENTRY: spin::Once<fn(CpuId) -> !> = spin::Once::new();

/// A recent TSC of the boot processor, while it waits for the others.
static BOOT_TSC: AtomicU64 = AtomicU64::new(0);

/// The APIC identifier of `cpu`.
#[inline]
pub(crate) fn apic_id(cpu: CpuId) -> u32 {
    APIC_IDS[cpu.index()].load(Ordering::Relaxed)
}

/// Numbers the processors that ACPI lists, the boot processor first.
pub(crate) fn number_processors() {
    let own = apic::id();
    APIC_IDS[0].store(own, Ordering::Relaxed);
    let mut count = 1;
    let listed = acpi::info().map_or(&[][..], |info| info.apic_ids());
    // Without x2APIC the identifier has eight bits, and 255 is the broadcast.
    let is_reachable = |id: &&u32| apic::is_x2apic() || **id < 255;
    for id in listed.iter().filter(|id| **id != own).filter(is_reachable) {
        if count < MAX_CPUS {
            APIC_IDS[count].store(*id, Ordering::Relaxed);
            count += 1;
        }
    }
    // SAFETY: the boot processor's block, which only it changes.
    unsafe { (*local::this()).apic_id = own };
    cpu::set_count(count);
    cpu::set_online(CpuId::BOOT);
}

/// Starts every other processor. Each runs `entry` on a stack from `stack_for`, which is also called
/// for the stacks of double faults, NMIs and debug exceptions: every call gives a fresh stack's top.
/// Returns when all have arrived or a timeout has passed; [`cpu::online`] tells.
pub fn start_all(entry: fn(CpuId) -> !, stack_for: fn(CpuId) -> VirtAddr) {
    ENTRY.call_once(|| entry);
    let others = (1..cpu::count() as u32).filter_map(CpuId::new);
    let prepared = others.filter(|cpu| prepare(*cpu, stack_for)).count();
    if prepared == 0 {
        return;
    }
    let page = trampoline::install();
    let waiting =
        || (1..cpu::count()).filter(|index| is_waiting(*index)).map(|index| APIC_IDS[index].load(Ordering::Relaxed));
    waiting().for_each(apic::send_init);
    clock::spin_for_ns(INIT_DELAY_NS);
    waiting().for_each(|id| apic::send_startup(id, page));
    let all = prepared + 1;
    if !wait_until_online(all, STARTUP_DELAY_NS) {
        waiting().for_each(|id| apic::send_startup(id, page));
        wait_until_online(all, PATIENCE_NS + PATIENCE_EACH_NS * all as u64);
    }
    let online = cpu::online().count();
    log::info!("{online} of {} processors online", cpu::count());
}

/// Whether processor `index` has a block but has not been seen.
fn is_waiting(index: usize) -> bool {
    let is_online = CpuId::new(index as u32).is_some_and(|cpu| cpu::online().contains(cpu));
    !LOCALS[index].load(Ordering::Relaxed).is_null() && !is_online
}

/// Makes the block of `cpu`; without memory for it the processor stays off.
fn prepare(cpu: CpuId, stack_for: fn(CpuId) -> VirtAddr) -> bool {
    // SAFETY: the layout has a size that is not zero.
    let block = unsafe { alloc(Layout::new::<Local>()) }.cast::<Local>();
    if block.is_null() {
        log::error!("no memory to start {cpu}");
        return false;
    }
    let mut new = Local::new(cpu.as_u32());
    new.this = block as usize;
    new.apic_id = apic_id(cpu);
    new.stack_top = stack_for(cpu).as_u64();
    new.trap_stacks = [stack_for(cpu), stack_for(cpu), stack_for(cpu)];
    // SAFETY: just allocated with this type's layout.
    unsafe { block.write(new) };
    // SAFETY: as above, and its CPU does not run yet.
    unsafe { trace::attach(cpu, block) };
    LOCALS[cpu.index()].store(block, Ordering::Release);
    true
}

/// Shows the others the time until `wanted` processors are online; `false` after `patience_ns`.
fn wait_until_online(wanted: usize, patience_ns: u64) -> bool {
    let start = clock::now_ns();
    let mut known = cpu::online();
    loop {
        BOOT_TSC.store(clock::read_tsc(), Ordering::Release);
        let online = cpu::online();
        online.difference(&known).iter().for_each(check_arrival);
        known = online;
        if online.count() >= wanted {
            return true;
        }
        if clock::now_ns() - start > patience_ns {
            return false;
        }
        cpu::relax();
    }
}

/// A processor whose TSC was ahead when it arrived is set back. (One that was behind has seen that
/// itself, in [`processor_main`].) Nobody waits for anybody here: with many emulated processors on few
/// real ones, waiting is what makes a boot slow.
fn check_arrival(cpu: CpuId) {
    let block = LOCALS[cpu.index()].load(Ordering::Acquire);
    // SAFETY: the block lives for good; the field is written before the processor is online.
    let arrival = unsafe { (*block).arrival_tsc };
    let lead = arrival.saturating_sub(clock::read_tsc());
    if lead > 0 {
        // SAFETY: an aligned word, which the processor itself no longer writes.
        let field = unsafe { &raw mut (*block).tsc_offset };
        // SAFETY: as above.
        let offset = unsafe { AtomicU64::from_ptr(field) };
        let before = offset.fetch_sub(lead, Ordering::Relaxed);
        vdso::note_offset(cpu, before.wrapping_sub(lead));
        log::warn!("{cpu}: TSC was {lead} ticks ahead");
    }
}

/// What is added to the TSC of a CPU; 0 for one that never came.
pub(crate) fn tsc_offset(cpu: CpuId) -> u64 {
    let block = if cpu == CpuId::BOOT { local::BOOT.get() } else { LOCALS[cpu.index()].load(Ordering::Acquire) };
    if block.is_null() {
        return 0;
    }
    // SAFETY: blocks live for good.
    let field = unsafe { &raw mut (*block).tsc_offset };
    // SAFETY: an aligned word.
    unsafe { AtomicU64::from_ptr(field) }.load(Ordering::Relaxed)
}

/// Takes over the boot processor's clock and says how far this CPU's TSC was behind: what the boot
/// processor showed lies in the past.
fn set_tsc_offset(block: *mut Local) -> u64 {
    let shown = BOOT_TSC.load(Ordering::Acquire);
    let own = clock::read_tsc();
    let lag = shown.saturating_sub(own);
    // SAFETY: the boot processor's block; the field is constant by now.
    let base = unsafe { (*local::BOOT.get()).tsc_offset };
    // SAFETY: this CPU's block.
    unsafe { (*block).tsc_offset = base.wrapping_add(lag) };
    vdso::note_offset(cpu::current(), base.wrapping_add(lag));
    // SAFETY: as above.
    unsafe { (*block).arrival_tsc = own.wrapping_add(lag) };
    lag
}

/// First Rust code of a processor, on its own stack, with GS at its block.
pub(crate) extern "C" fn processor_main(block: *mut Local) -> ! {
    features::enable_on_this_cpu();
    // SAFETY: the block is this CPU's; the boot processor no longer touches it.
    let stacks = unsafe { (*block).trap_stacks };
    let cpu = cpu::current();
    // SAFETY: as above, and its stacks are its own.
    unsafe { descriptors::install(block, stacks) };
    let lag = set_tsc_offset(block);
    if let Err(reason) = apic::init_this_cpu() {
        panic!("{cpu}: {reason}");
    }
    if lag > 0 {
        log::warn!("{cpu}: TSC was {lag} ticks behind");
    }
    let Some(entry) = ENTRY.get() else { cpu::halt_forever() };
    cpu::set_online(cpu);
    entry(cpu)
}
