//! What callers ask of an address space.

use crate::pager::Pager;
use abi::Protection;
use heap_crate::sync::Arc;

/// A mapping to be made.
#[derive(Clone)]
pub struct Mapping {
    /// Where.
    pub place: Place,
    /// Bytes; rounded up to pages.
    pub len: usize,
    /// What it allows.
    pub protection: Protection,
    /// The most that `mprotect` may ever make of it.
    pub max_protection: Protection,
    /// Who sees writes.
    pub sharing: Sharing,
    /// What is in it.
    pub backing: Backing,
    /// Whether it grows.
    pub growth: Growth,
    /// When its pages come.
    pub populate: Populate,
    /// What /proc/PID/maps calls it when it has no path.
    pub label: Label,
}

impl Mapping {
    /// Private anonymous memory, readable and writable, anywhere.
    pub fn anonymous(len: usize) -> Self {
        Self {
            place: Place::Anywhere(0),
            len,
            protection: Protection::READ | Protection::WRITE,
            max_protection: Protection::READ | Protection::WRITE | Protection::EXECUTE,
            sharing: Sharing::Private,
            backing: Backing::Anonymous,
            growth: Growth::Fixed,
            populate: Populate::OnTouch,
            label: Label::None,
        }
    }
}

/// Where a mapping goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The kernel chooses; the hint is tried first unless 0.
    Anywhere(u64),
    /// The kernel chooses below 2 GiB (MAP_32BIT).
    Low,
    /// Exactly here; what is there goes (MAP_FIXED).
    Fixed(u64),
    /// Exactly here, or EEXIST (MAP_FIXED_NOREPLACE).
    FixedNoReplace(u64),
}

/// Who sees writes to a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// This space alone.
    Private,
    /// Everyone who maps the object.
    Shared,
}

/// What is in a mapping.
#[derive(Clone)]
pub enum Backing {
    /// Zeros. Shared anonymous memory gets a pager of its own.
    Anonymous,
    /// The pages of an object, from a byte offset that is a multiple of the page size.
    Pages {
        /// The object.
        pager: Arc<dyn Pager>,
        /// The offset of the mapping's first byte.
        offset: u64,
    },
}

/// Whether a mapping grows by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// No.
    Fixed,
    /// Towards lower addresses, when touched below its start (MAP_GROWSDOWN, the stack).
    Down,
}

/// When pages come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Populate {
    /// On first touch.
    OnTouch,
    /// Before `map` returns; a failure to get them is not reported, as on Linux (MAP_POPULATE).
    Now,
}

/// The bracketed names in /proc/PID/maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// No name.
    None,
    /// `[heap]`
    Heap,
    /// `[stack]`
    Stack,
    /// `[vdso]`
    Vdso,
}

/// Where `mremap` may move a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveTo {
    /// Nowhere: ENOMEM if it cannot grow in place.
    InPlace,
    /// Anywhere (MREMAP_MAYMOVE).
    Anywhere,
    /// Exactly here (MREMAP_FIXED).
    Fixed(u64),
}

/// What `madvise` can bring about; hints without effect need no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// MADV_DONTNEED: the pages go at once.
    DontNeed,
    /// MADV_FREE: the pages may go; here, at once where private.
    Free,
    /// MADV_WILLNEED: fault in.
    WillNeed,
    /// MADV_DONTFORK.
    DontFork,
    /// MADV_DOFORK.
    DoFork,
    /// MADV_POPULATE_READ.
    PopulateRead,
    /// MADV_POPULATE_WRITE.
    PopulateWrite,
    /// Hints that need nothing but a check of the range.
    Hint,
}

/// Limits in bytes; `u64::MAX` is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// RLIMIT_AS.
    pub address_space: u64,
    /// RLIMIT_DATA: private writable memory and the heap.
    pub data: u64,
    /// RLIMIT_STACK.
    pub stack: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { address_space: u64::MAX, data: u64::MAX, stack: 8 << 20 }
    }
}

/// Which waiters a futex word may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScope {
    /// FUTEX_PRIVATE_FLAG: this space alone.
    Private,
    /// Whoever shares the memory.
    Any,
}
