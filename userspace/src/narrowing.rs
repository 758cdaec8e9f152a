//! Giving up many things in one step.

use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use abi::table::number;
use abi::types::NarrowItem;
use caps::{FcntlSet, Kind, PathPermissions, Promises, Rights, Root};

use crate::call::{Word, own};
use crate::error::Result;

/// A list of things to give up, which [`Narrowing::apply`] gives up all together or not at all.
///
/// Each method says what is *kept*. What is not spoken of stays as it is.
///
/// ```standalone_crate
/// use std::io::{stdin, stdout};
/// use tessera::{Narrowing, PathPermissions, Promises, Rights, SlotLimit, When};
///
/// let result = Narrowing::new()
///     .slot(stdin(), SlotLimit::new().rights(Rights::READ))
///     .slot(stdout(), SlotLimit::new().rights(Rights::WRITE))
///     .promises(Promises::STDIO | Promises::RPATH, When::Now)
///     .view("/proc", PathPermissions::READ)
///     .lock_view()
///     .apply();
/// assert!(result.is_ok() || result == Err(tessera::Error::Unsupported));
/// ```
#[derive(Debug, Default)]
#[must_use = "nothing is given up before `apply`"]
pub struct Narrowing {
    items: Vec<Item>,
}

/// What is kept of a slot.
#[derive(Clone, Debug, Default)]
#[must_use = "a limit does nothing by itself"]
pub struct SlotLimit {
    fields: u32,
    rights: Rights,
    inherited: Rights,
    fcntls: u64,
    ioctls: Vec<u8>,
}

/// When something is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Now; the next program starts with what it would have had.
    Now,
    /// From the next exec on.
    AfterExec,
    /// Now and for whatever is executed later.
    ForGood,
}

/// An item and the bytes that it points to.
#[derive(Debug)]
struct Item {
    item: NarrowItem,
    bytes: Vec<u8>,
    /// How many elements the bytes are.
    count: usize,
}

impl Narrowing {
    /// A list with nothing on it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is on it.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Limits a slot.
    pub fn slot(self, slot: impl AsFd, limit: SlotLimit) -> Self {
        self.slot_number(slot.as_fd().as_raw_fd(), limit)
    }

    /// Limits the slot with this number.
    pub fn slot_number(self, slot: RawFd, limit: SlotLimit) -> Self {
        let (rights, inherited) = (words(limit.rights), words(limit.inherited));
        let item = NarrowItem {
            fields: limit.fields,
            first: slot as u32,
            last: slot as u32,
            values: rights,
            inherited,
            fcntls: limit.fcntls,
            ..NarrowItem::new(NarrowItem::SLOT)
        };
        let count = limit.ioctls.len() / size_of::<u32>();
        self.with(item, limit.ioctls, count)
    }

    /// Closes the slots from `first` to `last`, as far as there is anything in them.
    pub fn close(self, first: u32, last: u32) -> Self {
        self.plain(NarrowItem { first, last, ..NarrowItem::new(NarrowItem::CLOSE) })
    }

    /// Keeps these promises.
    pub fn promises(self, promises: Promises, when: When) -> Self {
        let item =
            NarrowItem { when: when.bits(), values: [promises.bits(), 0], ..NarrowItem::new(NarrowItem::PROMISES) };
        self.plain(item)
    }

    /// Keeps these rights of a root capability.
    pub fn root(self, root: Root, rights: Rights, when: When) -> Self {
        self.numbered(NarrowItem::ROOT, root as u32, rights, when)
    }

    /// Keeps these rights on all objects of a kind, those included that are opened later.
    pub fn kind(self, kind: Kind, rights: Rights, when: When) -> Self {
        self.numbered(NarrowItem::KIND, kind as u32, rights, when)
    }

    /// Keeps a path visible, with these permissions: see [`crate::view::unveil`].
    pub fn view(self, path: impl AsRef<Path>, permissions: PathPermissions) -> Self {
        let bytes = path.as_ref().as_os_str().as_bytes().to_vec();
        let values = [u64::from(permissions.bits()), 0];
        let count = bytes.len();
        self.with(NarrowItem { values, ..NarrowItem::new(NarrowItem::VIEW) }, bytes, count)
    }

    /// Keeps the view as it then is for good.
    pub fn lock_view(self) -> Self {
        self.plain(NarrowItem::new(NarrowItem::VIEW_LOCK))
    }

    /// Lowers a resource limit; `resource` is one of libc's `RLIMIT_*`.
    pub fn limit(self, resource: u32, soft: u64, hard: u64) -> Self {
        self.plain(NarrowItem { first: resource, values: [soft, hard], ..NarrowItem::new(NarrowItem::LIMIT) })
    }

    /// Runs on these CPUs alone.
    pub fn cpus(self, cpus: impl IntoIterator<Item = usize>) -> Self {
        let mut bytes = Vec::new();
        for cpu in cpus {
            let length = (cpu / u64::BITS as usize + 1) * size_of::<u64>();
            if bytes.len() < length {
                bytes.resize(length, 0);
            }
            bytes[cpu / 8] |= 1 << (cpu % 8);
        }
        let count = bytes.len();
        self.with(NarrowItem::new(NarrowItem::CPUS), bytes, count)
    }

    /// Gives it all up, for all threads of the process at once; after an error nothing has changed.
    pub fn apply(&self) -> Result<()> {
        let items = self.items.iter().flat_map(|Item { item, bytes, count }| {
            let address = if bytes.is_empty() { 0 } else { bytes.as_ptr() as u64 };
            encode(&NarrowItem { address, length: *count as u64, ..*item })
        });
        let items: Vec<u8> = items.collect();
        own(number::narrow, [Word::In(&items), Word::Number(self.items.len() as u64), Word::Number(0)]).map(drop)
    }

    fn numbered(self, what: u32, first: u32, rights: Rights, when: When) -> Self {
        self.plain(NarrowItem { when: when.bits(), first, values: words(rights), ..NarrowItem::new(what) })
    }

    fn plain(self, item: NarrowItem) -> Self {
        self.with(item, Vec::new(), 0)
    }

    fn with(mut self, item: NarrowItem, bytes: Vec<u8>, count: usize) -> Self {
        self.items.push(Item { item, bytes, count });
        self
    }
}

impl SlotLimit {
    /// Keeps everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps these rights. Those that the object never gave are passed over; those that a narrowing took are ENOTCAPABLE.
    pub fn rights(self, rights: Rights) -> Self {
        Self { fields: self.fields | NarrowItem::RIGHTS, rights, ..self }
    }

    /// Keeps these rights for what is opened beneath the directory.
    pub fn inherited(self, inherited: Rights) -> Self {
        Self { fields: self.fields | NarrowItem::INHERITED, inherited, ..self }
    }

    /// Keeps these `fcntl` commands.
    pub fn fcntls(self, commands: FcntlSet) -> Self {
        Self { fields: self.fields | NarrowItem::FCNTLS, fcntls: commands.bits(), ..self }
    }

    /// Keeps these `ioctl` requests.
    pub fn ioctls(self, requests: &[u32]) -> Self {
        let ioctls = requests.iter().flat_map(|request| request.to_ne_bytes()).collect();
        Self { fields: self.fields | NarrowItem::IOCTLS, ioctls, ..self }
    }
}

impl When {
    const fn bits(self) -> u32 {
        match self {
            Self::Now => NarrowItem::NOW,
            Self::AfterExec => NarrowItem::AFTER_EXEC,
            Self::ForGood => NarrowItem::NOW | NarrowItem::AFTER_EXEC,
        }
    }
}

/// Rights as the kernel takes them: the low half first.
fn words(rights: Rights) -> [u64; 2] {
    let bits = rights.bits();
    [bits as u64, (bits >> 64) as u64]
}

fn encode(item: &NarrowItem) -> Vec<u8> {
    zerocopy::IntoBytes::as_bytes(item).to_vec()
}
