//! Threads.

mod account;
mod affinity;
mod builder;
mod own;
mod state;
mod uses;

pub use builder::{Builder, Prepared};
pub(crate) use own::Own;
pub(crate) use state::Place;
pub use uses::{Use, Uses};

use alloc::sync::Arc;
use core::cell::{Cell, UnsafeCell};
use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

use arch::AtomicCpuSet;
use arch::CpuSet;
use arch::cpu::CpuId;
use mm::OutOfMemory;
use sync::{HeldList, IrqLock, ranks};

use crate::algorithm::entity::Entity;
use crate::inheritance;
use crate::parameters::{Parameters, Urgency};
use crate::protocol::inbox::Parcel;
use crate::protocol::parker::Parker;
use crate::wait_queue::WaitQueue;
use account::Account;
pub(crate) use builder::LocalData;
use state::Settings;

/// Names a thread; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(pub u64);

/// What kind of thread it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Runs when its CPU has nothing else to do; never in a queue.
    Idle,
    /// Any other.
    Ordinary,
}

/// A thread of execution, in the kernel and perhaps in user mode.
///
/// From its start to its burial a thread holds a reference to itself, so queues and wakers point to it without
/// counting.
pub struct Thread {
    // Unchanging.
    id: ThreadId,
    role: Role,

    // Anybody's, each by itself.
    attention: AtomicU32,
    pub(crate) parker: Parker,
    /// How the last sleep may end, an `Interruptible`; only for show.
    sleep_kind: AtomicU8,
    /// How it wants to be scheduled, packed; the entity follows when its queue next looks.
    parameters: AtomicU64,
    /// The CPUs it may run on: a copy of what `settings` holds, each CPU's bit for itself.
    affinity: AtomicCpuSet,
    settings: IrqLock<Settings, ranks::ThreadParameters>,
    /// Whether it holds the reference to itself; before, nobody may wake it.
    has_started: AtomicBool,
    has_ended: AtomicBool,
    ended: WaitQueue,
    pub(crate) account: Account,
    /// What programs know it by, for the trace: its id, and its process's from bit 32.
    pub(crate) ids: AtomicU64,
    /// The recording that knows its name.
    pub(crate) introduced: AtomicU32,
    /// What it does through lent capabilities.
    uses: Uses,

    /// To whom it lends its urgency, and who lends it theirs; see [`crate::inheritance`].
    pub(crate) lending: inheritance::Account,

    // The CPU whose queue has it, and where it is in there. Changed under that queue's lock, or by who alone may
    // place it.
    cpu: AtomicU32,
    place: AtomicU8,
    /// From its arrival on a CPU until the next thread has its stack.
    is_on_cpu: AtomicBool,
    /// In an inbox: the link.
    next: AtomicPtr<Thread>,

    // Under the lock of the queue of `cpu`.
    pub(crate) entity: Entity,
    applied_parameters: Cell<u64>,
    /// The lent urgency that the entity follows.
    applied_lent: Cell<Urgency>,

    // The thread's own while it runs, and the switch's while it does not.
    own: UnsafeCell<Own>,
    /// Written before the start and at the burial only, so the thread reads it as it likes.
    local: UnsafeCell<LocalData>,
    held: UnsafeCell<HeldList>,
}

// SAFETY: the groups of fields say who may use what is not atomic; what they hold is `Send`.
unsafe impl Sync for Thread {}
// SAFETY: as above; nothing in a thread belongs to the thread or CPU that made it.
unsafe impl Send for Thread {}

impl Thread {
    /// Begins the making of a thread.
    pub fn builder(name: &str) -> Builder {
        Builder::new(name)
    }

    /// The idle thread of a CPU: it stands for the code that brought the CPU up.
    pub(crate) fn new_idle(cpu: CpuId) -> Result<Arc<Self>, OutOfMemory> {
        let settings = Settings::new("idle", CpuSet::of(cpu));
        let thread = Self::assemble(Role::Idle, settings, Parameters::DEFAULT, Own::for_idle(), None);
        thread.set_cpu(cpu);
        mm::alloc::try_arc(thread)
    }

    fn assemble(role: Role, settings: Settings, parameters: Parameters, own: Own, local: LocalData) -> Self {
        let affinity = AtomicCpuSet::empty();
        affinity.store(&settings.affinity, Ordering::Relaxed);
        Self {
            id: state::next_id(),
            role,
            attention: AtomicU32::new(0),
            parker: Parker::asleep(),
            sleep_kind: AtomicU8::new(0),
            parameters: AtomicU64::new(parameters.pack()),
            affinity,
            settings: IrqLock::new(settings),
            has_started: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            ended: WaitQueue::new(),
            account: Account::default(),
            ids: AtomicU64::new(0),
            introduced: AtomicU32::new(0),
            uses: Uses::new(),
            cpu: AtomicU32::new(0),
            place: AtomicU8::new(Place::Nowhere as u8),
            is_on_cpu: AtomicBool::new(false),
            next: AtomicPtr::new(core::ptr::null_mut()),
            entity: Entity::new(parameters.class()),
            applied_parameters: Cell::new(parameters.pack()),
            applied_lent: Cell::new(Urgency::NONE),
            lending: inheritance::Account::new(),
            own: UnsafeCell::new(own),
            local: UnsafeCell::new(local),
            held: UnsafeCell::new(HeldList::new()),
        }
    }

    /// The thread around a run queue's entity.
    #[inline]
    pub(crate) fn of_entity(entity: NonNull<Entity>) -> &'static Self {
        // SAFETY: every entity in a run queue is a thread's field.
        let thread = unsafe { entity.byte_sub(offset_of!(Thread, entity)) }.cast::<Self>();
        // SAFETY: what is in a run queue is runnable, and runnable threads hold themselves.
        unsafe { thread.as_ref() }
    }

    /// The thread, for a queue or a waker.
    #[inline(always)]
    pub(crate) fn as_static(&self) -> &'static Self {
        // SAFETY: a started thread lives until it is buried, which is after the last queue and waker have let go of it.
        unsafe { &*core::ptr::from_ref(self) }
    }

    /// The thread's own part.
    ///
    /// # Safety
    /// The thread is the running one and interrupts are off, or it runs nowhere and the caller decides that it stays
    /// so. No other reference to the part is in use.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "the contract above gives the exclusion")]
    pub(crate) unsafe fn own(&self) -> &mut Own {
        // SAFETY: passed on to the caller.
        unsafe { &mut *self.own.get() }
    }

    /// What the floors above attached. For the thread itself, or for its burial.
    pub(crate) fn local_data(&self) -> *mut LocalData {
        self.local.get()
    }

    /// The sleeping locks that it holds, for the rank checker.
    pub(crate) fn held(&self) -> NonNull<HeldList> {
        NonNull::from(&self.held).cast()
    }

    /// Whether it is an idle thread.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.role == Role::Idle
    }
}

impl Parcel for Thread {
    fn next(&self) -> &AtomicPtr<Self> {
        &self.next
    }
}
