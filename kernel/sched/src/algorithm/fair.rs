//! The fair class: earliest eligible virtual deadline first (EEVDF; Stoica and Abdel-Wahab, 1995).
//!
//! Each thread has used some virtual time *v* (real time divided by weight). The weighted mean of all competing
//! threads is the queue's virtual time *V*; a thread's lag, *V − v*, is the service it is owed. A thread with *v ≤ V*
//! is eligible, and of the eligible ones the one runs whose deadline, *v* + slice/weight at the time of the request,
//! is nearest. So long-term shares follow the weights, and who asks for a shorter slice is served sooner but not
//! more.
//!
//! The running thread is not in the tree; it takes part in the mean through [`FairQueue::mean`]'s argument. A thread
//! that leaves keeps its lag (bounded), and gets it back when it returns: sleeping neither loses nor earns anything.

use core::ptr::NonNull;

use super::entity::Entity;
use super::tree::Tree;

/// The waiting threads of the fair class.
pub struct FairQueue {
    tree: Tree<Entity>,
    /// The sum of the weights in the tree.
    weight: i64,
    /// The sum of weight · (vruntime − base) in the tree.
    weighted: i64,
    /// The origin of `weighted`, near the vruntimes so that products stay small.
    base: u64,
    len: u32,
}

/// How far virtual times run ahead of the origin before it follows, nanoseconds.
const REBASE_AFTER: i64 = 1 << 33;

/// How an entity comes into the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It slept, or came from another CPU, or is new: it gets a place by its lag.
    Placed,
    /// It ran until now: it has its place.
    Returning,
}

impl FairQueue {
    /// An empty queue.
    pub const fn new() -> Self {
        // Far from zero, so that a place before the first thread's needs no wrapping.
        Self { tree: Tree::new(), weight: 0, weighted: 0, base: 1 << 48, len: 0 }
    }

    /// How many threads wait.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The mean virtual time of all who wait and of `current`, rounded down.
    #[inline]
    pub fn mean(&self, current: Option<&Entity>) -> u64 {
        let (mut weight, mut weighted) = (self.weight, self.weighted);
        match current {
            // The origin may be long out of date while nobody waits.
            Some(current) if self.len == 0 => return current.vruntime.get(),
            Some(current) => {
                let share = i64::from(current.share().0.get());
                weight += share;
                weighted += share * self.offset(current.vruntime.get());
            }
            None if self.len == 0 => return self.base,
            None => {}
        }
        self.base.wrapping_add_signed(weighted.div_euclid(weight))
    }

    /// Whether an entity that runs or has been running may run on: it is owed service, or nobody else is.
    pub fn is_eligible(&self, entity: &Entity) -> bool {
        entity.vruntime.get() <= self.mean(Some(entity))
    }

    /// Puts an entity in; `current` is the running fair thread, if there is one and it is not `entity`.
    ///
    /// # Safety
    /// As [`Tree::insert`]: the entity is in no queue, and stays alive and in place until it has left this one.
    pub unsafe fn insert(&mut self, entity: &Entity, arrival: Arrival, current: Option<&Entity>) {
        if arrival == Arrival::Placed {
            self.place(entity, current);
        }
        let share = i64::from(entity.share().0.get());
        if self.len == 0 {
            self.base = entity.vruntime.get();
            self.weight = share;
        } else {
            if self.offset(entity.vruntime.get()) > REBASE_AFTER {
                self.rebase();
            }
            self.weight += share;
            self.weighted += share * self.offset(entity.vruntime.get());
        }
        self.len += 1;
        // SAFETY: passed on to the caller.
        unsafe { self.tree.insert(entity) };
    }

    /// Takes an entity out that is in; it keeps its virtual time.
    #[inline]
    pub fn remove(&mut self, entity: &Entity) {
        self.len -= 1;
        if self.len == 0 {
            self.tree.remove_last();
            (self.weight, self.weighted) = (0, 0);
            return;
        }
        self.tree.remove(entity);
        let share = i64::from(entity.share().0.get());
        self.weight -= share;
        self.weighted -= share * self.offset(entity.vruntime.get());
    }

    /// Records the lag of an entity that leaves the competition: it has just been removed, or it was running.
    /// `current` is the running fair thread, if that is another.
    pub fn leave(&mut self, entity: &Entity, current: Option<&Entity>) {
        if self.len == 0 {
            self.base = entity.vruntime.get();
            if current.is_none() {
                // Alone, it was the mean.
                entity.lag.set(0);
                return;
            }
        }
        let (mut sum, mut weighted) = (self.weight, self.weighted);
        // The mean includes the entity itself, as it did while it competed.
        for member in [Some(entity), current].into_iter().flatten() {
            let share = i64::from(member.share().0.get());
            sum += share;
            weighted += share * self.offset(member.vruntime.get());
        }
        let lag = weighted.div_euclid(sum) - self.offset(entity.vruntime.get());
        let (weight, slice_ns) = entity.share();
        let limit = weight.to_virtual(2 * slice_ns) as i64;
        entity.lag.set(lag.clamp(-limit, limit));
    }

    /// The waiting thread to run next: the earliest deadline among the eligible. `current` takes part in the mean only.
    pub fn peek(&self, current: Option<&Entity>) -> Option<NonNull<Entity>> {
        if self.len <= 1 && current.is_none() {
            return self.tree.first();
        }
        self.tree.first_with_value_at_most(self.mean(current))
    }

    /// A waiting thread that `wanted` accepts, among the first few.
    pub fn find(&self, limit: usize, wanted: impl FnMut(&Entity) -> bool) -> Option<NonNull<Entity>> {
        self.tree.find(limit, wanted)
    }

    /// Moves the origin to the mean, so that products stay small however long the queue is busy.
    fn rebase(&mut self) {
        let mean = self.mean(None);
        self.weighted -= self.weight * self.offset(mean);
        self.base = mean;
    }

    fn offset(&self, vruntime: u64) -> i64 {
        vruntime.wrapping_sub(self.base) as i64
    }

    /// Gives an entity that joins its virtual time and deadline.
    pub fn place(&mut self, entity: &Entity, current: Option<&Entity>) {
        let (weight, slice_ns) = entity.share();
        let share = i64::from(weight.get());
        let present = self.weight + current.map_or(0, |current| i64::from(current.share().0.get()));
        let mean = self.mean(current);
        // Joining moves the mean towards the joiner and would shrink its lag; scaled up beforehand, the lag comes out
        // as it was.
        let lag = match entity.lag.get() {
            0 => 0,
            _ if present == 0 => 0,
            lag => lag + lag * share / present,
        };
        let vruntime = mean.wrapping_add_signed(-lag);
        entity.vruntime.set(vruntime);
        // A new thread starts mid-slice on average, so that spawning many does not push the others back.
        let request = if entity.is_new.replace(false) { slice_ns / 2 } else { slice_ns };
        entity.deadline.set(vruntime + weight.to_virtual(request));
    }
}

impl Default for FairQueue {
    fn default() -> Self {
        Self::new()
    }
}

/// Charges a running entity. True if it has used up its request; it then has a new one.
#[inline]
pub fn charge(entity: &Entity, ran_ns: u64) -> bool {
    let (weight, slice_ns) = entity.share();
    let vruntime = entity.vruntime.get() + weight.to_virtual(ran_ns);
    entity.vruntime.set(vruntime);
    if vruntime < entity.deadline.get() {
        return false;
    }
    entity.deadline.set(vruntime + weight.to_virtual(slice_ns));
    true
}

/// Puts a running entity's deadline off by one slice, since it yields.
pub fn yield_request(entity: &Entity) {
    let (weight, slice_ns) = entity.share();
    entity.deadline.set(entity.deadline.get() + weight.to_virtual(slice_ns));
}

/// How long a running entity has until its request is used up, real nanoseconds.
pub fn time_left_ns(entity: &Entity) -> u64 {
    let (weight, _) = entity.share();
    weight.to_real(entity.deadline.get().saturating_sub(entity.vruntime.get()))
}
