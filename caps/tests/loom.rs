//! Models of what is shared without a lock: loom runs the crate's own files in all interleavings, with weak memory.
//!
//! A planted fault shows that a model can fail: see the `finds` tests.
#![allow(missing_docs, clippy::unwrap_used, reason = "a model that cannot go on has failed")]

extern crate alloc;

#[path = "../src/authority.rs"]
mod authority;
#[path = "../src/grant/mod.rs"]
#[allow(dead_code)]
mod grant;
#[path = "../src/ground.rs"]
mod ground;

/// The atomics: loom's.
mod shim {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};

    /// Loom's atomics are made at run time.
    macro_rules! constructor {
        ($(#[$meta:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),*) -> Self $body:block) => {
            $(#[$meta])* $visibility fn $name($($argument: $type),*) -> Self $body
        };
    }
    pub(crate) use constructor;
}

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use authority::Authority;
use caps::{Cause, History, OutOfMemory, Promises, Rights, Root, RootSet, Spelling, Taken};
use grant::{Grant, Links, TreeLock};
use ground::Ground;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::thread;

/// Three preemptions find what matters and keep the models short.
fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

struct LoomGround;

struct LoomLock(Mutex<Links>);

impl TreeLock for LoomLock {
    fn with(&self, body: &mut dyn FnMut(&mut Links)) {
        body(&mut self.0.lock().unwrap());
    }
}

impl Ground for LoomGround {
    fn try_arc<T>(&self, value: T) -> Result<Arc<T>, OutOfMemory> {
        Ok(Arc::new(value))
    }

    fn try_tree_lock(&self, links: Links) -> Result<Arc<dyn TreeLock>, OutOfMemory> {
        Ok(Arc::new(LoomLock(Mutex::new(links))))
    }
}

fn cause(sequence: u64) -> Cause {
    Cause { sequence, process: 1, spelling: Spelling::Revoke, time_ns: 0 }
}

fn root() -> Arc<Grant> {
    Grant::root(Rights::ALL, cause(0), &LoomGround).unwrap()
}

fn child(of: &Arc<Grant>) -> Arc<Grant> {
    of.derive(Rights::ALL, cause(1), &LoomGround).unwrap()
}

#[test]
fn what_is_derived_while_its_tree_is_revoked_is_revoked() {
    model(|| {
        let root = root();
        let parent = child(&root);
        let deriver = thread::spawn({
            let parent = parent.clone();
            move || child(&parent)
        });
        root.revoke_descendants(cause(2)).for_each(drop);
        let derived = deriver.join().unwrap();
        assert!(parent.is_revoked());
        assert!(derived.is_revoked());
        assert_eq!(derived.cause(Rights::READ), Some(cause(2)));
        assert_eq!(root.limit(), Rights::ALL);
    });
}

#[test]
fn a_use_that_begins_after_a_revocation_returned_finds_nothing() {
    model(|| {
        let root = root();
        let lent = child(&root);
        let has_returned = Arc::new(AtomicBool::new(false));
        let user = thread::spawn({
            let (lent, has_returned) = (lent.clone(), has_returned.clone());
            move || {
                let was_over = has_returned.load(Ordering::Acquire);
                assert!(!was_over || lent.limit().is_empty());
            }
        });
        root.revoke_descendants(cause(2)).for_each(drop);
        has_returned.store(true, Ordering::Release);
        user.join().unwrap();
    });
}

#[test]
fn narrowings_of_a_parent_and_of_its_child_both_hold() {
    model(|| {
        let parent = root();
        let lent = child(&parent);
        let other = thread::spawn({
            let lent = lent.clone();
            move || lent.narrow(Rights::ALL - Rights::WRITE, cause(3)).unwrap().for_each(drop)
        });
        // The highest right lies in the other word.
        parent.narrow(Rights::ALL - Rights::AUDIT_READ - Rights::READ, cause(2)).unwrap().for_each(drop);
        other.join().unwrap();
        assert_eq!(lent.limit(), Rights::ALL - Rights::AUDIT_READ - Rights::READ - Rights::WRITE);
        assert_eq!(parent.limit(), Rights::ALL - Rights::AUDIT_READ - Rights::READ);
    });
}

#[test]
fn grants_may_be_dropped_while_their_tree_is_revoked() {
    model(|| {
        let root = root();
        let middle = child(&root);
        let leaf = child(&middle);
        let dropper = thread::spawn(move || drop(middle));
        root.revoke_descendants(cause(2)).for_each(drop);
        dropper.join().unwrap();
        assert!(leaf.is_revoked());
        drop(leaf);
        assert!(!child(&root).is_revoked());
    });
}

/// A table as the authority word sees it: promises that narrowings take under a lock.
struct Narrowed {
    promises: Mutex<Promises>,
    authority: Authority,
}

impl Narrowed {
    fn new() -> Self {
        Self { promises: Mutex::new(Promises::ALL), authority: Authority::new() }
    }

    fn take(&self, taken: Promises) {
        let mut promises = self.promises.lock().unwrap();
        *promises -= taken;
        self.authority.publish(*promises, RootSet::ALL);
    }

    fn take_and_publish_too_late(&self, taken: Promises) {
        let mut promises = self.promises.lock().unwrap();
        *promises -= taken;
        let left = *promises;
        drop(promises);
        self.authority.publish(left, RootSet::ALL);
    }
}

/// Two narrowings at once; a reader that saw something gone must not see it come back, and in the end both hold.
fn two_narrowings(take: fn(&Narrowed, Promises)) {
    let table = Arc::new(Narrowed::new());
    let unpledged = Promises::UNPLEDGED;
    table.take(unpledged);
    let other = thread::spawn({
        let table = table.clone();
        move || take(&table, Promises::INET)
    });
    let reader = thread::spawn({
        let table = table.clone();
        move || {
            let was_there = table.authority.allows(Promises::EXEC, RootSet::empty());
            assert!(was_there || !table.authority.allows(Promises::EXEC, RootSet::empty()));
        }
    });
    take(&table, Promises::EXEC);
    other.join().unwrap();
    reader.join().unwrap();
    assert!(!table.authority.allows(Promises::EXEC, RootSet::empty()));
    assert!(!table.authority.allows(Promises::INET, RootSet::empty()));
    assert!(table.authority.allows(Promises::STDIO, Root::Spawn.set()));
}

#[test]
fn the_authority_word_ends_at_what_both_narrowings_left() {
    model(|| two_narrowings(Narrowed::take));
}

#[test]
fn finds_an_authority_word_published_after_the_lock() {
    let failed = catch_unwind(AssertUnwindSafe(|| model(|| two_narrowings(Narrowed::take_and_publish_too_late))));
    assert!(failed.is_err());
}

#[test]
fn finds_a_limit_that_is_narrowed_by_a_load_and_a_store() {
    let failed = catch_unwind(AssertUnwindSafe(|| {
        model(|| {
            let limit = Arc::new(AtomicU64::new(0b11));
            let keep = |limit: &AtomicU64, kept| limit.store(limit.load(Ordering::Acquire) & kept, Ordering::Release);
            let other = thread::spawn({
                let limit = limit.clone();
                move || keep(&limit, 0b01)
            });
            keep(&limit, 0b10);
            other.join().unwrap();
            assert_eq!(limit.load(Ordering::Acquire), 0);
        });
    }));
    assert!(failed.is_err());
}

#[test]
fn a_gate_needs_one_of_the_promises_and_all_of_the_roots() {
    model(|| {
        let authority = Authority::new();
        assert!(authority.allows(Promises::empty(), RootSet::ALL));
        authority.publish(Promises::STDIO | Promises::INET, RootSet::ALL - RootSet::NETWORK);
        assert!(!authority.allows(Promises::empty(), RootSet::empty()));
        assert!(authority.allows(Promises::INET | Promises::UNIX, RootSet::SPAWN));
        assert!(!authority.allows(Promises::INET, RootSet::SPAWN | RootSet::NETWORK));
    });
}
