//! Process descriptors: a process as an object in a slot. Unlike its id, it never comes to mean another process.

use crate::process::Flag;
use crate::{Process, exit};
use abi::Result;
use abi::types::Stat;
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::{Kind, Rights, SlotFlags};
use object::{Object, Ready, Reservation};
use sched::WaitQueue;

/// A process, held by a slot.
pub struct ProcessDescriptor {
    process: Arc<Process>,
    at_close: AtClose,
}

/// What becomes of the process when the last slot with a descriptor has been emptied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtClose {
    /// It goes on.
    #[default]
    Nothing,
    /// It ends: it was made by `pdfork`, and lives as long as somebody holds it.
    Kill,
}

/// What descriptor a new process gets.
#[derive(Clone, Copy, Debug)]
pub struct NewDescriptor {
    /// What closing it does.
    pub at_close: AtClose,
    /// The flags of its slot.
    pub flags: SlotFlags,
}

impl Default for NewDescriptor {
    /// As `clone` makes them.
    fn default() -> Self {
        Self { at_close: AtClose::Nothing, flags: SlotFlags::CLOSE_ON_EXEC }
    }
}

impl ProcessDescriptor {
    /// A descriptor of this process.
    pub const fn new(process: Arc<Process>, at_close: AtClose) -> Self {
        Self { process, at_close }
    }

    /// The process.
    pub const fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Puts a descriptor into a slot, with every right, and returns the slot.
    pub fn commit(descriptor: Arc<Self>, reservation: Reservation<'_>, flags: SlotFlags) -> i32 {
        reservation.commit(descriptor, Rights::ALL, flags)
    }
}

impl Object for ProcessDescriptor {
    fn kind(&self) -> Kind {
        Kind::Process
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Stat { mode: 0o600, inode: self.process.id() as u64, links: 1, ..Stat::default() })
    }

    fn poll(&self) -> Ready {
        match self.process.has_ended() {
            false => Ready::empty(),
            true if self.process.has(Flag::HeldByDescriptor) => Ready::IN | Ready::HUP,
            true => Ready::IN,
        }
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        Some(self.process.end_queue())
    }

    fn path(&self) -> Option<Vec<u8>> {
        mm::alloc::try_to_vec(b"anon_inode:[pidfd]").ok()
    }
}

impl Drop for ProcessDescriptor {
    fn drop(&mut self) {
        if self.at_close == AtClose::Kill {
            exit::abandon(&self.process);
        }
    }
}
