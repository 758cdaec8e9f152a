//! The object trait: what a slot of a table can name.

use crate::directory::DirectoryEntry;
use crate::floor::{Pager, Sink, Source, WaitQueue};
use crate::{Node, Ready, StatusFlags, Terminal};
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::Kind;
use core::any::Any;
use core::ops::ControlFlow;

/// Where a new offset counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seek {
    /// From the start.
    Set(i64),
    /// From the present offset.
    Current(i64),
    /// From the end.
    End(i64),
    /// The first data at or after this place.
    Data(i64),
    /// The first hole at or after this place.
    Hole(i64),
}

/// One kernel object that a slot can name; for files, the open file description.
///
/// Every operation has a default that answers what Linux answers for a kind of object without it, so that an
/// implementation states only what it has. Rights were checked before any of these is called. The last close is the
/// drop of the value; it happens with no lock held.
pub trait Object: Any + Send + Sync {
    /// What it is. Constant over the object's life.
    fn kind(&self) -> Kind;

    /// Reads at the object's own offset, waiting unless [`OpenFlags::NONBLOCK`]. Zero is the end.
    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        let _ = to;
        Err(Errno::EINVAL)
    }

    /// Writes at the object's own offset, waiting unless [`OpenFlags::NONBLOCK`].
    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let _ = from;
        Err(Errno::EINVAL)
    }

    /// Reads at `offset`, leaving the object's own alone.
    fn read_at(&self, to: &mut Sink<'_>, offset: u64) -> Result<usize> {
        let _ = (to, offset);
        Err(Errno::ESPIPE)
    }

    /// Writes at `offset`, leaving the object's own alone.
    fn write_at(&self, from: &mut Source<'_>, offset: u64) -> Result<usize> {
        let _ = (from, offset);
        Err(Errno::ESPIPE)
    }

    /// Moves the offset; the new one.
    fn seek(&self, to: Seek) -> Result<u64> {
        let _ = to;
        Err(Errno::ESPIPE)
    }

    /// Where it keeps its flags; `None` for one whose flags are always the same.
    fn kept_flags(&self) -> Option<&StatusFlags> {
        None
    }

    /// Access mode and status flags, as `fcntl(F_GETFL)` reports them.
    fn status_flags(&self) -> OpenFlags {
        self.kept_flags().map_or(OpenFlags::READ_WRITE, StatusFlags::get)
    }

    /// Replaces the flags of [`OpenFlags::CHANGEABLE`]; others in `flags` are ignored.
    fn set_status_flags(&self, flags: OpenFlags) {
        if let Some(kept) = self.kept_flags() {
            kept.change(flags);
        }
    }

    /// The attributes.
    fn stat(&self) -> Result<Stat>;

    /// The file-system node behind it. Changes of attributes and look-ups beneath a directory go through it.
    fn node(&self) -> Option<&Arc<dyn Node>> {
        None
    }

    /// Where in the file tree it was found.
    fn location(&self) -> Option<&crate::Location> {
        None
    }

    /// A control request; `argument` is a number or a user address, as the request says.
    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        let _ = (request, argument);
        Err(Errno::ENOTTY)
    }

    /// Forces data to storage.
    fn sync(&self) -> Result<()> {
        Err(Errno::EINVAL)
    }

    /// What is ready now.
    fn poll(&self) -> Ready {
        Ready::ALWAYS
    }

    /// The queue that is woken whenever [`Object::poll`] may have changed; `None` if it never does.
    fn wait_queue(&self) -> Option<&WaitQueue> {
        None
    }

    /// The pages, for mapping.
    fn pager(&self) -> Result<Arc<dyn Pager>> {
        Err(Errno::ENODEV)
    }

    /// Passes directory entries from the object's cursor on to `emit` until it breaks; the cursor then stands at the
    /// entry that was refused.
    fn read_directory(&self, emit: &mut dyn FnMut(&DirectoryEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let _ = emit;
        Err(Errno::ENOTDIR)
    }

    /// The name to show in `/proc/PID/fd` and `/proc/PID/maps`.
    fn path(&self) -> Option<Vec<u8>> {
        None
    }

    /// What is to be done whenever a slot that held it has been emptied, though others may hold it still.
    fn after_close(&self) -> Option<fn()> {
        None
    }

    /// The terminal that it is.
    fn terminal(&self) -> Option<&dyn Terminal> {
        None
    }
}

impl dyn Object {
    /// This object as the type `T`, if it is one.
    pub fn downcast_ref<T: Object>(&self) -> Option<&T> {
        let any: &dyn Any = self;
        any.downcast_ref()
    }

    /// A shared object as the type `T`, if it is one; otherwise itself.
    pub fn downcast<T: Object>(self: Arc<Self>) -> core::result::Result<Arc<T>, Arc<Self>> {
        if self.downcast_ref::<T>().is_none() {
            return Err(self);
        }
        let any: Arc<dyn Any + Send + Sync> = self.clone();
        any.downcast().map_err(|_| self)
    }

    /// Whether operations report EAGAIN rather than wait.
    pub fn is_nonblocking(&self) -> bool {
        self.status_flags().contains(OpenFlags::NONBLOCK)
    }
}
