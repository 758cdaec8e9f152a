//! What Tessera's own calls on authority take.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// One item of the list that the call `narrow` takes: one thing to be given up.
///
/// [`Self::what`] says which fields count; all others must be zero. The list is an array whose elements are
/// [`Self::size`] bytes apart, the same in every item; so programs that know a longer item work on a kernel that
/// knows this one, as long as what it does not know is zero.
///
/// | what | `when` | `first`, `last` | `values` | `inherited` | `fcntls` | `address`, `length` |
/// |---|---|---|---|---|---|---|
/// | [`SLOT`](Self::SLOT) | | slots | rights | rights of what is opened beneath | commands | `u32` requests |
/// | [`CLOSE`](Self::CLOSE) | | slots | | | | |
/// | [`KIND`](Self::KIND) | yes | kind | rights | | | |
/// | [`PROMISES`](Self::PROMISES) | yes | | promises, 0 | | | |
/// | [`ROOT`](Self::ROOT) | yes | root capability | rights | | | |
/// | [`VIEW`](Self::VIEW) | | | permissions, 0 | | | path, in bytes |
/// | [`VIEW_LOCK`](Self::VIEW_LOCK) | | | | | | |
/// | [`LIMIT`](Self::LIMIT) | | resource | soft, hard | | | |
/// | [`CPUS`](Self::CPUS) | | | | | | set of CPUs, in bytes |
///
/// Rights are two words, low and high. Of a slot only what [`Self::fields`] names is narrowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct NarrowItem {
    /// Bytes from this item to the next: at least the size of this structure.
    pub size: u32,
    /// What is narrowed: one of the constants.
    pub what: u32,
    /// [`NOW`](Self::NOW), [`AFTER_EXEC`](Self::AFTER_EXEC), or both.
    pub when: u32,
    /// Of a slot: which fields count, and how.
    pub fields: u32,
    /// The first slot; or the number of a kind, root capability or resource.
    pub first: u32,
    /// The last slot: the first again where one is meant, which must be filled; a range passes over empty slots.
    pub last: u32,
    /// Rights, promises, permissions or limits.
    pub values: [u64; 2],
    /// The most that a capability opened beneath a directory may do.
    pub inherited: [u64; 2],
    /// `fcntl` commands: bit n for command n, bit 32 + n for command 1024 + n.
    pub fcntls: u64,
    /// Where a list or a path is.
    pub address: u64,
    /// How many requests, or bytes.
    pub length: u64,
}

impl NarrowItem {
    /// Slots keep at most these rights, requests and commands.
    pub const SLOT: u32 = 1;
    /// Slots are emptied.
    pub const CLOSE: u32 = 2;
    /// Objects of a kind may be used for at most this.
    pub const KIND: u32 = 3;
    /// At most these promises are left.
    pub const PROMISES: u32 = 4;
    /// A root capability keeps at most these rights.
    pub const ROOT: u32 = 5;
    /// A path stays visible, with permissions: what `unveil` does.
    pub const VIEW: u32 = 6;
    /// The view cannot be changed any more.
    pub const VIEW_LOCK: u32 = 7;
    /// A resource limit is lowered.
    pub const LIMIT: u32 = 8;
    /// The process runs on these CPUs alone.
    pub const CPUS: u32 = 9;

    /// In force at once.
    pub const NOW: u32 = 1;
    /// In force from the next exec on.
    pub const AFTER_EXEC: u32 = 2;

    /// The rights of a slot count.
    pub const RIGHTS: u32 = 1;
    /// The list of `ioctl` requests counts.
    pub const IOCTLS: u32 = 2;
    /// The `fcntl` commands count.
    pub const FCNTLS: u32 = 4;
    /// The inherited rights count.
    pub const INHERITED: u32 = 8;

    /// Permission to read, in `values[0]` of [`Self::VIEW`].
    pub const READ: u64 = 1;
    /// Permission to write.
    pub const WRITE: u64 = 2;
    /// Permission to execute.
    pub const EXECUTE: u64 = 4;
    /// Permission to make and remove names.
    pub const CREATE: u64 = 8;
    /// Permission to look for what is there.
    pub const BROWSE: u64 = 16;

    /// An item of this kind in which nothing is said yet.
    pub const fn new(what: u32) -> Self {
        Self {
            size: size_of::<Self>() as u32,
            what,
            when: 0,
            fields: 0,
            first: 0,
            last: 0,
            values: [0; 2],
            inherited: [0; 2],
            fcntls: 0,
            address: 0,
            length: 0,
        }
    }
}

/// What the call `spawn` takes beside the executable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SpawnArguments {
    /// Where the list of arguments is: addresses of strings, ended by a null.
    pub arguments: u64,
    /// Where the environment is, in the same form.
    pub environment: u64,
    /// Where the list of [`SpawnSlot`]s is, by rising `to`.
    pub slots: u64,
    /// How many there are.
    pub slot_count: u32,
    /// The root capabilities that the child gets: a set of bits.
    pub roots: u32,
    /// PD_DAEMON (1): the child outlives its descriptor; PD_CLOEXEC (2): exec closes the descriptor.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
}

/// One slot of a spawned child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SpawnSlot {
    /// The caller's slot.
    pub from: i32,
    /// The child's.
    pub to: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_fixed() {
        assert_eq!(size_of::<NarrowItem>(), 80);
        assert_eq!(core::mem::offset_of!(NarrowItem, values), 24);
        assert_eq!(core::mem::offset_of!(NarrowItem, length), 72);
    }
}
