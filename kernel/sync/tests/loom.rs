//! A model of the big-reader lock: loom runs the kernel's own protocol file in all interleavings, with weak memory.
//!
//! A planted fault shows that the model can fail: see the `finds` test.
#![allow(missing_docs, unsafe_code, clippy::unwrap_used, reason = "a model that cannot go on has failed")]

#[path = "../src/announced.rs"]
mod announced;

/// The protocol's atomics: loom's.
mod shim {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

    /// Loom's atomics are made at run time.
    macro_rules! constructor {
        ($(#[$meta:meta])* $visibility:vis fn $name:ident() -> Self $body:block) => {
            $(#[$meta])* $visibility fn $name() -> Self $body
        };
    }
    pub(crate) use constructor;
}

use std::panic::{AssertUnwindSafe, catch_unwind};

use announced::{Announcement, Gate};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

/// Three preemptions find what matters and keep the models short. Whoever waits looks again and again, which makes paths long.
fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.max_branches = 100_000;
    builder.check(body);
}

/// Two CPUs' announcements, and a table of one slot. Loom reports any access to the slot while it is written.
struct Shared {
    announcements: [Announcement; 2],
    gate: Gate,
    slot: UnsafeCell<Option<u32>>,
}

// SAFETY: loom's cell checks what the compiler does not.
unsafe impl Sync for Shared {}

impl Shared {
    fn new() -> Arc<Self> {
        let announcements = [Announcement::new(), Announcement::new()];
        Arc::new(Self { announcements, gate: Gate::new(), slot: UnsafeCell::new(Some(1)) })
    }

    fn look_up(&self, cpu: usize) -> Option<u32> {
        let mine = &self.announcements[cpu];
        assert!(mine.is_idle());
        self.gate.enter(mine, thread::yield_now);
        // SAFETY: the gate keeps writers out.
        let found = self.slot.with(|slot| unsafe { *slot });
        mine.withdraw();
        found
    }

    fn replace(&self, new: Option<u32>) -> Option<u32> {
        self.gate.close(self.announcements.iter(), thread::yield_now);
        // SAFETY: the gate keeps everybody else out.
        let old = self.slot.with_mut(|slot| unsafe { std::mem::replace(&mut *slot, new) });
        self.gate.open();
        old
    }
}

#[test]
fn a_look_up_finds_a_slot_before_or_after_it_is_closed_and_never_during() {
    model(|| {
        let shared = Shared::new();
        let reader = thread::spawn({
            let shared = shared.clone();
            move || shared.look_up(1)
        });
        assert_eq!(shared.replace(None), Some(1));
        assert!(matches!(reader.join().unwrap(), Some(1) | None));
        assert_eq!(shared.look_up(0), None);
    });
}

#[test]
fn a_reader_that_found_the_new_value_does_not_find_the_old_one_again() {
    model(|| {
        let shared = Shared::new();
        let reader = thread::spawn({
            let shared = shared.clone();
            move || (shared.look_up(1), shared.look_up(1))
        });
        assert_eq!(shared.replace(Some(2)), Some(1));
        assert!(matches!(reader.join().unwrap(), (Some(1), Some(1 | 2)) | (Some(2), Some(2))));
    });
}

#[test]
fn one_of_two_writers_comes_first() {
    model(|| {
        let shared = Shared::new();
        let other = thread::spawn({
            let shared = shared.clone();
            move || shared.replace(Some(2))
        });
        let mine = shared.replace(Some(3));
        let others = other.join().unwrap();
        assert!(mine == Some(1) && others == Some(3) || mine == Some(2) && others == Some(1));
    });
}

/// The fault: the writer looks at the readers before it closes the gate.
#[test]
fn finds_a_writer_that_looks_at_readers_too_early() {
    let result = catch_unwind(AssertUnwindSafe(|| {
        model(|| {
            let shared = Shared::new();
            let reader = thread::spawn({
                let shared = shared.clone();
                move || shared.look_up(1)
            });
            while !shared.announcements[1].is_idle() {
                thread::yield_now();
            }
            shared.gate.close(std::iter::empty(), thread::yield_now);
            // SAFETY: it is not, which is what loom is to find.
            shared.slot.with_mut(|slot| unsafe { *slot = None });
            shared.gate.open();
            let _ = reader.join();
        });
    }));
    assert!(result.is_err());
}
