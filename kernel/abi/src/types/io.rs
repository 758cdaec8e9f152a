//! Input, output and waiting for them.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A piece of user memory: `struct iovec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Iovec {
    /// Address.
    pub base: u64,
    /// Bytes.
    pub length: u64,
}

/// One descriptor to wait on: `struct pollfd`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Pollfd {
    /// The slot; negative is skipped.
    pub slot: i32,
    /// What is asked.
    pub events: i16,
    /// What is so.
    pub returned: i16,
}

/// One event of an epoll set: `struct epoll_event`, packed on this architecture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed)]
pub struct EpollEvent {
    /// EPOLL* bits.
    pub events: u32,
    /// The caller's.
    pub data: u64,
}

/// A set of slots for `select`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FdSet {
    /// Bit n is slot n.
    pub bits: [u64; 16],
}

/// `pselect6`'s sixth argument: where the signal set is, and its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SelectMask {
    /// Address of the set; 0 for none.
    pub set: u64,
    /// Its size.
    pub size: u64,
}

/// A message: `struct msghdr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Msghdr {
    /// Address of the peer's address.
    pub name: u64,
    /// Its size.
    pub name_length: u32,
    /// Zero.
    pub padding: u32,
    /// Address of the pieces.
    pub iovecs: u64,
    /// How many.
    pub iovec_count: u64,
    /// Address of the control messages.
    pub control: u64,
    /// Their size.
    pub control_length: u64,
    /// MSG_* flags.
    pub flags: i32,
    /// Zero.
    pub padding_end: u32,
}

/// The header of one control message: `struct cmsghdr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Cmsghdr {
    /// Bytes, header included.
    pub length: u64,
    /// Protocol level.
    pub level: i32,
    /// Kind.
    pub kind: i32,
}

/// Who sent a message: `struct ucred`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Ucred {
    /// Process.
    pub pid: i32,
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// One of several messages of a call: `struct mmsghdr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Mmsghdr {
    /// The message.
    pub message: Msghdr,
    /// Bytes moved.
    pub count: u32,
    /// Zero.
    pub padding: u32,
}

/// Room for the address of a socket: `struct sockaddr_un`.
pub type SocketAddress = [u8; 110];
