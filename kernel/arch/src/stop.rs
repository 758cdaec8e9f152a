//! Stopping every processor for a panic, and finding out where each was.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::cpu::{self, CpuId, MAX_CPUS};
use crate::hooks::hooks;
use crate::user::Registers;
use crate::{AtomicCpuSet, apic, clock};

const NOBODY: u32 = u32::MAX;
/// How long to wait for the others; emulated ones may be far from their turn.
const PATIENCE_NS: u64 = 500_000_000;

/// The CPU whose panic is reported.
static OWNER: AtomicU32 = AtomicU32::new(NOBODY);
static IS_REPORTING: AtomicBool = AtomicBool::new(false);
static STOPPED: AtomicCpuSet = AtomicCpuSet::empty();

/// Where each stopped CPU was: instruction and frame pointer.
static PLACES: [(AtomicU64, AtomicU64); MAX_CPUS] = [const { (AtomicU64::new(0), AtomicU64::new(0)) }; MAX_CPUS];

/// What a panicking CPU is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Report and end the machine.
    Reporter,
    /// The report itself panicked: end the machine at once.
    Nested,
}

/// A CPU that was stopped.
#[derive(Clone, Copy, Debug)]
pub struct Stopped {
    /// Which.
    pub cpu: CpuId,
    /// The instruction it was about to execute, perhaps of a program.
    pub rip: u64,
    /// Its frame pointer, for [`crate::debug::backtrace`].
    pub rbp: u64,
}

/// To be called first by the panic handler. Returns on one CPU only: others halt here.
pub fn begin_panic() -> Role {
    let _ = crate::interrupts::disable();
    if !claim() {
        cpu::halt_forever();
    }
    if IS_REPORTING.swap(true, Ordering::Relaxed) { Role::Nested } else { Role::Reporter }
}

/// Stops all other processors, as far as they answer.
pub fn stop_others() {
    let me = cpu::current();
    let mut others = cpu::online();
    others.clear(me);
    others.iter().for_each(apic::send_nmi);
    let start = clock::now_ns();
    while STOPPED.snapshot(Ordering::Acquire).intersect(&others) != others && clock::now_ns() - start < PATIENCE_NS {
        cpu::relax();
    }
}

/// The processors that have stopped.
pub fn stopped() -> impl Iterator<Item = Stopped> {
    STOPPED.snapshot(Ordering::Acquire).iter().map(|cpu| {
        let (rip, rbp) = &PLACES[cpu.index()];
        Stopped { cpu, rip: rip.load(Ordering::Relaxed), rbp: rbp.load(Ordering::Relaxed) }
    })
}

/// Makes this CPU the reporter if there is none yet; says whether it is.
fn claim() -> bool {
    let me = cpu::current().as_u32();
    OWNER.compare_exchange(NOBODY, me, Ordering::AcqRel, Ordering::Acquire).is_ok_and(|_| true)
        || OWNER.load(Ordering::Acquire) == me
}

/// Either another CPU reports a panic, or someone outside wants to know where the machine hangs and
/// all CPUs come here at once: then one of them reports.
pub(crate) fn non_maskable_interrupt(regs: &Registers) {
    let cpu = cpu::current();
    let had_owner = OWNER.load(Ordering::Acquire) == cpu.as_u32();
    if !claim() {
        let (rip, rbp) = &PLACES[cpu.index()];
        rip.store(regs.rip, Ordering::Relaxed);
        rbp.store(regs.rbp, Ordering::Relaxed);
        STOPPED.set(cpu, Ordering::Release);
        cpu::halt_forever();
    }
    if had_owner {
        return;
    }
    match hooks() {
        Some(hooks) => (hooks.nmi)(regs),
        None => panic!("NMI at {:#x}", regs.rip),
    }
}
