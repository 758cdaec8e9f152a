//! The call `narrow`, for trials.
#![allow(unsafe_code, reason = "own calls by number")]

use abi::Errno;
use abi::table::number;
use abi::types::NarrowItem;
use caps::{Kind, Promises, Rights, Root};
use std::os::fd::{AsRawFd, RawFd};

/// Gives up what the items say.
pub fn narrow(items: &[NarrowItem]) -> Result<(), Errno> {
    narrow_raw(items.as_ptr() as u64, items.len() as u64, 0)
}

/// The call with raw words.
pub fn narrow_raw(address: u64, count: u64, flags: u64) -> Result<(), Errno> {
    // SAFETY: the call only reads the items and what they point to.
    unsafe { tessera::call::call(number::narrow, [address, count, flags, 0, 0, 0]) }.map(drop)
}

const fn words(rights: Rights) -> [u64; 2] {
    [rights.bits() as u64, (rights.bits() >> 64) as u64]
}

/// A slot keeps these rights.
pub fn slot(slot: &impl AsRawFd, rights: Rights) -> NarrowItem {
    slots(slot.as_raw_fd(), slot.as_raw_fd(), rights)
}

/// Every filled slot of a range keeps these rights.
pub fn slots(first: RawFd, last: RawFd, rights: Rights) -> NarrowItem {
    let (first, last) = (first as u32, last as u32);
    NarrowItem { fields: NarrowItem::RIGHTS, first, last, values: words(rights), ..NarrowItem::new(NarrowItem::SLOT) }
}

/// A slot keeps these control requests; the list must outlive the call.
pub fn ioctls(slot: &impl AsRawFd, requests: &[u32]) -> NarrowItem {
    let number = slot.as_raw_fd() as u32;
    NarrowItem {
        fields: NarrowItem::IOCTLS,
        first: number,
        last: number,
        address: requests.as_ptr() as u64,
        length: requests.len() as u64,
        ..NarrowItem::new(NarrowItem::SLOT)
    }
}

/// A slot keeps the `fcntl` commands with these bits.
pub fn fcntls(slot: &impl AsRawFd, commands: u64) -> NarrowItem {
    let number = slot.as_raw_fd() as u32;
    NarrowItem {
        fields: NarrowItem::FCNTLS,
        first: number,
        last: number,
        fcntls: commands,
        ..NarrowItem::new(NarrowItem::SLOT)
    }
}

/// Closes a range of slots.
pub fn close(first: RawFd, last: RawFd) -> NarrowItem {
    NarrowItem { first: first as u32, last: last as u32, ..NarrowItem::new(NarrowItem::CLOSE) }
}

/// Objects of a kind may be used for this.
pub fn kind(kind: Kind, rights: Rights, when: u32) -> NarrowItem {
    NarrowItem { when, first: kind as u32, values: words(rights), ..NarrowItem::new(NarrowItem::KIND) }
}

/// A root capability keeps these rights.
pub fn root(root: Root, rights: Rights, when: u32) -> NarrowItem {
    NarrowItem { when, first: root as u32, values: words(rights), ..NarrowItem::new(NarrowItem::ROOT) }
}

/// These promises stay.
pub fn promises(promises: Promises, when: u32) -> NarrowItem {
    NarrowItem { when, values: [promises.bits(), 0], ..NarrowItem::new(NarrowItem::PROMISES) }
}

/// A limit is lowered.
pub fn limit(resource: u32, soft: u64, hard: u64) -> NarrowItem {
    NarrowItem { first: resource, values: [soft, hard], ..NarrowItem::new(NarrowItem::LIMIT) }
}

/// These CPUs stay.
pub fn cpus(set: &[u64]) -> NarrowItem {
    NarrowItem { address: set.as_ptr() as u64, length: size_of_val(set) as u64, ..NarrowItem::new(NarrowItem::CPUS) }
}

/// The whole table as it is now.
pub fn table() -> String {
    std::fs::read_to_string("/proc/self/caps").unwrap_or_default()
}
