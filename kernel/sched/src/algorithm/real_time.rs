//! The real-time class: a first-in-first-out list for each priority.

use core::ptr::NonNull;

use super::entity::{Class, Entity};

/// Priorities are 1 to 99; 0 stays empty.
const PRIORITIES: usize = 100;

#[derive(Clone, Copy)]
struct Ends {
    head: Option<NonNull<Entity>>,
    tail: Option<NonNull<Entity>>,
}

/// The waiting threads of the real-time class.
pub struct RealTimeQueue {
    lists: [Ends; PRIORITIES],
    /// A bit for each list that is not empty.
    waiting: u128,
    len: u32,
}

// SAFETY: a set of pointers; the run queue's lock decides who follows them.
unsafe impl Send for RealTimeQueue {}

/// At which end of its priority's list an entity joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was preempted before its turn was over.
    Front,
    /// It woke up, yielded, or had its turn.
    Back,
}

fn at<'a>(entity: NonNull<Entity>) -> &'a Entity {
    // SAFETY: linked entities are alive and in place (`insert`'s contract); the reference ends with the queue's method.
    unsafe { entity.as_ref() }
}

fn priority_of(entity: &Entity) -> usize {
    match entity.class() {
        Class::RealTime { priority, .. } => usize::from(priority).min(PRIORITIES - 1),
        Class::Fair { .. } => 0,
    }
}

impl RealTimeQueue {
    /// An empty queue.
    pub const fn new() -> Self {
        Self { lists: [Ends { head: None, tail: None }; PRIORITIES], waiting: 0, len: 0 }
    }

    /// How many threads wait.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The highest priority that waits.
    #[inline]
    pub fn highest(&self) -> Option<u8> {
        if self.waiting == 0 { None } else { Some(127 - self.waiting.leading_zeros() as u8) }
    }

    /// The first of the highest priority.
    #[inline]
    pub fn first(&self) -> Option<NonNull<Entity>> {
        self.highest().and_then(|priority| self.lists[usize::from(priority)].head)
    }

    /// Puts an entity in.
    ///
    /// # Safety
    /// The entity is in no queue, and stays alive and in place until it has left this one.
    pub unsafe fn insert(&mut self, entity: &Entity, end: End) {
        let priority = priority_of(entity);
        let pointer = NonNull::from(entity);
        let ends = &mut self.lists[priority];
        let (previous, next) = match end {
            End::Front => (None, ends.head),
            End::Back => (ends.tail, None),
        };
        entity.previous.set(previous);
        entity.next.set(next);
        match previous {
            Some(previous) => at(previous).next.set(Some(pointer)),
            None => ends.head = Some(pointer),
        }
        match next {
            Some(next) => at(next).previous.set(Some(pointer)),
            None => ends.tail = Some(pointer),
        }
        self.waiting |= 1 << priority;
        self.len += 1;
    }

    /// Takes an entity out that is in.
    pub fn remove(&mut self, entity: &Entity) {
        let priority = priority_of(entity);
        let ends = &mut self.lists[priority];
        let (previous, next) = (entity.previous.take(), entity.next.take());
        match previous {
            Some(previous) => at(previous).next.set(next),
            None => ends.head = next,
        }
        match next {
            Some(next) => at(next).previous.set(previous),
            None => ends.tail = previous,
        }
        if ends.head.is_none() {
            self.waiting &= !(1 << priority);
        }
        self.len -= 1;
    }

    /// A waiting thread that `wanted` accepts, highest priority first.
    pub fn find(&self, mut wanted: impl FnMut(&Entity) -> bool) -> Option<NonNull<Entity>> {
        let mut rest = self.waiting;
        while rest != 0 {
            let priority = 127 - rest.leading_zeros() as usize;
            rest &= !(1 << priority);
            let mut next = self.lists[priority].head;
            while let Some(entity) = next {
                if wanted(at(entity)) {
                    return Some(entity);
                }
                next = at(entity).next.get();
            }
        }
        None
    }
}

impl Default for RealTimeQueue {
    fn default() -> Self {
        Self::new()
    }
}
