//! The node trait: files as file systems keep them.

use crate::directory::DirectoryEntry;
use crate::floor::{Pager, Sink, Source};
use crate::{Credentials, FileSystem, Held, Location, Object, OpenFile, Permissions, SealSet, Seals};
use abi::consts::general;
use abi::types::{Stat, Timespec};
use abi::{Errno, Mode, OpenFlags, RenameFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::ops::ControlFlow;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A FIFO.
    Fifo,
    /// A socket's name.
    Socket,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
}

impl NodeKind {
    /// The `S_IF*` bits of `st_mode`.
    pub const fn mode_bits(self) -> u32 {
        match self {
            Self::File => general::S_IFREG,
            Self::Directory => general::S_IFDIR,
            Self::Symlink => general::S_IFLNK,
            Self::Fifo => general::S_IFIFO,
            Self::Socket => general::S_IFSOCK,
            Self::CharacterDevice => general::S_IFCHR,
            Self::BlockDevice => general::S_IFBLK,
        }
    }

    /// The kind that `st_mode` tells; no type bits at all is a file, as `mknod` takes it.
    pub const fn from_mode(mode: u32) -> Option<Self> {
        Some(match mode & general::S_IFMT {
            0 | general::S_IFREG => Self::File,
            general::S_IFDIR => Self::Directory,
            general::S_IFLNK => Self::Symlink,
            general::S_IFIFO => Self::Fifo,
            general::S_IFSOCK => Self::Socket,
            general::S_IFCHR => Self::CharacterDevice,
            general::S_IFBLK => Self::BlockDevice,
            _ => return None,
        })
    }

    /// The `DT_*` value of a directory entry.
    pub const fn entry_type(self) -> u8 {
        (self.mode_bits() >> 12) as u8
    }
}

/// What to make in a directory.
#[derive(Clone, Copy, Debug)]
pub enum NewNode<'a> {
    /// An empty file.
    File,
    /// An empty directory.
    Directory,
    /// A symbolic link to this path.
    Symlink(&'a [u8]),
    /// A FIFO.
    Fifo,
    /// The name of a socket.
    Socket,
    /// The character device with this number.
    CharacterDevice(u64),
    /// The block device with this number.
    BlockDevice(u64),
}

impl NewNode<'_> {
    /// The kind of what is made.
    pub const fn kind(self) -> NodeKind {
        match self {
            Self::File => NodeKind::File,
            Self::Directory => NodeKind::Directory,
            Self::Symlink(_) => NodeKind::Symlink,
            Self::Fifo => NodeKind::Fifo,
            Self::Socket => NodeKind::Socket,
            Self::CharacterDevice(_) => NodeKind::CharacterDevice,
            Self::BlockDevice(_) => NodeKind::BlockDevice,
        }
    }
}

/// To whom a new node belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// A time to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTime {
    /// The present.
    Now,
    /// This time.
    To(Timespec),
}

/// Attributes to change; those that are `None` stay.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetAttributes {
    /// Permission bits.
    pub mode: Option<Mode>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Last access.
    pub accessed: Option<SetTime>,
    /// Last modification.
    pub modified: Option<SetTime>,
}

/// A file, directory, link, device or FIFO, as its file system keeps it.
///
/// Directory operations are called on directories, with a name that is neither empty, `.`, `..` nor has a slash, and is at
/// most 255 bytes; the namespace has checked permissions. A node is identified by its file system and [`Node::id`].
pub trait Node: Any + Send + Sync {
    /// What it is. Constant.
    fn kind(&self) -> NodeKind;

    /// The inode number: the identity within the file system while the node lives.
    fn id(&self) -> u64;

    /// The attributes.
    fn stat(&self) -> Result<Stat>;

    /// Mode and owner: what a permission check needs. File systems answer this without building a whole [`Stat`].
    fn permissions(&self) -> Result<Permissions> {
        let stat = self.stat()?;
        Ok(Permissions { mode: Mode::from_raw(stat.mode), uid: stat.uid, gid: stat.gid })
    }

    /// The file system.
    fn file_system(&self) -> Result<Arc<dyn FileSystem>>;

    /// The directory's child of this name.
    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Node>> {
        let _ = name;
        Err(Errno::ENOTDIR)
    }

    /// The directory that holds this directory; itself at the file system's root. `None` for what is no directory.
    fn parent(&self) -> Option<Arc<dyn Node>> {
        None
    }

    /// The name under which this directory has the node `id`. ENOENT, ENOMEM.
    fn name_of(&self, id: u64) -> Result<Vec<u8>> {
        let mut found = Err(Errno::ENOENT);
        self.read_directory(crate::directory::FIRST_ENTRY, &mut |entry| {
            if entry.inode == id {
                found = crate::namespace::names::copy_of(entry.name);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        found
    }

    /// Makes a node in the directory; EEXIST if the name is taken.
    fn create(&self, name: &[u8], what: NewNode<'_>, mode: Mode, owner: Owner) -> Result<Arc<dyn Node>> {
        let _ = (name, what, mode, owner);
        Err(Errno::EPERM)
    }

    /// Gives a node of the same file system another name here.
    fn link(&self, name: &[u8], node: &Arc<dyn Node>) -> Result<()> {
        let _ = (name, node);
        Err(Errno::EPERM)
    }

    /// Removes the name of what is no directory (EISDIR).
    fn unlink(&self, name: &[u8]) -> Result<()> {
        let _ = name;
        Err(Errno::EPERM)
    }

    /// Removes an empty directory.
    fn remove_directory(&self, name: &[u8]) -> Result<()> {
        let _ = name;
        Err(Errno::EPERM)
    }

    /// Renames `old` here to `new` in `target`, a directory of the same file system. The file system refuses to move a
    /// directory into itself (EINVAL) and replaces what `new` named, as `rename` does.
    fn rename(&self, old: &[u8], target: &Arc<dyn Node>, new: &[u8], flags: RenameFlags) -> Result<()> {
        let _ = (old, target, new, flags);
        Err(Errno::EPERM)
    }

    /// Makes a file without a name in this directory's file system (`O_TMPFILE`).
    fn create_unnamed(&self, mode: Mode, owner: Owner) -> Result<Arc<dyn Node>> {
        let _ = (mode, owner);
        Err(Errno::EOPNOTSUPP)
    }

    /// The path in a symbolic link.
    fn read_link(&self) -> Result<Vec<u8>> {
        Err(Errno::EINVAL)
    }

    /// Where a link leads that is no path, as those in `/proc/PID/fd`, and the slot that it stands for, if it does; `None`
    /// for an ordinary link.
    fn follow(&self) -> Option<Result<(Location, Option<Held>)>> {
        None
    }

    /// Changes attributes.
    fn set_attributes(&self, attributes: &SetAttributes) -> Result<()> {
        let _ = attributes;
        Err(Errno::EPERM)
    }

    /// Opens it. `location` is where it was found and holds this node; the default makes an [`OpenFile`].
    fn open(&self, location: &Location, flags: OpenFlags, credentials: &Credentials) -> Result<Arc<dyn Object>> {
        let _ = credentials;
        OpenFile::open(location.clone(), flags)
    }

    /// Reads bytes at `offset`.
    fn read_at(&self, to: &mut Sink<'_>, offset: u64) -> Result<usize> {
        let _ = (to, offset);
        Err(if self.kind() == NodeKind::Directory { Errno::EISDIR } else { Errno::EINVAL })
    }

    /// Writes bytes at `offset`, growing the file where needed.
    fn write_at(&self, from: &mut Source<'_>, offset: u64) -> Result<usize> {
        let _ = (from, offset);
        Err(if self.kind() == NodeKind::Directory { Errno::EISDIR } else { Errno::EINVAL })
    }

    /// Writes bytes at the end, wherever that is at that moment; the offset after them and their count.
    fn append(&self, from: &mut Source<'_>) -> Result<(u64, usize)> {
        let end = self.size()?;
        let count = self.write_at(from, end)?;
        Ok((end + count as u64, count))
    }

    /// The size in bytes.
    fn size(&self) -> Result<u64> {
        Ok(u64::try_from(self.stat()?.size).unwrap_or(0))
    }

    /// The seals, of a file that could have some.
    fn seals(&self) -> Option<&Seals> {
        None
    }

    /// Adds seals. EPERM once there may be no more, EBUSY for one against writing while somebody may write through a mapping,
    /// EINVAL for what cannot be sealed.
    fn add_seals(&self, seals: SealSet) -> Result<()> {
        let _ = seals;
        Err(Errno::EINVAL)
    }

    /// Cuts or grows to `size` bytes.
    fn truncate(&self, size: u64) -> Result<()> {
        let _ = size;
        Err(Errno::EINVAL)
    }

    /// Allocates, punches or zeroes a range: `fallocate` with its mode bits.
    fn allocate(&self, mode: u32, offset: u64, length: u64) -> Result<()> {
        let _ = (mode, offset, length);
        Err(Errno::EOPNOTSUPP)
    }

    /// The pages, for mapping.
    fn pager(&self) -> Result<Arc<dyn Pager>> {
        Err(Errno::ENODEV)
    }

    /// Passes the directory's entries from cursor `from` on to `emit` until it breaks. `.` and `..` are not among them:
    /// cursors start at [`FIRST_ENTRY`](crate::directory::FIRST_ENTRY).
    fn read_directory(&self, from: u64, emit: &mut dyn FnMut(&DirectoryEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let _ = (from, emit);
        Err(Errno::ENOTDIR)
    }

    /// Forces data to storage.
    fn sync(&self) -> Result<()> {
        Ok(())
    }
}

impl dyn Node {
    /// This node as the type `T`, if it is one.
    pub fn downcast_ref<T: Node>(&self) -> Option<&T> {
        let any: &dyn Any = self;
        any.downcast_ref()
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind() == NodeKind::Directory
    }
}
