//! A CPU's run queue in the kernel: the algorithm's queue with threads, time and accounting around it.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};

use arch::clock::{now_ns, ticks_to_ns};
use arch::interrupt_counts;
use sync::{IrqGuard, ranks};

use crate::algorithm::run_queue::{Pick, RunQueue, Verdict};
use crate::attention::RESCHEDULE;
use crate::cpu::Cpu;
use crate::thread::{Place, Thread};
use crate::{balance, wake};

/// The lock's content.
pub(crate) struct Queue {
    run: RunQueue,
    /// The running thread, the idle thread included; none before the CPU has entered.
    current: Option<&'static Thread>,
    /// Until when the running thread has been charged.
    charged_ns: u64,
    /// Ticks of interrupts' handlers, until when the idle thread was charged.
    interrupted_ticks: u64,
    /// When its slice ends; `u64::MAX` if nobody waits for that.
    slice_end_ns: u64,
}

/// A locked queue.
pub(crate) type QueueGuard<'a> = IrqGuard<'a, Queue, ranks::RunQueue>;

impl Queue {
    pub(crate) const fn new() -> Self {
        Self { run: RunQueue::new(), current: None, charged_ns: 0, interrupted_ticks: 0, slice_end_ns: u64::MAX }
    }

    /// Makes the idle thread the running one, when the CPU comes up.
    pub(crate) fn begin(&mut self, cpu: &Cpu, idle_thread: &'static Thread) {
        self.current = Some(idle_thread);
        self.charged_ns = now_ns();
        cpu.account.started_ns.store(self.charged_ns, Ordering::Relaxed);
    }

    /// The running thread.
    pub(crate) fn current(&self) -> Option<&'static Thread> {
        self.current
    }

    /// How many threads wait.
    pub(crate) fn waiting(&self) -> u32 {
        self.run.waiting()
    }

    /// Charges the running thread up to now.
    #[inline]
    pub(crate) fn charge(&mut self, cpu: &Cpu) -> (u64, Verdict) {
        let now = now_ns();
        let ran = now.saturating_sub(self.charged_ns);
        self.charged_ns = now;
        match self.current {
            Some(current) if !current.is_idle() => {
                current.account.charge(ran);
                (now, self.run.charge(ran))
            }
            _ => {
                let interrupted = ticks_to_ns(self.take_interrupted(cpu));
                add(&cpu.account.idle_ns, ran.saturating_sub(interrupted));
                (now, Verdict::Continue)
            }
        }
    }

    /// Ticks that went to interrupts' handlers since the last call.
    fn take_interrupted(&mut self, cpu: &Cpu) -> u64 {
        let ticks = interrupt_counts::ticks(cpu.id);
        ticks.wrapping_sub(core::mem::replace(&mut self.interrupted_ticks, ticks))
    }

    /// Passes the running thread's user time on to the CPU's account: before a switch, and for who wants to know.
    #[inline]
    pub(crate) fn settle(&self, cpu: &Cpu) {
        if let Some(current) = self.current {
            let user = current.account.take_user();
            if user != 0 {
                add(if current.is_nice() { &cpu.account.nice_ns } else { &cpu.account.user_ns }, user);
            }
        }
    }

    /// On the queue's own CPU: adds a thread that is runnable, counted in `cpu`'s load, and in no queue; has the
    /// running thread looked at if it should make way.
    pub(crate) fn admit(&mut self, cpu: &Cpu, thread: &'static Thread) {
        if !thread.may_run_on(cpu.id) {
            // Its affinity changed while it was on its way.
            cpu.remove_load(thread.entity.load());
            wake::forward(thread);
            return;
        }
        thread.apply_parameters(cpu);
        let (now, _) = self.charge(cpu);
        thread.set_place(Place::Queued);
        thread.account.begin_wait(now);
        // SAFETY: the thread is in no queue, and threads outlive their being runnable.
        unsafe { self.run.enqueue(&thread.entity) };
        let current = self.current.filter(|current| !current.is_idle());
        let waits = if self.run.preempts(&thread.entity) {
            self.request_reschedule();
            // Of several that come to an idle CPU, one runs.
            current.or((self.run.waiting() > 1).then_some(thread))
        } else {
            Some(thread)
        };
        if let Some(waits) = waits {
            balance::call_for(waits);
        }
        self.set_slice(now);
        cpu.arm_timer(self.slice_end_ns);
    }

    /// Adds what other CPUs have sent.
    #[inline]
    pub(crate) fn drain(&mut self, cpu: &Cpu) {
        if !cpu.inbox.is_empty() {
            cpu.inbox.take_all(|thread| self.admit(cpu, thread.as_static()));
        }
    }

    /// Asks the running thread to call the scheduler.
    pub(crate) fn request_reschedule(&self) {
        if let Some(current) = self.current {
            current.attention().fetch_or(RESCHEDULE, Ordering::Relaxed);
        }
    }

    /// Takes a waiting thread out.
    pub(crate) fn withdraw(&mut self, cpu: &Cpu, thread: &Thread) {
        self.run.dequeue(&thread.entity);
        thread.set_place(Place::Nowhere);
        cpu.remove_load(thread.entity.load());
    }

    /// The running thread leaves: it sleeps, ends or goes to another CPU.
    #[inline]
    pub(crate) fn stop_current(&mut self, cpu: &Cpu) {
        if let Some(current) = self.current {
            self.run.stop_current();
            current.set_place(Place::Nowhere);
            cpu.remove_load(current.entity.load());
        }
    }

    /// Decides who runs now, and makes it the running thread.
    #[inline]
    pub(crate) fn pick(&mut self, cpu: &'static Cpu, why: Pick, now: u64) -> &'static Thread {
        let before = self.current;
        let next = match self.run.pick(why) {
            Some(entity) => Thread::of_entity(entity),
            None => &cpu.idle_thread,
        };
        if let Some(before) = before
            && before.place() == Place::Running
        {
            before.set_place(Place::Queued);
            before.account.begin_wait(now);
        }
        if next.is_idle() {
            self.take_interrupted(cpu);
        } else {
            add(&cpu.account.wait_ns, next.account.end_wait(now));
        }
        next.set_place(Place::Running);
        self.current = Some(next);
        self.set_slice(now);
        cpu.arm_timer(self.slice_end_ns);
        next
    }

    /// Applies new parameters to a thread that this queue holds. Any CPU may call it; it then has to interrupt the
    /// queue's own.
    pub(crate) fn refresh(&mut self, cpu: &Cpu, thread: &'static Thread) {
        match thread.place() {
            Place::Queued => {
                self.run.dequeue(&thread.entity);
                thread.apply_parameters(cpu);
                // SAFETY: it has just left.
                unsafe { self.run.enqueue(&thread.entity) };
                if self.run.preempts(&thread.entity) {
                    self.request_reschedule();
                }
            }
            Place::Running => {
                self.charge(cpu);
                self.run.change_current(|| thread.apply_parameters(cpu));
                self.request_reschedule();
            }
            Place::Nowhere => {}
        }
        self.set_slice(self.charged_ns);
    }

    /// A waiting thread that may run on `target`, lighter than `weight`.
    pub(crate) fn find_for(&self, target: &Cpu, weight: u64) -> Option<&'static Thread> {
        let found = self.run.find_waiting(|entity| {
            entity.load().weight() < weight && Thread::of_entity(NonNull::from(entity)).may_run_on(target.id)
        });
        found.map(Thread::of_entity)
    }

    /// A waiting thread for which `choose` knows a better place, and that place.
    pub(crate) fn find_with_place(
        &self,
        choose: impl Fn(&Thread) -> Option<&'static Cpu>,
    ) -> Option<(&'static Thread, &'static Cpu)> {
        let found = self.run.find_waiting(|entity| choose(Thread::of_entity(NonNull::from(entity))).is_some());
        let thread = found.map(Thread::of_entity)?;
        Some((thread, choose(thread)?))
    }

    /// When the running thread's slice ends.
    pub(crate) fn slice_end_ns(&self) -> u64 {
        self.slice_end_ns
    }

    /// Computes the slice's end anew, when it has passed or the queue has changed.
    pub(crate) fn renew_slice(&mut self, now: u64) {
        self.set_slice(now);
    }

    fn set_slice(&mut self, now: u64) {
        self.slice_end_ns = self.run.time_left_ns().map_or(u64::MAX, |left| now + left);
    }
}

/// Adds to a counter that only the holder of the queue's lock writes.
#[inline]
fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Ordering::Relaxed) + amount, Ordering::Relaxed);
}
