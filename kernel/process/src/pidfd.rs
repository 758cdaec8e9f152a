//! Process descriptors: a process as an object in a slot. Unlike its id, it never comes to mean another process.

use crate::Process;
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
}

impl ProcessDescriptor {
    /// A descriptor of this process.
    pub const fn new(process: Arc<Process>) -> Self {
        Self { process }
    }

    /// The process.
    pub const fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Puts a descriptor into a slot, closed on exec as all of them are, and returns the slot.
    pub fn commit(descriptor: Arc<Self>, reservation: Reservation<'_>) -> i32 {
        reservation.commit(descriptor, Rights::ALL, SlotFlags::CLOSE_ON_EXEC)
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
        if self.process.has_ended() { Ready::IN } else { Ready::empty() }
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        Some(self.process.end_queue())
    }

    fn path(&self) -> Option<Vec<u8>> {
        mm::alloc::try_to_vec(b"anon_inode:[pidfd]").ok()
    }
}
