//! Files, directories and file systems.

use super::time::Timespec;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The attributes of a file: `struct stat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Stat {
    /// Device that holds it.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Number of hard links.
    pub links: u64,
    /// Type (`S_IFMT`) and permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Zero.
    pub padding: u32,
    /// The device that a device file is.
    pub special_device: u64,
    /// Size in bytes.
    pub size: i64,
    /// Preferred size of input and output.
    pub block_size: i64,
    /// Blocks of 512 bytes in use.
    pub blocks: i64,
    /// Last access.
    pub accessed: Timespec,
    /// Last modification of the data.
    pub modified: Timespec,
    /// Last change of the attributes.
    pub changed: Timespec,
    /// Zero.
    pub reserved: [i64; 3],
}

/// A time in `struct statx`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct StatxTimestamp {
    /// Seconds.
    pub seconds: i64,
    /// Nanoseconds.
    pub nanoseconds: u32,
    /// Zero.
    pub reserved: i32,
}

/// The attributes of a file, extended: `struct statx`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Statx {
    /// Which fields are filled.
    pub mask: u32,
    /// Preferred size of input and output.
    pub block_size: u32,
    /// File attributes.
    pub attributes: u64,
    /// Number of hard links.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Type and permission bits.
    pub mode: u16,
    /// Zero.
    pub padding: u16,
    /// Inode number.
    pub inode: u64,
    /// Size in bytes.
    pub size: u64,
    /// Blocks of 512 bytes in use.
    pub blocks: u64,
    /// Which attributes are supported.
    pub attributes_mask: u64,
    /// Last access.
    pub accessed: StatxTimestamp,
    /// Creation.
    pub created: StatxTimestamp,
    /// Last change of the attributes.
    pub changed: StatxTimestamp,
    /// Last modification of the data.
    pub modified: StatxTimestamp,
    /// Major number of the device that it is.
    pub special_device_major: u32,
    /// Minor number of the device that it is.
    pub special_device_minor: u32,
    /// Major number of the device that holds it.
    pub device_major: u32,
    /// Minor number of the device that holds it.
    pub device_minor: u32,
    /// The mount that it was found through.
    pub mount_id: u64,
    /// Zero: no direct I/O.
    pub direct_memory_alignment: u32,
    /// Zero: no direct I/O.
    pub direct_offset_alignment: u32,
    /// Zero.
    pub reserved: [u64; 12],
}

/// A file system's figures: `struct statfs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Statfs {
    /// Magic number.
    pub kind: i64,
    /// Block size.
    pub block_size: i64,
    /// Blocks.
    pub blocks: i64,
    /// Free blocks.
    pub blocks_free: i64,
    /// Free blocks for everybody.
    pub blocks_available: i64,
    /// Inodes.
    pub files: i64,
    /// Free inodes.
    pub files_free: i64,
    /// Identity.
    pub id: [i32; 2],
    /// Longest name.
    pub name_max: i64,
    /// Fragment size.
    pub fragment_size: i64,
    /// Mount flags.
    pub flags: i64,
    /// Zero.
    pub spare: [i64; 4],
}

/// What precedes the name in `struct linux_dirent64`, in 19 bytes; the name and a NUL follow, then padding to 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Unaligned, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed)]
pub struct DirentHeader {
    /// Inode number.
    pub inode: u64,
    /// Where the next entry starts, for the directory's cursor.
    pub next_offset: i64,
    /// Size of this record.
    pub record_length: u16,
    /// DT_*.
    pub kind: u8,
}

/// A record lock: `struct flock`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Flock {
    /// F_RDLCK, F_WRLCK or F_UNLCK.
    pub kind: i16,
    /// What the start counts from.
    pub whence: i16,
    /// Zero.
    pub padding: u32,
    /// First byte.
    pub start: i64,
    /// Bytes; zero for all that follow.
    pub length: i64,
    /// Who holds the lock.
    pub pid: i32,
    /// Zero.
    pub padding_end: u32,
}

/// Who gets SIGIO: `struct f_owner_ex`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct OwnerEx {
    /// F_OWNER_TID, F_OWNER_PID or F_OWNER_PGRP.
    pub kind: i32,
    /// The id.
    pub id: i32,
}

/// The argument of `openat2`: `struct open_how`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct OpenHow {
    /// O_* flags.
    pub flags: u64,
    /// Mode of a file made.
    pub mode: u64,
    /// RESOLVE_* flags.
    pub resolve: u64,
}
