//! Frames whose contents are known: page tables that were emptied word by word, which need no zeroing to be tables
//! again.
//!
//! A process that ends leaves tables behind just as the next fork wants them. Each CPU keeps some.

use super::cache::FrameCache;
use super::{Number, give};
use crate::cpu_caches::{self, CpuCaches};

/// Empty tables and roots that a CPU keeps.
const TABLES: usize = 32;
const ROOTS: usize = 8;

pub(super) fn take_table() -> Option<Number> {
    cpu_caches::try_with(|caches| caches.tables.pop())
}

pub(super) fn take_root() -> Option<Number> {
    cpu_caches::try_with(|caches| caches.roots.pop())
}

pub(super) fn give_table(number: Number) {
    keep(number, |caches| &caches.tables, TABLES);
}

pub(super) fn give_root(number: Number) {
    keep(number, |caches| &caches.roots, ROOTS);
}

fn keep(number: Number, cache: impl FnOnce(&CpuCaches) -> &FrameCache, most: usize) {
    let kept = cpu_caches::try_with(|caches| {
        let cache = cache(caches);
        if cache.len() < most { cache.push(number) } else { None }
    });
    if kept.is_none() {
        give(number);
    }
}
