//! Owners of open objects: processes, threads and groups that the kernel signals when something can be read or written.
//!
//! The kernel signals on behalf of whoever named the owner. So each signal is sent by that process's authority as it is then:
//! to itself always; to others only while it lives, keeps the promise and the root capability that `kill` takes, and has
//! a user that may. What it gave up after it had named the owner counts.

use super::details::{self, Details};
use super::send::{Origin, check_permission, send, send_to_task};
use super::state::Loss;
use crate::{Process, Task, registry};
use abi::{Promises, RootSet, Signal};
use alloc::sync::{Arc, Weak};
use core::sync::atomic::AtomicI32;
use core::sync::atomic::Ordering::Relaxed;
use object::input_owner::InputOwner;
use sched::Observer;

/// Who is signalled.
pub enum Target {
    /// A thread.
    Thread(Weak<Task>),
    /// A process.
    Process(Weak<Process>),
    /// Every process of a group.
    Group(i32),
    /// Nobody: only the signal is chosen yet.
    Nobody,
}

/// The owner of an open object.
pub struct Owner {
    setter: Weak<Process>,
    target: Target,
    /// The signal that was chosen; 0 for SIGIO, without details.
    signal: AtomicI32,
    /// The slot by which the owner was named.
    slot: i32,
}

impl Owner {
    /// An owner named by `setter` through this slot.
    pub fn new(setter: &Arc<Process>, target: Target, signal: i32, slot: i32) -> Self {
        Self { setter: Arc::downgrade(setter), target, signal: AtomicI32::new(signal), slot }
    }

    /// Who is signalled.
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// The signal that was chosen; 0 for SIGIO.
    pub fn signal(&self) -> i32 {
        self.signal.load(Relaxed)
    }

    /// Chooses a signal, or 0 for SIGIO.
    pub fn choose_signal(&self, signal: i32) {
        self.signal.store(signal, Relaxed);
    }

    fn signal_process(&self, setter: &Arc<Process>, process: &Arc<Process>) {
        let (signal, details) = self.told();
        if may_signal(setter, process, signal) {
            // Without a demand that details be kept it cannot fail.
            let _ = send(process, signal, details, Origin::User, Loss::Allowed);
        }
    }

    fn signal_task(&self, setter: &Arc<Process>, task: &Task) {
        let (signal, details) = self.told();
        if may_signal(setter, task.process(), signal) {
            let _ = send_to_task(task, signal, details, Origin::User, Loss::Allowed);
        }
    }

    /// What is told: with a signal of one's own choice, through which slot.
    fn told(&self) -> (Signal, Details) {
        match Signal::new(self.signal()) {
            Some(signal) => (signal, details::from_input(signal, self.slot)),
            None => (Signal::IO, details::from_kernel(Signal::IO)),
        }
    }
}

/// Whether `setter` could send this signal itself now.
fn may_signal(setter: &Arc<Process>, target: &Arc<Process>, signal: Signal) -> bool {
    Arc::ptr_eq(setter, target)
        || setter.table().is_some_and(|table| table.is_learning() || table.may_call(Promises::PROC, RootSet::SIGNAL))
            && check_permission(setter, target, Some(signal)).is_ok()
}

impl Observer for Owner {
    fn notify(&self) {
        // Nobody's authority is left when the setter has gone.
        let Some(setter) = self.setter.upgrade() else { return };
        match &self.target {
            Target::Nobody => {}
            Target::Thread(task) => {
                if let Some(task) = task.upgrade() {
                    self.signal_task(&setter, &task);
                }
            }
            Target::Process(process) => {
                if let Some(process) = process.upgrade() {
                    self.signal_process(&setter, &process);
                }
            }
            Target::Group(group) => {
                if let Some(group) = registry::find_group(*group) {
                    group.for_each_member(|member| self.signal_process(&setter, member));
                }
            }
        }
    }
}

impl InputOwner for Owner {}
