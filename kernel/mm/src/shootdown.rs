//! Flushing translations on other CPUs.
//!
//! # Protocol
//!
//! Each CPU has one *request*, which it fills in, and one *inbox*, a bitmap of CPUs whose requests it has to serve.
//! To shoot, a
//! CPU (preemption off) writes its request, sets its bit in the inbox of every target, sends the interrupt, and waits
//! until the count of outstanding targets is zero. A target takes the bits out of its inbox, serves each request and
//! counts it down. A waiting CPU serves its own inbox all the while, so two CPUs that shoot at each other, even with
//! interrupts off, both go on. After a short spin the waiter halts, if it may be interrupted, and the last target to
//! answer wakes it: with more CPUs than the host has cores, spinning keeps the very CPU from running that one waits
//! for.
//!
//! # Whom to shoot
//!
//! A space's active set has the CPUs that have its root loaded. A CPU enters it *before* it loads the root; a shooter
//! writes
//! page-table words *before* it reads the set, with a full fence between on both sides. So a CPU that is not in the
//! set will
//! load the root later and see the new words. A CPU that keeps the root only because nothing else was needed since
//! (a kernel thread or idle) answers the first request by leaving: it is disturbed once, not at every flush.

use crate::space::active;
use arch::apic::{self, Ipi};
use arch::cpu::{self, CpuId, MAX_CPUS};
use arch::{AtomicCpuSet, PAGE_SIZE, PhysAddr, VirtAddr, paging};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use sync::CachePadded;

/// Flushing more pages than this costs more than flushing all.
const MOST_SINGLE_PAGES: u64 = 32;
/// Turns of the waiting loop before it halts.
const SPINS: u32 = 1000;

/// What one CPU asks of others. Written by its owner while nothing is outstanding.
struct Request {
    /// The root of the space, or 0 for kernel addresses.
    root: AtomicU64,
    start: AtomicU64,
    end: AtomicU64,
    /// The space ends: whoever still has its root loaded must leave it.
    is_leaving: AtomicBool,
    /// Targets that have not answered.
    outstanding: AtomicU32,
    /// The owner halts and wants an interrupt when the last has answered.
    is_halted: AtomicBool,
}

impl Request {
    const fn new() -> Self {
        Self {
            root: AtomicU64::new(0),
            start: AtomicU64::new(0),
            end: AtomicU64::new(0),
            is_leaving: AtomicBool::new(false),
            outstanding: AtomicU32::new(0),
            is_halted: AtomicBool::new(false),
        }
    }
}

static REQUESTS: [CachePadded<Request>; MAX_CPUS] = [const { CachePadded::new(Request::new()) }; MAX_CPUS];
static INBOXES: [CachePadded<AtomicCpuSet>; MAX_CPUS] = [const { CachePadded::new(AtomicCpuSet::empty()) }; MAX_CPUS];

/// How many shootdowns were sent, and to how many CPUs in all.
static SENT: AtomicU64 = AtomicU64::new(0);
static TARGETS: AtomicU64 = AtomicU64::new(0);

/// Shootdowns since boot that needed other CPUs, and the interrupts they took.
pub fn counters() -> (u64, u64) {
    (SENT.load(Ordering::Relaxed), TARGETS.load(Ordering::Relaxed))
}

/// Forgets the translations of `start..end` of a user half, on every CPU in `active`.
pub(crate) fn flush_space(root: PhysAddr, active: &AtomicCpuSet, start: u64, end: u64) {
    let _pin = sync::preempt_off();
    fence(Ordering::SeqCst);
    if active::loaded_root() == root.as_u64() {
        flush_here(start, end);
    }
    let mut others = active.snapshot(Ordering::SeqCst);
    others.clear(cpu::current());
    shoot(&others, root.as_u64(), start, end, false);
}

/// Makes every CPU that still has `root` loaded leave it. Afterwards the tables are nobody's but the caller's.
pub(crate) fn expel(root: PhysAddr, active: &AtomicCpuSet) {
    let _pin = sync::preempt_off();
    active::leave(root);
    let mut others = active.snapshot(Ordering::SeqCst);
    others.clear(cpu::current());
    shoot(&others, root.as_u64(), 0, 0, true);
}

/// Forgets the translations of kernel addresses `start..end` on every CPU.
pub(crate) fn flush_kernel(start: u64, end: u64) {
    let _pin = sync::preempt_off();
    fence(Ordering::SeqCst);
    flush_pages(start, end);
    let mut others = cpu::online();
    others.clear(cpu::current());
    shoot(&others, 0, start, end, false);
}

fn flush_pages(start: u64, end: u64) {
    (start..end).step_by(PAGE_SIZE).for_each(|page| paging::flush_page(VirtAddr::new_truncate(page)));
}

fn flush_here(start: u64, end: u64) {
    if end - start > MOST_SINGLE_PAGES * PAGE_SIZE as u64 { paging::flush_all() } else { flush_pages(start, end) }
}

/// Preemption is off, and `targets` does not have this CPU.
fn shoot(targets: &arch::CpuSet, root: u64, start: u64, end: u64, is_leaving: bool) {
    let count = targets.count();
    if count == 0 {
        return;
    }
    let me = cpu::current();
    let request = &REQUESTS[me.index()];
    debug_assert_eq!(request.outstanding.load(Ordering::Relaxed), 0, "a shootdown within a shootdown");
    request.root.store(root, Ordering::Relaxed);
    request.start.store(start, Ordering::Relaxed);
    request.end.store(end, Ordering::Relaxed);
    request.is_leaving.store(is_leaving, Ordering::Relaxed);
    request.outstanding.store(count as u32, Ordering::Release);
    for target in targets.iter() {
        INBOXES[target.index()].set(me, Ordering::Release);
    }
    SENT.fetch_add(1, Ordering::Relaxed);
    TARGETS.fetch_add(count as u64, Ordering::Relaxed);
    apic::send_ipi_set(targets, Ipi::Shootdown);
    wait(request);
}

fn wait(request: &Request) {
    let may_halt = arch::interrupts::enabled();
    let mut spins = 0;
    while request.outstanding.load(Ordering::Acquire) != 0 {
        serve();
        cpu::relax();
        spins += 1;
        if may_halt && spins >= SPINS {
            halt_until_answered(request);
        }
    }
}

fn halt_until_answered(request: &Request) {
    request.is_halted.store(true, Ordering::SeqCst);
    let irq = sync::irq_off();
    if request.outstanding.load(Ordering::SeqCst) != 0 {
        // An answer or a request that comes from here on interrupts the halt.
        cpu::halt_until_interrupt();
    }
    drop(irq);
    request.is_halted.store(false, Ordering::Relaxed);
}

/// Serves the requests in this CPU's inbox: the `shootdown` hook.
pub fn serve() {
    let _irq = sync::irq_off();
    let inbox = &INBOXES[cpu::current().index()];
    for requester in inbox.snapshot(Ordering::Acquire).iter() {
        if inbox.clear(requester, Ordering::AcqRel) {
            answer(requester);
        }
    }
}

/// Interrupts are off.
fn answer(requester: CpuId) {
    let request = &REQUESTS[requester.index()];
    let root = request.root.load(Ordering::Relaxed);
    let (start, end) = (request.start.load(Ordering::Relaxed), request.end.load(Ordering::Relaxed));
    if root == 0 {
        flush_pages(start, end);
    } else if request.is_leaving.load(Ordering::Relaxed) {
        active::leave(PhysAddr::new_truncate(root));
    } else if active::loaded_root() == root && !active::leave_if_lazy() {
        flush_here(start, end);
    }
    if request.outstanding.fetch_sub(1, Ordering::SeqCst) == 1 && request.is_halted.load(Ordering::SeqCst) {
        apic::send_ipi(requester, Ipi::Shootdown);
    }
}
