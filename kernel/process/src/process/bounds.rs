//! What bounds a process beside its table: resource limits and the CPUs to run on; and its denials.

use super::Process;
use crate::Task;
use crate::audit::record::Record;
use crate::limits::{Privilege, Resource, ResourceLimits};
use abi::Result;
use abi::types::Rlimit;
use alloc::sync::Arc;
use arch::CpuSet;
use core::sync::atomic::Ordering::Relaxed;

impl Process {
    /// The resource limits.
    pub fn limits(&self) -> ResourceLimits {
        self.state.lock().limits
    }

    /// What is enforced for a resource.
    pub fn limit(&self, resource: Resource) -> u64 {
        self.state.lock().limits.soft(resource)
    }

    /// Replaces the limits of a resource, and tells whoever enforces it.
    pub fn set_limit(self: &Arc<Self>, resource: Resource, limit: Rlimit, privilege: Privilege) -> Result<()> {
        let (limits, resources) = {
            let mut state = self.state.lock();
            state.limits.set(resource, limit, privilege)?;
            (state.limits, state.resources.clone())
        };
        if resource == Resource::PendingSignals {
            self.signals.lock().queue_limit = usize::try_from(limit.soft).unwrap_or(usize::MAX);
        }
        if let Some(resources) = resources {
            resources.enforce(&limits);
        }
        if resource == Resource::Cpu {
            self.itimers().follow_limit(self)?;
        }
        Ok(())
    }

    /// Lowers limits for good, and tells whoever enforces them.
    pub fn narrow_limits(&self, limits: &[(Resource, Rlimit)]) {
        if limits.is_empty() {
            return;
        }
        let (now, resources) = {
            let mut state = self.state.lock();
            limits.iter().for_each(|(resource, limit)| state.limits.narrow(*resource, *limit));
            (state.limits, state.resources.clone())
        };
        self.signals.lock().queue_limit = usize::try_from(now.soft(Resource::PendingSignals)).unwrap_or(usize::MAX);
        if let Some(resources) = resources {
            resources.enforce(&now);
        }
    }

    /// The CPUs that its threads may be put on.
    pub fn allowed_cpus(&self) -> CpuSet {
        self.state.lock().cpus
    }

    /// Takes all CPUs but these, for good. Threads that are on others leave with [`Process::leave_cpus`].
    pub fn narrow_cpus(&self, cpus: &CpuSet) {
        let mut state = self.state.lock();
        state.cpus = state.cpus.intersect(cpus);
    }

    /// Has each thread run on CPUs of `cpus` alone: those of its own choice that are among them, or else any.
    pub fn leave_cpus(&self, cpus: &CpuSet) {
        let mut last = 0;
        while let Some(task) = self.next_task(last) {
            last = task.id();
            let Some(thread) = task.thread() else { continue };
            let own = thread.affinity();
            let kept = own.intersect(cpus);
            if kept != own {
                // Fails only where no such CPU is there, which was looked at.
                _ = thread.set_affinity(if kept.is_empty() { *cpus } else { kept });
            }
        }
    }

    /// The thread with the lowest id above `last`.
    fn next_task(&self, last: i32) -> Option<Arc<Task>> {
        let state = self.signals.lock();
        state.tasks.iter().filter(|task| task.id() > last).min_by_key(|task| task.id()).cloned()
    }

    /// Counts a denial; the how-manieth it is.
    pub(crate) fn count_denial(&self) -> u64 {
        self.denials.fetch_add(1, Relaxed) + 1
    }

    /// Keeps the record of the last denial.
    pub(crate) fn keep_denial(&self, record: Record) {
        *self.denial.lock() = Some(record);
    }

    /// The record of its last denial, which nothing that it does can take away.
    pub fn last_denial(&self) -> Option<Record> {
        *self.denial.lock()
    }
}
