//! What others may see and change of a thread.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use arch::CpuSet;
use arch::apic::{Ipi, send_ipi};
use arch::cpu::CpuId;
use arch::local::{self, Slot};
use sync::trace;

use super::{Thread, ThreadId};
use crate::attention::{KILL, REVOKED, SIGNAL};
use crate::cpu::Cpu;
use crate::parameters::{Nice, Parameters, Policy, Urgency};
use crate::queue::QueueGuard;
use crate::wait::{Interruptible, Wait};
use crate::{tracing, wake};

/// Bytes of a name that are kept.
const NAME_LEN: usize = 15;

/// Where a thread is with respect to its CPU's run queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Place {
    /// Asleep, in an inbox, or on its way.
    Nowhere,
    /// Waiting in the queue.
    Queued,
    /// Running.
    Running,
}

/// What is changed by others, rarely.
pub(super) struct Settings {
    name: [u8; NAME_LEN],
    name_len: u8,
    pub(super) affinity: CpuSet,
}

impl Settings {
    pub(super) fn new(name: &str, affinity: CpuSet) -> Self {
        let mut settings = Self { name: [0; NAME_LEN], name_len: 0, affinity };
        settings.set_name(name);
        settings
    }

    fn set_name(&mut self, name: &str) {
        let end = name.floor_char_boundary(NAME_LEN);
        self.name[..end].copy_from_slice(&name.as_bytes()[..end]);
        self.name_len = end as u8;
    }

    fn name(&self) -> &str {
        core::str::from_utf8(&self.name[..usize::from(self.name_len)]).unwrap_or("?")
    }
}

/// A number that no thread had before.
pub(super) fn next_id() -> ThreadId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    ThreadId(NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Thread {
    /// Its number.
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Calls `f` with its name. `f` runs with interrupts off.
    pub fn with_name<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        f(self.settings.lock().name())
    }

    /// Changes its name; longer names are cut.
    pub fn set_name(&self, name: &str) {
        self.settings.lock().set_name(name);
        if trace::is_on() {
            self.introduced.store(0, Ordering::Relaxed);
            tracing::introduce(self);
        }
    }

    /// Says what programs know it by: the ids of its process and of itself.
    pub fn set_ids(&self, process: i32, thread: i32) {
        self.ids.store(u64::from(thread as u32) | u64::from(process as u32) << 32, Ordering::Relaxed);
    }

    /// The word that [`arch::user::UserContext::run`] watches.
    #[inline(always)]
    pub fn attention(&self) -> &AtomicU32 {
        &self.attention
    }

    /// Sets attention bits; takes the thread out of user mode and out of a sleep that these bits end. Any context.
    pub fn set_attention(&self, bits: u32) {
        self.attention.fetch_or(bits, Ordering::Release);
        self.interrupt();
    }

    /// Clears attention bits; the word as it was before.
    pub fn clear_attention(&self, bits: u32) -> u32 {
        self.attention.fetch_and(!bits, Ordering::AcqRel)
    }

    /// Has the thread look at its attention word: ends a sleep that its bits end, and takes it out of user mode. Any
    /// context.
    pub fn interrupt(&self) {
        if !self.has_started.load(Ordering::Acquire) {
            // It will look before it does anything else.
            return;
        }
        wake::unpark(self);
        // The permit's exchange is a full barrier: who sees the thread off its CPU knows that it looks at the word
        // before user mode.
        if self.is_on_cpu() && local::load(Slot::Thread) != core::ptr::from_ref(self).addr() {
            send_ipi(self.cpu(), Ipi::Reschedule);
        }
    }

    /// Whether its attention word ends sleeps of this kind.
    #[inline]
    pub fn is_interrupted(&self, interruptible: Interruptible) -> bool {
        let ending = match interruptible {
            Interruptible::No => 0,
            Interruptible::ByKill => KILL,
            Interruptible::BySignal => SIGNAL | KILL,
        };
        let word = self.attention.load(Ordering::Acquire);
        word & ending != 0
            || (word & REVOKED != 0 && interruptible == Interruptible::BySignal && self.uses.is_any_barred())
    }

    /// The CPU it runs on or ran on last.
    #[inline]
    pub fn cpu(&self) -> CpuId {
        CpuId::new(self.cpu.load(Ordering::Relaxed)).unwrap_or(CpuId::BOOT)
    }

    /// User and system time so far.
    pub fn cpu_time_ns(&self) -> u64 {
        if self.is_on_cpu() {
            let (cpu, mut queue) = self.lock_queue();
            if queue.current().is_some_and(|current| core::ptr::eq(current, self)) {
                queue.charge(cpu);
            }
        }
        self.account.total_ns()
    }

    /// User time so far.
    pub fn user_time_ns(&self) -> u64 {
        self.account.user_ns()
    }

    /// Context switches so far: voluntary ones, and involuntary ones.
    pub fn switches(&self) -> (u64, u64) {
        self.account.switches()
    }

    /// How long it waited for a CPU that was busy, nanoseconds, and how often it was given one.
    pub fn waits(&self) -> (u64, u64) {
        self.account.waits()
    }

    /// The state letter of `/proc/PID/stat`: R, S or D; Z once it has ended.
    pub fn state_char(&self) -> char {
        if self.has_ended() {
            'Z'
        } else if !self.parker.is_asleep() {
            'R'
        } else if self.sleep_kind.load(Ordering::Relaxed) == Interruptible::BySignal as u8 {
            'S'
        } else {
            'D'
        }
    }

    /// How it wants to be scheduled.
    pub fn parameters(&self) -> Parameters {
        Parameters::unpack(self.parameters.load(Ordering::Relaxed))
    }

    /// Changes how it wants to be scheduled; `change` may be called again if another does so at the same time.
    pub fn change_parameters(&self, change: impl Fn(Parameters) -> Parameters) {
        let update = |word| Some(change(Parameters::unpack(word)).pack());
        let _ = self.parameters.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        self.refresh_parameters();
        self.follow_parameters();
    }

    /// Its policy.
    pub fn policy(&self) -> Policy {
        self.parameters().policy
    }

    /// Its nice value.
    pub fn nice(&self) -> Nice {
        self.parameters().nice
    }

    /// Changes its nice value.
    pub fn set_nice(&self, nice: Nice) {
        self.change_parameters(|parameters| Parameters { nice, ..parameters });
    }

    /// Waits, uninterruptibly, until it has ended.
    pub fn join(&self) {
        // An uninterruptible wait without deadline ends in no other way.
        let _ = self.ended.wait_until(Wait::UNINTERRUPTIBLE, || self.has_ended().then_some(()));
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// It holds a reference to itself from now on.
    pub(crate) fn begin_life(&self) {
        self.has_started.store(true, Ordering::Release);
    }

    /// It will not return from its next switch.
    pub(crate) fn end(&self) {
        self.end_lending();
        self.has_ended.store(true, Ordering::Release);
        self.ended.wake_all();
    }

    /// Has the queue that holds it look at its parameters, or at what is lent to it.
    pub(crate) fn refresh_parameters(&self) {
        let (cpu, mut queue) = self.lock_queue();
        queue.refresh(cpu, self.as_static());
        drop(queue);
        if cpu.id != sync::current_cpu() {
            send_ipi(cpu.id, Ipi::Reschedule);
        }
    }

    /// How urgent it is by itself.
    pub(crate) fn own_urgency(&self) -> Urgency {
        self.parameters().urgency()
    }

    /// Has the entity, which is counted in `cpu`'s load, follow the parameters and what is lent to it. Under the queue's
    /// lock, while it is in no queue and not running.
    #[inline]
    pub(crate) fn apply_parameters(&self, cpu: &Cpu) {
        let (wanted, lent) = (self.parameters.load(Ordering::Relaxed), self.lending.lent());
        if wanted != self.applied_parameters.get() || lent != self.applied_lent.get() {
            self.applied_parameters.set(wanted);
            self.applied_lent.set(lent);
            cpu.remove_load(self.entity.load());
            self.entity.set_class(Parameters::unpack(wanted).lifted(lent).class());
            cpu.add_load(self.entity.load());
        }
    }

    /// Whether its nice value is above 0, for the CPU's account.
    #[inline]
    pub(crate) fn is_nice(&self) -> bool {
        self.parameters.load(Ordering::Relaxed) as u8 as i8 > 0
    }

    /// Notes how a sleep that is about to begin may end.
    #[inline]
    pub(crate) fn note_sleep(&self, interruptible: Interruptible) {
        self.sleep_kind.store(interruptible as u8, Ordering::Relaxed);
    }

    /// Its CPU's queue, locked.
    pub(crate) fn lock_queue(&self) -> (&'static Cpu, QueueGuard<'static>) {
        loop {
            let cpu = Cpu::of(self.cpu());
            let queue = cpu.queue.lock();
            if self.cpu() == cpu.id {
                return (cpu, queue);
            }
        }
    }

    #[inline]
    pub(crate) fn set_cpu(&self, cpu: CpuId) {
        self.cpu.store(cpu.as_u32(), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn place(&self) -> Place {
        match self.place.load(Ordering::Acquire) {
            1 => Place::Queued,
            2 => Place::Running,
            _ => Place::Nowhere,
        }
    }

    #[inline]
    pub(crate) fn set_place(&self, place: Place) {
        self.place.store(place as u8, Ordering::Release);
    }

    /// Whether some CPU is on its stack.
    #[inline]
    pub(crate) fn is_on_cpu(&self) -> bool {
        self.is_on_cpu.load(Ordering::Acquire)
    }

    /// A CPU is about to take its stack.
    #[inline]
    pub(crate) fn enter_cpu(&self) {
        self.is_on_cpu.store(true, Ordering::Relaxed);
    }

    /// No CPU is on its stack any more.
    #[inline]
    pub(crate) fn leave_cpu(&self) {
        // Release: its saved registers are visible to who sees this.
        self.is_on_cpu.store(false, Ordering::Release);
    }

    /// Makes it the calling CPU's current thread.
    #[inline]
    pub(crate) fn become_current(&'static self) {
        local::store(Slot::Thread, core::ptr::from_ref(self).expose_provenance());
    }
}
