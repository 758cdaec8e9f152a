//! One CPU's run queue: the classes together, and who runs.
//!
//! The running thread is in no class queue. `pick` decides who runs next; everything else only says what changed.

use core::ptr::NonNull;

use super::entity::{Class, Entity, ROUND_ROBIN_SLICE_NS, Turn, UNDISTURBED_NS, Wakes};
use super::fair::{self, Arrival, FairQueue};
use super::real_time::{End, RealTimeQueue};
use super::weight::IDLE_WEIGHT;

/// The runnable threads of one CPU.
pub struct RunQueue {
    real_time: RealTimeQueue,
    fair: FairQueue,
    current: Option<NonNull<Entity>>,
}

// SAFETY: a set of pointers; the lock around the queue decides who follows them.
unsafe impl Send for RunQueue {}

/// Why a thread is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The running thread, if there is one, may go on if it is still the best.
    Best,
    /// The running thread lets others run first.
    Yielded,
}

/// Whether the running thread should be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may run on.
    Continue,
    /// `pick` will probably find another.
    Reschedule,
}

fn at<'a>(entity: NonNull<Entity>) -> &'a Entity {
    // SAFETY: entities in the queue or running are alive and in place (`enqueue`'s contract); the reference ends with
    // the method.
    unsafe { entity.as_ref() }
}

impl RunQueue {
    /// An empty queue with nobody running.
    pub const fn new() -> Self {
        Self { real_time: RealTimeQueue::new(), fair: FairQueue::new(), current: None }
    }

    /// How many threads wait.
    #[inline]
    pub fn waiting(&self) -> u32 {
        self.real_time.len() + self.fair.len()
    }

    /// The running thread; none if the CPU is idle.
    #[inline]
    pub fn current(&self) -> Option<NonNull<Entity>> {
        self.current
    }

    /// Adds a thread that woke up, is new, or comes from another CPU.
    ///
    /// # Safety
    /// The entity is in no queue and not running, and stays alive and in place until it has left this one by
    /// `dequeue` or `stop_current`.
    pub unsafe fn enqueue(&mut self, entity: &Entity) {
        match entity.class() {
            // SAFETY: passed on to the caller.
            Class::Fair { .. } => unsafe { self.fair.insert(entity, Arrival::Placed, self.current_fair()) },
            // SAFETY: passed on to the caller.
            Class::RealTime { .. } => unsafe { self.real_time.insert(entity, End::Back) },
        }
    }

    /// Removes a waiting thread.
    pub fn dequeue(&mut self, entity: &Entity) {
        match entity.class() {
            Class::Fair { .. } => {
                self.fair.remove(entity);
                self.fair.leave(entity, self.current_fair());
            }
            Class::RealTime { .. } => self.real_time.remove(entity),
        }
    }

    /// The running thread sleeps, ends or leaves for another CPU.
    #[inline]
    pub fn stop_current(&mut self) {
        if let Some(current) = self.current.take()
            && matches!(at(current).class(), Class::Fair { .. })
        {
            self.fair.leave(at(current), None);
        }
    }

    /// The running thread has run for `ran_ns` since the last charge.
    #[inline]
    pub fn charge(&mut self, ran_ns: u64) -> Verdict {
        let Some(current) = self.current else { return Verdict::Continue };
        let current = at(current);
        current.stint_ns.set(current.stint_ns.get() + ran_ns);
        let used_up = match current.class() {
            Class::Fair { .. } => fair::charge(current, ran_ns) && !self.fair.is_empty(),
            Class::RealTime { turn: Turn::Unlimited, .. } => false,
            Class::RealTime { turn: Turn::Sliced, priority } => {
                let left = current.turn_left_ns.get().saturating_sub(ran_ns);
                current.turn_left_ns.set(left);
                left == 0 && self.real_time.highest() >= Some(priority)
            }
        };
        if used_up { Verdict::Reschedule } else { Verdict::Continue }
    }

    /// Lets `change` set the running thread's class.
    pub fn change_current(&mut self, change: impl FnOnce()) {
        let current = self.current;
        self.stop_current();
        change();
        self.current = current;
        if let Some(current) = self.current_fair() {
            self.fair.place(current, None);
        }
    }

    /// Whether a thread that was just enqueued should replace the running one, which has been charged up to now.
    pub fn preempts(&self, woken: &Entity) -> bool {
        let Some(current) = self.current else { return true };
        let current = at(current);
        match (woken.class(), current.class()) {
            (Class::RealTime { .. }, Class::Fair { .. }) => true,
            (Class::RealTime { priority, .. }, Class::RealTime { priority: running, .. }) => priority > running,
            (Class::Fair { .. }, Class::RealTime { .. }) => false,
            (
                Class::Fair { weight, slice_ns, wakes },
                Class::Fair { weight: running, slice_ns: running_slice_ns, .. },
            ) => {
                if running.get() == IDLE_WEIGHT && weight.get() != IDLE_WEIGHT {
                    return true;
                }
                let may_disturb = slice_ns < running_slice_ns || current.stint_ns.get() >= UNDISTURBED_NS;
                wakes == Wakes::Preempting
                    && may_disturb
                    && woken.deadline.get() < current.deadline.get()
                    && woken.vruntime.get() <= self.fair.mean(Some(current))
            }
        }
    }

    /// Decides who runs now, and makes it the running thread. A former running thread that was not stopped waits, or
    /// is picked again.
    pub fn pick(&mut self, why: Pick) -> Option<NonNull<Entity>> {
        let Some(current) = self.current else {
            let next = self.real_time.first().or_else(|| self.fair.peek(None))?;
            return Some(self.switch_to(next));
        };
        let next = match self.best_besides_current(at(current), why) {
            None => return Some(current),
            Some(next) => next,
        };
        self.current = None;
        let next = self.switch_to(next);
        self.put_back(at(current), why);
        Some(next)
    }

    /// How long the running thread may run on before somebody must look again, nanoseconds. `None`: as long as
    /// nothing changes.
    pub fn time_left_ns(&self) -> Option<u64> {
        let current = at(self.current?);
        match current.class() {
            Class::Fair { .. } if self.fair.is_empty() => None,
            Class::Fair { .. } => Some(fair::time_left_ns(current)),
            Class::RealTime { turn: Turn::Sliced, priority } if self.real_time.highest() == Some(priority) => {
                Some(current.turn_left_ns.get())
            }
            Class::RealTime { .. } => None,
        }
    }

    /// A waiting thread that `wanted` accepts, for another CPU to take; real-time threads first, and only a few are
    /// looked at.
    pub fn find_waiting(&self, wanted: impl Fn(&Entity) -> bool) -> Option<NonNull<Entity>> {
        const LOOK_AT: usize = 32;
        self.real_time.find(&wanted).or_else(|| self.fair.find(LOOK_AT, &wanted))
    }

    /// The fair class's mean virtual time.
    #[cfg(test)]
    pub(super) fn fair_mean(&self) -> u64 {
        self.fair.mean(self.current_fair())
    }

    #[inline]
    fn current_fair<'a>(&self) -> Option<&'a Entity> {
        self.current.map(at).filter(|current| matches!(current.class(), Class::Fair { .. }))
    }

    /// Takes a waiting thread out of its class queue and makes it the running one.
    fn switch_to(&mut self, next: NonNull<Entity>) -> NonNull<Entity> {
        match at(next).class() {
            Class::Fair { .. } => self.fair.remove(at(next)),
            Class::RealTime { .. } => self.real_time.remove(at(next)),
        }
        at(next).stint_ns.set(0);
        self.current = Some(next);
        next
    }

    /// The waiting thread that should run rather than `current`.
    fn best_besides_current(&self, current: &Entity, why: Pick) -> Option<NonNull<Entity>> {
        let waiting = self.real_time.highest();
        match current.class() {
            Class::RealTime { priority, turn } => {
                let turn_is_over = turn == Turn::Sliced && current.turn_left_ns.get() == 0;
                let gives_way = why == Pick::Yielded || turn_is_over;
                let beaten = if gives_way { waiting >= Some(priority) } else { waiting > Some(priority) };
                if beaten { self.real_time.first() } else { None }
            }
            Class::Fair { .. } if waiting.is_some() => self.real_time.first(),
            // Who yields does not compete, so one of the others is eligible among themselves.
            Class::Fair { .. } if why == Pick::Yielded => self.fair.peek(None),
            Class::Fair { .. } => {
                let best = self.fair.peek(Some(current));
                best.filter(|best| {
                    at(*best).deadline.get() <= current.deadline.get() || !self.fair.is_eligible(current)
                })
            }
        }
    }

    /// Lets a thread that ran wait.
    fn put_back(&mut self, entity: &Entity, why: Pick) {
        match entity.class() {
            Class::Fair { .. } => {
                if why == Pick::Yielded {
                    fair::yield_request(entity);
                }
                // SAFETY: it ran on this queue, so it is in none, and `enqueue`'s caller keeps it.
                unsafe { self.fair.insert(entity, Arrival::Returning, None) };
            }
            Class::RealTime { .. } => {
                let turn_is_over = entity.turn_left_ns.get() == 0;
                if turn_is_over {
                    entity.turn_left_ns.set(ROUND_ROBIN_SLICE_NS);
                }
                let end = if turn_is_over || why == Pick::Yielded { End::Back } else { End::Front };
                // SAFETY: as above.
                unsafe { self.real_time.insert(entity, end) };
            }
        }
    }
}

impl Default for RunQueue {
    fn default() -> Self {
        Self::new()
    }
}
