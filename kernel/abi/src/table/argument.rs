//! Kinds of arguments, as data.

use crate::*;
use caps::Rights;
use core::fmt;

/// One argument of a call.
#[derive(Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: ArgumentKind,
}

/// What an argument is. [`system_calls!`](crate::system_calls) explains the kinds.
#[derive(Clone, Copy)]
pub enum ArgumentKind {
    /// A slot with these rights.
    Capability(Rights),
    /// A slot with a directory and these rights.
    Directory(Rights),
    /// A slot with a poll set and these rights.
    PollSet(Rights),
    /// A slot with a process and these rights.
    Process(Rights),
    /// A slot with a socket and these rights.
    Socket(Rights),
    /// A slot number.
    Slot,
    /// A directory to start from.
    At(Rights),
    /// The address of a path or another text.
    Path,
    /// Memory to fill; the name of the argument with its length.
    Sink(&'static str),
    /// Memory to take from; the name of the argument with its length.
    Source(&'static str),
    /// Pieces of memory; the name of the argument with their number.
    Iovecs(&'static str),
    /// The length of another argument.
    Length,
    /// The address of a structure that is read: its type's name and size.
    Input(&'static str, usize),
    /// The address of a structure that is written.
    Output(&'static str, usize),
    /// The address of a structure that is read and written.
    Update(&'static str, usize),
    /// A flag word: its type's name, and how to show it.
    Flags(&'static str, fn(u64, &mut fmt::Formatter<'_>) -> fmt::Result),
    /// Permission bits.
    Mode,
    /// A signed number of 32 bits.
    I32,
    /// An unsigned number of 32 bits.
    U32,
    /// A signed number of 64 bits.
    I64,
    /// An unsigned number of 64 bits.
    U64,
    /// An address that is not a pointer to data.
    Address,
    /// A process or thread id.
    Pid,
    /// A signal number.
    Signal,
    /// A clock.
    Clock,
    /// A user or group id.
    Id,
}

impl ArgumentKind {
    /// The name of the argument that has this one's length.
    pub const fn length(self) -> Option<&'static str> {
        match self {
            Self::Sink(name) | Self::Source(name) | Self::Iovecs(name) => Some(name),
            _ => None,
        }
    }

    /// The rights that the argument demands, and whether it names a slot at all.
    pub const fn demanded(self) -> (Rights, bool) {
        match self {
            Self::Capability(rights)
            | Self::Directory(rights)
            | Self::PollSet(rights)
            | Self::Process(rights)
            | Self::Socket(rights)
            | Self::At(rights) => (rights, true),
            _ => (Rights::NONE, false),
        }
    }

    /// Whether the argument is an address that the kernel reads or writes: what wild pointers are tried on.
    pub const fn is_pointer(self) -> bool {
        matches!(
            self,
            Self::Path
                | Self::Sink(_)
                | Self::Source(_)
                | Self::Iovecs(_)
                | Self::Input(..)
                | Self::Output(..)
                | Self::Update(..)
        )
    }
}

impl fmt::Debug for ArgumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rights = |f: &mut fmt::Formatter<'_>, what: &str, rights: &Rights| {
            write!(f, "{what}[")?;
            bitflags::parser::to_writer(rights, &mut *f)?;
            f.write_str("]")
        };
        match self {
            Self::Capability(set) => rights(f, "capability", set),
            Self::Directory(set) => rights(f, "directory", set),
            Self::PollSet(set) => rights(f, "poll set", set),
            Self::Process(set) => rights(f, "process", set),
            Self::Socket(set) => rights(f, "socket", set),
            Self::At(set) => rights(f, "directory or AT_FDCWD", set),
            Self::Slot => f.write_str("slot"),
            Self::Path => f.write_str("text"),
            Self::Sink(length) => write!(f, "memory to fill, {length} bytes"),
            Self::Source(length) => write!(f, "memory to take from, {length} bytes"),
            Self::Iovecs(length) => write!(f, "{length} pieces of memory"),
            Self::Length => f.write_str("length"),
            Self::Input(name, _) => write!(f, "pointer to {name}, read"),
            Self::Output(name, _) => write!(f, "pointer to {name}, written"),
            Self::Update(name, _) => write!(f, "pointer to {name}, read and written"),
            Self::Flags(name, _) => f.write_str(name),
            Self::Mode => f.write_str("mode"),
            Self::I32 => f.write_str("i32"),
            Self::U32 => f.write_str("u32"),
            Self::I64 => f.write_str("i64"),
            Self::U64 => f.write_str("u64"),
            Self::Address => f.write_str("address"),
            Self::Pid => f.write_str("process id"),
            Self::Signal => f.write_str("signal"),
            Self::Clock => f.write_str("clock"),
            Self::Id => f.write_str("user or group id"),
        }
    }
}

/// A flag word as an argument: the low bits of a register, unknown bits kept, so that each call decides on them.
pub trait FlagWord: Copy {
    /// The flags in a register.
    fn from_word(word: u64) -> Self;

    /// Whether there are bits without a name.
    fn has_unknown(self) -> bool;

    /// Shows the flags of a register by name.
    fn show(word: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

macro_rules! flag_words {
    ($($name:ident $bits:ident)*) => {$(
        impl FlagWord for $name {
            fn from_word(word: u64) -> Self {
                Self::from_bits_retain(word as $bits)
            }

            fn has_unknown(self) -> bool {
                !Self::all().contains(self)
            }

            fn show(word: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if word as $bits == 0 {
                    return f.write_str("0");
                }
                bitflags::parser::to_writer(&Self::from_word(word), f)
            }
        }
    )*};
}

flag_words! {
    OpenFlags u32 AtFlags u32 RenameFlags u32 AccessMode u32 ResolveFlags u64
    Protection u32 MapFlags u32 RemapFlags u32 SyncFlags u32 MemfdFlags u32
    CloneFlags u64 WaitFlags u32 MessageFlags u32
}

macro_rules! kind {
    (cap $($right:ident)*) => { ArgumentKind::Capability(Rights::NONE$(.union(Rights::$right))*) };
    (directory $($right:ident)*) => { ArgumentKind::Directory(Rights::NONE$(.union(Rights::$right))*) };
    (poll_set $($right:ident)*) => { ArgumentKind::PollSet(Rights::NONE$(.union(Rights::$right))*) };
    (process $($right:ident)*) => { ArgumentKind::Process(Rights::NONE$(.union(Rights::$right))*) };
    (socket $($right:ident)*) => { ArgumentKind::Socket(Rights::NONE$(.union(Rights::$right))*) };
    (at $($right:ident)*) => { ArgumentKind::At(Rights::NONE$(.union(Rights::$right))*) };
    (slot) => { ArgumentKind::Slot };
    (path) => { ArgumentKind::Path };
    (sink $length:ident) => { ArgumentKind::Sink(stringify!($length)) };
    (source $length:ident) => { ArgumentKind::Source(stringify!($length)) };
    (iovecs $length:ident) => { ArgumentKind::Iovecs(stringify!($length)) };
    (length) => { ArgumentKind::Length };
    (input $type:ty) => { ArgumentKind::Input(stringify!($type), size_of::<$type>()) };
    (output $type:ty) => { ArgumentKind::Output(stringify!($type), size_of::<$type>()) };
    (update $type:ty) => { ArgumentKind::Update(stringify!($type), size_of::<$type>()) };
    (flags $type:ty) => { ArgumentKind::Flags(stringify!($type), <$type as FlagWord>::show) };
    (mode) => { ArgumentKind::Mode };
    (i32) => { ArgumentKind::I32 };
    (u32) => { ArgumentKind::U32 };
    (i64) => { ArgumentKind::I64 };
    (u64) => { ArgumentKind::U64 };
    (usize) => { ArgumentKind::U64 };
    (address) => { ArgumentKind::Address };
    (pid) => { ArgumentKind::Pid };
    (signal) => { ArgumentKind::Signal };
    (clock) => { ArgumentKind::Clock };
    (uid) => { ArgumentKind::Id };
    (gid) => { ArgumentKind::Id };
}
pub(super) use kind;
