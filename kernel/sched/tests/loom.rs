//! Models of the wake-up protocols: loom runs the kernel's own protocol files in all interleavings, with weak memory.
//!
//! A planted fault shows that a model can fail: see the `finds` tests.
#![allow(missing_docs, unsafe_code, clippy::unwrap_used, reason = "a model that cannot go on has failed")]

#[path = "../src/protocol/mod.rs"]
#[allow(dead_code)]
mod protocol;

/// The protocols' atomics: loom's.
mod shim {
    pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU32, Ordering, fence};

    /// Loom's atomics are made at run time.
    macro_rules! constructor {
        ($(#[$meta:meta])* $visibility:vis fn $name:ident() -> Self $body:block) => {
            $(#[$meta])* $visibility fn $name() -> Self $body
        };
    }
    pub(crate) use constructor;
}

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use protocol::idle_gate::IdleGate;
use protocol::inbox::{Inbox, Parcel};
use protocol::interest::Interest;
use protocol::notes::Notes;
use protocol::parker::Parker;

/// Three preemptions find what matters and keep the models short.
fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

/// Something that is set once in a while and that one thread waits for: a run queue for one, or an interrupt line.
/// Loom reports a deadlock if it is waited for in vain.
struct Signal {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    fn new() -> Self {
        Self { is_set: Mutex::new(false), changed: Condvar::new() }
    }

    fn set(&self) {
        *self.is_set.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn is_set(&self) -> bool {
        *self.is_set.lock().unwrap()
    }

    fn wait(&self) {
        let mut is_set = self.is_set.lock().unwrap();
        while !*is_set {
            is_set = self.changed.wait(is_set).unwrap();
        }
        *is_set = false;
    }
}

/// A wait queue for one waiter, as `wait_queue.rs` uses the protocols; the list is a flag behind a lock.
struct Queue {
    condition: AtomicBool,
    interest: Interest,
    is_waiting: Mutex<bool>,
    parker: Parker,
    /// Set by whoever turned the permit from asleep: the thread is in a run queue.
    runnable: Signal,
}

impl Queue {
    fn new() -> Self {
        Self {
            condition: AtomicBool::new(false),
            interest: Interest::new(),
            is_waiting: Mutex::new(false),
            parker: Parker::new(),
            runnable: Signal::new(),
        }
    }

    fn wait(&self) {
        while !self.condition.load(Ordering::Relaxed) {
            *self.is_waiting.lock().unwrap() = true;
            self.interest.register();
            if !self.condition.load(Ordering::Relaxed) {
                self.park();
            }
            self.interest.unregister();
            *self.is_waiting.lock().unwrap() = false;
        }
    }

    fn park(&self) {
        if self.parker.try_take() || !self.parker.commit_to_sleep() {
            return;
        }
        // Asleep: only a waker brings it back.
        self.runnable.wait();
        self.parker.try_take();
    }

    fn wake(&self) {
        if self.interest.is_wanted() {
            let mut is_waiting = self.is_waiting.lock().unwrap();
            if std::mem::take(&mut *is_waiting) && self.parker.grant() {
                self.runnable.set();
            }
        }
    }
}

#[test]
fn a_waiter_hears_of_the_change() {
    model(|| {
        let queue = Arc::new(Queue::new());
        let waker = {
            let queue = queue.clone();
            thread::spawn(move || {
                queue.condition.store(true, Ordering::Relaxed);
                queue.wake();
            })
        };
        queue.wait();
        waker.join().unwrap();
    });
}

#[test]
fn two_wakers_make_it_runnable_once() {
    model(|| {
        let queue = Arc::new(Queue::new());
        let wakers: Vec<_> = (0..2)
            .map(|_| {
                let queue = queue.clone();
                thread::spawn(move || {
                    queue.condition.store(true, Ordering::Relaxed);
                    queue.wake();
                })
            })
            .collect();
        queue.wait();
        for waker in wakers {
            waker.join().unwrap();
        }
        assert!(!queue.runnable.is_set(), "it was made runnable although it ran");
    });
}

#[test]
fn the_model_finds_a_wake_up_lost_for_want_of_a_fence() {
    let result = catch_unwind(AssertUnwindSafe(|| {
        model(|| {
            let condition = Arc::new(AtomicBool::new(false));
            let waiting = Arc::new(AtomicU32::new(0));
            let waker = {
                let (condition, waiting) = (condition.clone(), waiting.clone());
                thread::spawn(move || {
                    condition.store(true, Ordering::Release);
                    waiting.load(Ordering::Acquire) != 0
                })
            };
            waiting.store(1, Ordering::Release);
            let sees = condition.load(Ordering::Acquire);
            assert!(waker.join().unwrap() || sees, "lost");
        });
    }));
    assert!(result.is_err(), "the planted fault was not found");
}

/// A thread in an inbox.
struct Letter {
    next: AtomicPtr<Letter>,
}

impl Parcel for Letter {
    fn next(&self) -> &AtomicPtr<Self> {
        &self.next
    }
}

/// A CPU with its inbox, and the interrupt line that ends its halt.
struct Cpu {
    inbox: Inbox<Letter>,
    gate: IdleGate,
    interrupt: Signal,
}

impl Cpu {
    fn new() -> Self {
        Self { inbox: Inbox::new(), gate: IdleGate::new(), interrupt: Signal::new() }
    }

    fn send(&self) {
        // Leaked, as threads outlive their being runnable; loom wants its atomics made inside the model.
        let letter = Box::leak(Box::new(Letter { next: AtomicPtr::new(std::ptr::null_mut()) }));
        // SAFETY: it is never freed, and in one inbox.
        let pushed = unsafe { self.inbox.push(letter) };
        if self.gate.must_interrupt(pushed) {
            self.interrupt.set();
        }
    }

    fn take(&self) -> usize {
        let mut count = 0;
        self.inbox.take_all(|letter| {
            count += 1;
            // SAFETY: leaked by `send`, and taken once.
            drop(unsafe { Box::from_raw(std::ptr::from_ref(letter).cast_mut()) });
        });
        count
    }

    /// The idle loop until `expected` letters have come; it halts whenever it may.
    fn idle(&self, expected: usize) {
        let mut got = 0;
        while got < expected {
            self.gate.enter_idle();
            got += self.take();
            if got < expected && self.gate.try_halt(|| self.inbox.is_empty()) {
                self.interrupt.wait();
            }
        }
    }
}

#[test]
fn a_halted_cpu_is_interrupted_for_what_it_is_sent() {
    model(|| {
        let cpu = Arc::new(Cpu::new());
        let senders: Vec<_> = (0..2)
            .map(|_| {
                let cpu = cpu.clone();
                thread::spawn(move || cpu.send())
            })
            .collect();
        cpu.idle(2);
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

#[test]
fn a_cpu_that_goes_to_work_misses_nothing() {
    model(|| {
        let cpu = Arc::new(Cpu::new());
        cpu.gate.enter_idle();
        let sender = {
            let cpu = cpu.clone();
            thread::spawn(move || cpu.send())
        };
        // It found work of its own and runs that now.
        let mut got = 0;
        while !cpu.gate.leave_idle(|| cpu.inbox.is_empty()) {
            got += cpu.take();
        }
        sender.join().unwrap();
        // What came later must have interrupted it.
        if got == 0 {
            assert!(cpu.interrupt.is_set(), "a thread lies in the inbox of a busy CPU that nobody told");
            assert_eq!(cpu.take(), 1);
        }
    });
}

#[test]
fn a_thief_and_the_owner_share_what_comes() {
    model(|| {
        let cpu = Arc::new(Cpu::new());
        let sender = {
            let cpu = cpu.clone();
            thread::spawn(move || {
                cpu.send();
                cpu.send();
            })
        };
        let thief = {
            let cpu = cpu.clone();
            thread::spawn(move || cpu.take())
        };
        let mine = cpu.take();
        sender.join().unwrap();
        let stolen = thief.join().unwrap();
        assert_eq!(mine + stolen + cpu.take(), 2, "a thread was lost or doubled");
    });
}

/// Two CPUs: one on which a thread comes to wait, and one that goes idle, halts if it may, and takes what waits. The
/// numbers stand for the kernel's: a CPU's load, the set of idle CPUs, a run queue.
struct Neighbours {
    load: AtomicU32,
    waiting: Mutex<u32>,
    idle: AtomicBool,
    gate: IdleGate,
    interrupt: Signal,
}

/// When a CPU says that it is idle: before it looks around, or after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Announces {
    First,
    Late,
}

impl Neighbours {
    fn new() -> Self {
        let load = AtomicU32::new(1);
        let (gate, interrupt) = (IdleGate::new(), Signal::new());
        Self { load, waiting: Mutex::new(0), idle: AtomicBool::new(false), gate, interrupt }
    }

    /// A thread comes to wait behind the one that runs: `admit` and `call_for`.
    fn admit(&self) {
        self.load.fetch_add(1, Ordering::Relaxed);
        *self.waiting.lock().unwrap() += 1;
        fence(Ordering::SeqCst);
        if self.idle.load(Ordering::Relaxed) && self.idle.swap(false, Ordering::Relaxed) && self.gate.call() {
            self.interrupt.set();
        }
    }

    /// Looks at the load, and takes what waits.
    fn steal(&self) -> bool {
        if self.load.load(Ordering::Relaxed) < 2 {
            return false;
        }
        let mut waiting = self.waiting.lock().unwrap();
        let is_some = *waiting > 0;
        if is_some {
            *waiting -= 1;
            self.load.fetch_sub(1, Ordering::Relaxed);
        }
        is_some
    }

    /// Once through the idle loop. True if it halts.
    fn halts(&self, announces: Announces) -> bool {
        self.gate.enter_idle();
        if announces == Announces::First {
            self.idle.store(true, Ordering::Relaxed);
            fence(Ordering::SeqCst);
        }
        if self.steal() {
            return false;
        }
        // The planted fault: it looked around before it could be seen to be idle.
        if announces == Announces::Late {
            self.idle.store(true, Ordering::Relaxed);
        }
        self.gate.try_halt(|| true)
    }

    fn meet(announces: Announces) {
        let neighbours = Arc::new(Self::new());
        let crowded = {
            let neighbours = neighbours.clone();
            thread::spawn(move || neighbours.admit())
        };
        let halts = neighbours.halts(announces);
        crowded.join().unwrap();
        assert!(!halts || neighbours.interrupt.is_set(), "halted for ever beside a thread that waits");
        // Awake, it looks around once more.
        neighbours.steal();
        assert_eq!(*neighbours.waiting.lock().unwrap(), 0);
    }
}

#[test]
fn nobody_waits_beside_an_idle_cpu() {
    model(|| Neighbours::meet(Announces::First));
}

#[test]
fn the_model_finds_an_idle_cpu_that_looked_around_too_soon() {
    let result = catch_unwind(AssertUnwindSafe(|| model(|| Neighbours::meet(Announces::Late))));
    assert!(result.is_err(), "the planted fault was not found");
}

/// A wake-up that reads the announcement before it has pushed is lost: the model finds it.
#[test]
fn the_model_finds_a_remote_wake_up_that_looks_before_it_pushes() {
    let result = catch_unwind(AssertUnwindSafe(|| {
        model(|| {
            let cpu = Arc::new(Cpu::new());
            let sender = {
                let cpu = cpu.clone();
                thread::spawn(move || {
                    let must_interrupt = cpu.gate.must_interrupt(protocol::inbox::Pushed::First);
                    let letter = Box::leak(Box::new(Letter { next: AtomicPtr::new(std::ptr::null_mut()) }));
                    // SAFETY: it is never freed, and in one inbox.
                    unsafe { cpu.inbox.push(letter) };
                    if must_interrupt {
                        cpu.interrupt.set();
                    }
                })
            };
            cpu.gate.enter_idle();
            let halts = cpu.take() == 0 && cpu.gate.try_halt(|| cpu.inbox.is_empty());
            sender.join().unwrap();
            assert!(!halts || cpu.interrupt.is_set() || cpu.take() == 0, "halted for ever");
            cpu.take();
        });
    }));
    assert!(result.is_err(), "the planted fault was not found");
}

#[test]
fn the_model_finds_a_halt_without_a_second_look() {
    let result = catch_unwind(AssertUnwindSafe(|| {
        model(|| {
            let cpu = Arc::new(Cpu::new());
            cpu.gate.enter_idle();
            let sender = {
                let cpu = cpu.clone();
                thread::spawn(move || cpu.send())
            };
            let saw = !cpu.inbox.is_empty();
            // The fault: it looked before it announced the halt, not after.
            let halted = !saw && cpu.gate.try_halt(|| true);
            sender.join().unwrap();
            cpu.take();
            assert!(!halted || cpu.interrupt.is_set(), "halted for ever");
        });
    }));
    assert!(result.is_err(), "the planted fault was not found");
}

/// What a note points to: freed when `word` is written without synchronisation, which loom finds.
struct Lent {
    word: UnsafeCell<u32>,
    is_allowed: AtomicBool,
    is_used: AtomicBool,
}

/// A user that notes what it uses, and frees it afterwards; who takes it back, and what holds then.
struct Loan {
    notes: Notes<Lent, 2>,
    lent: Lent,
}

impl Loan {
    fn new() -> Self {
        let (is_allowed, is_used) = (AtomicBool::new(true), AtomicBool::new(false));
        Self { notes: Notes::new(), lent: Lent { word: UnsafeCell::new(0), is_allowed, is_used } }
    }

    fn use_and_free(&self) {
        if let Some(place) = self.notes.note(&self.lent, |_| {}) {
            if self.lent.is_allowed.load(Ordering::Relaxed) {
                self.lent.is_used.store(true, Ordering::Relaxed);
                self.lent.is_used.store(false, Ordering::Relaxed);
            }
            self.notes.forget(place, thread::yield_now);
        }
        // Stands for freeing: nobody may be looking.
        self.lent.word.with_mut(|word| {
            // SAFETY: loom checks that nobody else has it.
            unsafe { *word = 1 };
        });
    }

    /// Whether a use that is forbidden is under way.
    fn is_any_barred(&self) -> bool {
        self.notes.any(|_, lent| {
            // SAFETY: it lives as long as the model; whether it is free is what loom checks.
            let lent = unsafe { &*lent };
            lent.word.with(|word| {
                // SAFETY: loom checks that nobody writes it.
                assert_eq!(unsafe { *word }, 0, "freed while somebody looks");
            });
            !lent.is_allowed.load(Ordering::Relaxed)
        })
    }

    fn take_back(&self) {
        self.lent.is_allowed.store(false, Ordering::Relaxed);
        while self.is_any_barred() {
            thread::yield_now();
        }
        assert!(!self.lent.is_used.load(Ordering::Relaxed), "used after it was taken back");
    }
}

#[test]
fn no_use_goes_on_once_a_loan_is_taken_back() {
    model(|| {
        let loan = Arc::new(Loan::new());
        let user = {
            let loan = loan.clone();
            thread::spawn(move || loan.use_and_free())
        };
        loan.take_back();
        user.join().unwrap();
    });
}

#[test]
fn two_may_look_while_a_use_ends() {
    model(|| {
        let loan = Arc::new(Loan::new());
        let others: Vec<_> = (0..2)
            .map(|_| {
                let loan = loan.clone();
                thread::spawn(move || _ = loan.is_any_barred())
            })
            .collect();
        loan.use_and_free();
        for other in others {
            other.join().unwrap();
        }
    });
}

#[test]
fn the_model_finds_a_loan_freed_under_somebodys_eyes() {
    let result = catch_unwind(AssertUnwindSafe(|| {
        model(|| {
            let loan = Arc::new(Loan::new());
            let user = {
                let loan = loan.clone();
                thread::spawn(move || {
                    let place = loan.notes.note(&loan.lent, |_| {}).unwrap();
                    // The fault: it frees before it has forgotten.
                    loan.lent.word.with_mut(|word| {
                        // SAFETY: loom finds that somebody else may have it.
                        unsafe { *word = 1 };
                    });
                    loan.notes.forget(place, thread::yield_now);
                })
            };
            loan.is_any_barred();
            user.join().unwrap();
        });
    }));
    assert!(result.is_err(), "the planted fault was not found");
}
