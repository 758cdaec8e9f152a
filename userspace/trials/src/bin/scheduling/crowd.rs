//! Threads that compete, and what each got of a stretch of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use super::Machine;
use super::thread_calls::{self as calls, Tid, now_ns, ran_ns};

/// How the members come to be as they are.
pub type Setup = fn(usize);

/// Busy threads.
pub struct Crowd {
    stop: Arc<AtomicBool>,
    /// The longest time that passed unseen for a member while it ran.
    longest_gap_ns: Arc<AtomicU64>,
    members: Vec<(Tid, JoinHandle<()>)>,
}

/// What a stretch of time was used for.
#[derive(Debug)]
pub struct Use {
    /// How long it was.
    pub elapsed_ns: u64,
    /// How long each member ran.
    pub ran_ns: Vec<u64>,
    /// The longest time that a member was held up while it ran: by the host, which the guest cannot see.
    pub longest_gap_ns: u64,
}

impl Use {
    /// What the host may have taken from one member and given to another, unseen.
    pub fn hidden_ns(&self, machine: Machine) -> u64 {
        if machine == Machine::Shared { 2 * self.longest_gap_ns } else { 0 }
    }

    /// The part of the time that a member ran, in percent.
    pub fn percent(&self, member: usize) -> f64 {
        self.ran_ns[member] as f64 * 100.0 / self.elapsed_ns as f64
    }
}

impl Crowd {
    /// Threads that do as `body` says until its argument becomes true, each prepared by `setup` with its number.
    pub fn new(count: usize, setup: Setup, body: fn(usize, &Member)) -> Self {
        let (stop, longest_gap_ns) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (sender, receiver) = mpsc::channel();
        let mut handles = Vec::new();
        for number in 0..count {
            let (member, sender) =
                (Member { stop: stop.clone(), longest_gap_ns: longest_gap_ns.clone() }, sender.clone());
            let handle = thread::spawn(move || {
                setup(number);
                let _ = sender.send((number, calls::own_tid()));
                drop(sender);
                body(number, &member);
            });
            handles.push(handle);
        }
        drop(sender);
        let mut tids: Vec<(usize, Tid)> = receiver.iter().collect();
        tids.sort_unstable();
        let members = tids.into_iter().map(|(_, tid)| tid).zip(handles).collect();
        Self { stop, longest_gap_ns, members }
    }

    /// Threads that do nothing but run.
    pub fn busy(count: usize, setup: Setup) -> Self {
        Self::new(count, setup, |_, member| member.spin_while(|| true))
    }

    /// The members' numbers.
    pub fn tids(&self) -> impl Iterator<Item = Tid> + '_ {
        self.members.iter().map(|(tid, _)| *tid)
    }

    /// What each member gets from now on for so long. The caller should be of a class above theirs.
    pub fn watch(&self, time_ns: u64) -> Use {
        let look = || -> Vec<u64> { self.members.iter().map(|(tid, _)| ran_ns(*tid)).collect() };
        self.longest_gap_ns.store(0, Relaxed);
        let (start, before) = (now_ns(), look());
        calls::sleep_until(start + time_ns);
        let (end, after) = (now_ns(), look());
        Use {
            elapsed_ns: end - start,
            ran_ns: before.iter().zip(after).map(|(before, after)| after - before).collect(),
            longest_gap_ns: self.longest_gap_ns.load(Relaxed),
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        for (_, handle) in self.members.drain(..) {
            let _ = handle.join();
        }
    }
}

/// What a member knows.
pub struct Member {
    stop: Arc<AtomicBool>,
    longest_gap_ns: Arc<AtomicU64>,
}

impl Member {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// Runs until it is over or `wanted` says no, and notes how long it was held up.
    pub fn spin_while(&self, mut wanted: impl FnMut() -> bool) {
        let own = || calls::clock_ns(libc::CLOCK_THREAD_CPUTIME_ID);
        let mut last = own();
        while !self.is_over() && wanted() {
            for _ in 0..500 {
                std::hint::black_box(());
            }
            let now = own();
            self.longest_gap_ns.fetch_max(now - last, Relaxed);
            last = now;
        }
    }
}

/// Runs `f` on a thread of a class above every other, so that it is not among those it watches.
pub fn above_all<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            calls::set_policy(0, libc::SCHED_FIFO, 98).expect("the superuser may");
            f()
        });
        watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
