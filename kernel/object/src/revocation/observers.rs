//! Who observes grants: what was made through a capability and lasts longer than the call that made it.

use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::{Grant, Rights};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use sync::SpinLock;
use sync::ranks::GrantObservers;

/// A power of two.
const SHARDS: usize = 64;

static TABLE: [SpinLock<Shard, GrantObservers>; SHARDS] =
    [const { SpinLock::new(Shard { observed: None, next: 0 }) }; SHARDS];

struct Shard {
    /// By the grant's address, which is its own while it is observed: watches hold it.
    observed: Option<HashMap<usize, Vec<Entry>, FixedState>>,
    next: u64,
}

struct Entry {
    number: u64,
    observer: Arc<dyn GrantObserver>,
}

/// Is told when a grant was narrowed.
pub trait GrantObserver: Send + Sync {
    /// The grant allows less than before, and perhaps less than what the observer needs of it. May sleep. Called once for every
    /// narrowing until the watch is dropped, and perhaps while it is being dropped.
    fn narrowed(&self);
}

/// An observer's registration with a grant; dropping it ends it.
pub struct Watch {
    grant: Arc<Grant>,
    number: u64,
}

/// Has `observer` told of narrowings of `grant` from now on. `None` if the grant does not allow `rights` any more: no
/// narrowing that the caller has not seen goes untold. ENOMEM.
pub fn watch(grant: &Arc<Grant>, rights: Rights, observer: Arc<dyn GrantObserver>) -> Result<Option<Watch>> {
    let number = shard_of(grant).lock().add(key_of(grant), observer)?;
    let watch = Watch { grant: grant.clone(), number };
    Ok(grant.limit().contains(rights).then_some(watch))
}

/// Tells everybody who observes the grant. No lock is held meanwhile.
pub(super) fn tell(grant: &Arc<Grant>) {
    let mut from = 0;
    loop {
        let found = shard_of(grant).lock().next_from(key_of(grant), from);
        let Some((number, observer)) = found else { return };
        observer.narrowed();
        from = number + 1;
    }
}

impl Shard {
    fn add(&mut self, key: usize, observer: Arc<dyn GrantObserver>) -> Result<u64> {
        let observed = self.observed.get_or_insert_with(|| HashMap::with_hasher(FixedState::with_seed(0)));
        observed.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        let entries = observed.entry(key).or_default();
        if entries.try_reserve(1).is_err() {
            // An entry without observers is taken out with the next watch that ends, or found empty.
            return Err(Errno::ENOMEM);
        }
        let number = self.next;
        self.next += 1;
        entries.push(Entry { number, observer });
        Ok(number)
    }

    fn next_from(&self, key: usize, from: u64) -> Option<(u64, Arc<dyn GrantObserver>)> {
        let entries = self.observed.as_ref()?.get(&key)?;
        let at = entries.partition_point(|entry| entry.number < from);
        entries.get(at).map(|entry| (entry.number, entry.observer.clone()))
    }

    fn remove(&mut self, key: usize, number: u64) -> Option<Entry> {
        let observed = self.observed.as_mut()?;
        let entries = observed.get_mut(&key)?;
        let at = entries.binary_search_by_key(&number, |entry| entry.number).ok()?;
        let removed = entries.remove(at);
        if entries.is_empty() {
            observed.remove(&key);
        }
        Some(removed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let removed = shard_of(&self.grant).lock().remove(key_of(&self.grant), self.number);
        // Outside the lock: it may be the last reference.
        drop(removed);
    }
}

fn key_of(grant: &Arc<Grant>) -> usize {
    Arc::as_ptr(grant).addr()
}

fn shard_of(grant: &Arc<Grant>) -> &'static SpinLock<Shard, GrantObservers> {
    // Grants are larger than a cache line; the bits above vary.
    &TABLE[key_of(grant) >> 6 & (SHARDS - 1)]
}
