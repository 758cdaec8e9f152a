//! Grants: nodes of the derivation tree.
//!
//! A capability that was derived from another hangs on a grant; all its copies, in whatever table, hang on the same one. The
//! grant holds the most that any of them may do. Narrowing a grant narrows them all at once, and revoking is narrowing
//! to nothing, so using a capability costs one look at its own grant, however deep that lies.

use crate::Rights;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

/// A node of the derivation tree.
#[derive(Debug)]
pub struct Grant {
    parent: Option<Arc<Grant>>,
    depth: u32,
    /// The limit's two halves. Each only ever loses bits, so a reader that sees one new and one old half sees a limit between
    /// the old and the new.
    low: AtomicU64,
    high: AtomicU64,
}

impl Grant {
    /// A grant derived from `parent`, or a root, that allows `limit` as far as the parent does.
    pub fn new(parent: Option<Arc<Grant>>, limit: Rights) -> Self {
        let limit = parent.as_ref().map_or(limit, |parent| limit & parent.limit());
        let depth = parent.as_ref().map_or(0, |parent| parent.depth + 1);
        let bits = limit.bits();
        Self { parent, depth, low: AtomicU64::new(bits as u64), high: AtomicU64::new((bits >> 64) as u64) }
    }

    /// The most that capabilities on this grant may do.
    #[inline]
    pub fn limit(&self) -> Rights {
        let low = self.low.load(Ordering::Acquire);
        let high = self.high.load(Ordering::Acquire);
        Rights::from_bits_retain(u128::from(low) | u128::from(high) << 64)
    }

    /// Takes away what is not in `rights`.
    pub fn narrow(&self, rights: Rights) {
        let bits = rights.bits();
        self.low.fetch_and(bits as u64, Ordering::AcqRel);
        self.high.fetch_and((bits >> 64) as u64, Ordering::AcqRel);
    }

    /// What it was derived from.
    pub fn parent(&self) -> Option<&Arc<Grant>> {
        self.parent.as_ref()
    }

    /// How many derivations lie above it.
    pub fn depth(&self) -> u32 {
        self.depth
    }
}
