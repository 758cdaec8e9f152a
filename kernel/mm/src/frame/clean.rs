//! Frames whose contents are known: page tables that were emptied word by word, which need no zeroing to be tables again.
//!
//! A process that ends leaves tables behind just as the next fork wants them. Each CPU keeps some.

use super::{Number, give};
use crate::cpu_caches;

/// Empty tables and roots that a CPU keeps.
const TABLES: usize = 32;
const ROOTS: usize = 8;

pub(super) fn take_table() -> Option<Number> {
    cpu_caches::with(|caches| caches.tables.pop())
}

pub(super) fn take_root() -> Option<Number> {
    cpu_caches::with(|caches| caches.roots.pop())
}

pub(super) fn give_table(number: Number) {
    let is_kept = cpu_caches::with(|caches| {
        let has_room = caches.tables.len() < TABLES;
        if has_room {
            caches.tables.push(number);
        }
        has_room
    });
    if !is_kept {
        give(number);
    }
}

pub(super) fn give_root(number: Number) {
    let is_kept = cpu_caches::with(|caches| {
        let has_room = caches.roots.len() < ROOTS;
        if has_room {
            caches.roots.push(number);
        }
        has_room
    });
    if !is_kept {
        give(number);
    }
}
