//! Which CPUs a thread may run on.

use core::sync::atomic::{Ordering, fence};

use abi::{Errno, Result};
use arch::apic::{Ipi, send_ipi};
use arch::clock::now_ns;
use arch::cpu::CpuId;
use arch::{AtomicCpuSet, CpuSet};
use sync::{irq_off, trace};

use super::{Place, Thread};
use crate::balance::{call_for, hand_over};
use crate::cpu::{ACTIVE, Cpu, IDLE};
use crate::current::current_thread;
use crate::switch::{Why, switch};
use crate::timer::sleep_until;
use crate::tracing;
use crate::wait::Interruptible;

/// How long to wait before looking again whether another CPU has let go of a thread, nanoseconds.
const LOOK_AGAIN_NS: u64 = 50_000;

/// What is still to be done to move a thread.
enum Progress {
    Done,
    /// Its CPU has been asked to let go of it.
    Asked,
    /// It is between two queues.
    OnItsWay,
}

impl Thread {
    /// The CPUs it may run on.
    pub fn affinity(&self) -> CpuSet {
        self.settings.lock().affinity
    }

    /// Sets the CPUs it may run on. When this returns, it runs on none other. EINVAL if no CPU of the set is online.
    /// Sleeps.
    pub fn set_affinity(&self, cpus: CpuSet) -> Result<()> {
        sync::might_sleep();
        if cpus.intersect(&ACTIVE.snapshot(Ordering::Relaxed)).is_empty() {
            return Err(Errno::EINVAL);
        }
        {
            let mut settings = self.settings.lock();
            settings.affinity = cpus;
            self.affinity.store(&cpus, Ordering::Relaxed);
        }
        if trace::is_on() {
            tracing::note_affinity(self);
        }
        // Whoever places or admits the thread from now on sees the new set, or has done so before what is looked at
        // below.
        fence(Ordering::SeqCst);
        loop {
            if core::ptr::eq(self, current_thread()) {
                return self.move_myself();
            }
            match self.move_other() {
                Progress::Done => return Ok(()),
                Progress::OnItsWay => arch::cpu::relax(),
                Progress::Asked => {
                    // Without interruption the sleep cannot fail.
                    let _ = sleep_until(now_ns() + LOOK_AGAIN_NS, Interruptible::No);
                }
            }
        }
    }

    /// Whether it may run on a CPU.
    #[inline]
    pub(crate) fn may_run_on(&self, cpu: CpuId) -> bool {
        self.affinity.contains(cpu, Ordering::Relaxed)
    }

    /// The lowest-numbered CPU of `cpus` that it may run on.
    #[inline]
    pub(crate) fn first_allowed(&self, cpus: &AtomicCpuSet) -> Option<CpuId> {
        cpus.first_common(&self.affinity, Ordering::Relaxed)
    }

    fn move_myself(&self) -> Result<()> {
        loop {
            let here = {
                let irq = irq_off();
                Cpu::this(&irq).id
            };
            // Once it runs on an allowed CPU, the scheduler keeps it on allowed ones.
            if self.may_run_on(here) {
                return Ok(());
            }
            switch(Why::Preempted);
        }
    }

    fn move_other(&self) -> Progress {
        let (cpu, mut queue) = self.lock_queue();
        if self.may_run_on(cpu.id) && self.place() != Place::Nowhere {
            if self.place() == Place::Queued {
                // Somebody may be idle where it could not run before.
                call_for(self);
            }
            return Progress::Done;
        }
        match self.place() {
            Place::Running => {
                queue.request_reschedule();
                drop(queue);
                send_ipi(cpu.id, Ipi::Reschedule);
                Progress::Asked
            }
            Place::Queued => {
                let target = self.first_allowed(&IDLE).or_else(|| self.first_allowed(&ACTIVE));
                let Some(target) = target else { return Progress::OnItsWay };
                hand_over(cpu, &mut queue, self.as_static(), Cpu::of(target));
                Progress::Done
            }
            // Who wakes it will look at the set.
            Place::Nowhere if self.parker.is_asleep() || self.has_ended() => Progress::Done,
            Place::Nowhere => Progress::OnItsWay,
        }
    }
}
