//! Derivation trees at their extremes: very deep, very wide, and dropped in every order.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use caps::{Cause, Grant, Ground, HostGround, Links, OutOfMemory, Rights, Spelling, TreeLock};
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const MANY: usize = if cfg!(miri) { 70 } else { 100_000 };

fn cause(sequence: u64) -> Cause {
    Cause { sequence, process: 1, spelling: Spelling::Revoke, time_ns: 0 }
}

fn root() -> Arc<Grant> {
    Grant::root(Rights::ALL, cause(0), &HostGround).unwrap()
}

fn child(of: &Arc<Grant>) -> Arc<Grant> {
    of.derive(Rights::ALL, cause(1), &HostGround).unwrap()
}

/// A chain of grants, each derived from the one before; the first of them and all.
fn chain(length: usize) -> (Arc<Grant>, Vec<Arc<Grant>>) {
    let root = root();
    let mut all = vec![root.clone()];
    for depth in 0..length {
        all.push(child(&all[depth]));
    }
    (root, all)
}

/// A stack that recursion over the tree would overflow at once.
fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(96 * 1024).spawn(body).unwrap().join().unwrap();
}

#[test]
fn a_deep_tree_is_revoked_and_dropped_without_recursion() {
    on_a_small_stack(|| {
        let (root, all) = chain(MANY);
        assert_eq!(root.revoke_descendants(cause(2)).count(), MANY);
        assert!(all[1..].iter().all(|grant| grant.is_revoked()));
        assert_eq!(root.limit(), Rights::ALL);
        assert_eq!(all[MANY].cause(Rights::READ), Some(cause(2)));
        drop(all);
        assert_eq!(root.revoke_descendants(cause(3)).count(), 0);
    });
}

#[test]
fn the_last_leaf_of_a_tree_of_dropped_grants_takes_the_whole_branch_with_it() {
    on_a_small_stack(|| {
        let (root, mut all) = chain(MANY);
        let leaf = all.pop().unwrap();
        drop(all);
        assert_eq!(leaf.depth() as usize, MANY);
        assert_eq!(root.narrow(Rights::READ, cause(2)).unwrap().count(), 2);
        assert_eq!((leaf.limit(), leaf.cause(Rights::WRITE)), (Rights::READ, Some(cause(2))));
        drop(leaf);
        // The nodes are used again.
        let again = child(&root);
        assert_eq!((again.depth(), again.limit()), (1, Rights::READ));
    });
}

#[test]
fn a_wide_tree_is_revoked_whole() {
    let root = root();
    let all: Vec<_> = (0..MANY).map(|_| child(&root)).collect();
    assert_eq!(root.revoke(cause(2)).count(), MANY + 1);
    assert!(all.iter().all(|grant| grant.is_revoked()));
}

#[test]
fn a_walk_that_is_dropped_early_narrows_the_rest() {
    let (root, all) = chain(if cfg!(miri) { 70 } else { 500 });
    let mut walk = root.revoke_descendants(cause(2));
    assert_eq!(walk.next().map(|first| first.depth()), Some(1));
    drop(walk);
    assert!(all[1..].iter().all(|grant| grant.is_revoked()));
}

#[test]
fn what_is_derived_while_a_walk_goes_on_does_not_escape_it() {
    const DEEP: usize = if cfg!(miri) { 40 } else { 200 };
    let (root, all) = chain(DEEP);
    let mut late = Vec::new();
    for grant in root.revoke_descendants(cause(2)) {
        // Beneath what was reached, beside it, and far below, where the walk has yet to come.
        late.push(child(&grant));
        late.push(child(&all[DEEP]));
        late.push(child(&all[(grant.depth() as usize + 40).min(DEEP)]));
    }
    assert!(late.iter().all(|grant| grant.is_revoked()));
    assert_eq!(child(&root).limit(), Rights::ALL);
}

/// Counts how often the lock is taken, to see that no hold of it grows with the tree.
struct Counting(Mutex<Links>, &'static AtomicUsize);

impl TreeLock for Counting {
    fn with(&self, body: &mut dyn FnMut(&mut Links)) {
        self.1.fetch_add(1, Ordering::Relaxed);
        body(&mut self.0.lock().unwrap());
    }
}

struct CountingGround(&'static AtomicUsize);

impl Ground for CountingGround {
    fn try_arc<T>(&self, value: T) -> Result<Arc<T>, OutOfMemory> {
        Ok(Arc::new(value))
    }

    fn try_tree_lock(&self, links: Links) -> Result<Arc<dyn TreeLock>, OutOfMemory> {
        Ok(Arc::new(Counting(Mutex::new(links), self.0)))
    }
}

#[test]
fn the_lock_is_let_go_of_every_few_dozen_grants() {
    const WIDE: usize = if cfg!(miri) { 100 } else { 1000 };
    static HOLDS: AtomicUsize = AtomicUsize::new(0);
    let ground = CountingGround(&HOLDS);
    let root = Grant::root(Rights::ALL, cause(0), &ground).unwrap();
    let all: Vec<_> = (0..WIDE).map(|_| root.derive(Rights::ALL, cause(1), &ground).unwrap()).collect();
    let before = HOLDS.load(Ordering::Relaxed);
    assert_eq!(root.revoke_descendants(cause(2)).count(), all.len());
    assert!(HOLDS.load(Ordering::Relaxed) - before >= WIDE / 32);
}

/// A ground whose memory runs out after some allocations.
struct Scarce(AtomicUsize);

impl Ground for Scarce {
    fn try_arc<T>(&self, value: T) -> Result<Arc<T>, OutOfMemory> {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map(|_| Arc::new(value)).map_err(|_| OutOfMemory)
    }

    fn try_tree_lock(&self, links: Links) -> Result<Arc<dyn TreeLock>, OutOfMemory> {
        HostGround.try_tree_lock(links)
    }
}

#[test]
fn running_out_of_memory_leaves_the_tree_as_it_was() {
    let ground = Scarce(AtomicUsize::new(2));
    let root = Grant::root(Rights::ALL, cause(0), &ground).unwrap();
    let first = root.derive(Rights::READ, cause(1), &ground).unwrap();
    assert_eq!(root.derive(Rights::READ, cause(1), &ground).err(), Some(OutOfMemory));
    assert_eq!(root.revoke_descendants(cause(2)).count(), 1);
    assert!(first.is_revoked());
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: if cfg!(miri) { 3 } else { 300 },
        ..ProptestConfig::default()
    })]

    /// Trees of any shape, with grants dropped in any order in between: a revocation reaches exactly the living beneath.
    #[test]
    fn a_revocation_reaches_every_living_descendant(
        parents in proptest::collection::vec((any::<usize>(), any::<bool>()), 1..if cfg!(miri) { 20 } else { 150 }),
        top in any::<usize>(),
    ) {
        let mut grants = vec![Some(root())];
        let mut above = vec![None];
        for (parent, is_dropped) in parents {
            let parent = parent % grants.len();
            let Some(grant) = grants[parent].clone() else { continue };
            grants.push(Some(child(&grant)));
            above.push(Some(parent));
            if is_dropped && parent > 0 {
                grants[parent] = None;
            }
        }
        let living: Vec<usize> = (0..grants.len()).filter(|grant| grants[*grant].is_some()).collect();
        let top = living[top % living.len()];
        let is_beneath = |grant: usize| std::iter::successors(above[grant], |at| above[*at]).any(|at| at == top);
        let reached = grants[top].as_ref().unwrap().revoke_descendants(cause(2)).count();
        prop_assert_eq!(reached, living.iter().filter(|grant| is_beneath(**grant)).count());
        for grant in living {
            prop_assert_eq!(grants[grant].as_ref().unwrap().is_revoked(), is_beneath(grant));
        }
    }
}
