//! Process groups and sessions.

use crate::kin::{Chain, KinTable};
use crate::{Process, registry, signal};
use abi::{Errno, Result, Signal};
use alloc::sync::{Arc, Weak};
use core::sync::atomic::Ordering::Relaxed;
use object::Object;
use sync::{SpinLock, ranks};

/// A process group. It lives while it has members; its id is that of the process that made it.
pub struct ProcessGroup {
    id: i32,
    session: Arc<Session>,
}

/// A session: groups that share a controlling terminal. It lives while it has groups.
pub struct Session {
    id: i32,
    terminal: SpinLock<Option<Arc<dyn Object>>, ranks::ProcessState>,
}

impl Session {
    /// A session without terminal.
    pub(crate) const fn new(id: i32) -> Self {
        Self { id, terminal: SpinLock::new(None) }
    }

    /// The id: that of the process that made it.
    pub const fn number(&self) -> i32 {
        self.id
    }

    /// The controlling terminal.
    pub fn terminal(&self) -> Option<Arc<dyn Object>> {
        self.terminal.lock().clone()
    }

    /// Sets the controlling terminal and returns the one before.
    pub(crate) fn set_terminal(&self, terminal: Option<Arc<dyn Object>>) -> Option<Arc<dyn Object>> {
        core::mem::replace(&mut *self.terminal.lock(), terminal)
    }
}

impl ProcessGroup {
    pub(crate) const fn new(id: i32, session: Arc<Session>) -> Self {
        Self { id, session }
    }

    /// The id.
    pub const fn number(&self) -> i32 {
        self.id
    }

    /// The session it is in, for good.
    pub const fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Calls `visit` with each member, without any lock. Members that join meanwhile come at the end and are
    /// visited too, so that no child escapes a signal to its group.
    pub fn for_each_member(&self, mut visit: impl FnMut(&Arc<Process>)) {
        let mut place = (0, 0);
        while let Some((member, next)) = self.member_after(place) {
            visit(&member);
            place = next;
        }
    }

    /// The member that joined next after the one at `place`, an id and the number of its joining. Whoever stood there
    /// may have left meanwhile; then the place is found again by the order in which members joined.
    fn member_after(&self, place: (i32, u64)) -> Option<(Arc<Process>, (i32, u64))> {
        let registry = registry::lock();
        let (last, joined) = place;
        let stands = registry
            .entry(last)
            .and_then(|entry| entry.process.as_ref())
            .is_some_and(|process| process.group_id() == self.id && process.joined.load(Relaxed) == joined);
        let mut next = match stands {
            true => registry.next(Chain::Members, last),
            false => registry.first(Chain::Members, self.id),
        };
        loop {
            let process = registry.entry(next)?.process.as_ref()?;
            let order = process.joined.load(Relaxed);
            if order > joined {
                return Some((Arc::clone(process), (next, order)));
            }
            next = registry.next(Chain::Members, next);
        }
    }

    /// Signals every member, as the kernel.
    pub fn signal_all(&self, signal: Signal) {
        self.for_each_member(|member| signal::send_from_kernel(member, signal));
    }

    /// Whether no member has a parent in another group of the session: nobody could continue it if it stopped.
    pub fn has_no_guardian(&self) -> bool {
        let registry = registry::lock();
        let process = |id| registry.entry(id).and_then(|entry| entry.process.as_deref()).filter(|it| !it.has_ended());
        let mut member = registry.first(Chain::Members, self.id);
        while member != 0 {
            let guardian = process(member).and_then(|member| process(member.parent_id()));
            let (group, session) = (self.id, self.session.number());
            if guardian.is_some_and(|guardian| guardian.session_id() == session && guardian.group_id() != group) {
                return false;
            }
            member = registry.next(Chain::Members, member);
        }
        true
    }

    /// Whether a member is stopped.
    pub(crate) fn has_stopped_member(&self) -> bool {
        let mut found = false;
        self.for_each_member(|member| found |= member.is_stopped());
        found
    }
}

impl object::ProcessGroup for ProcessGroup {
    fn id(&self) -> i32 {
        self.id
    }

    fn session_id(&self) -> i32 {
        self.session.number()
    }

    fn signal(&self, signal: Signal) {
        self.signal_all(signal);
    }

    fn is_orphaned(&self) -> bool {
        self.has_no_guardian()
    }
}

/// `setpgid`: moves `process`, the caller or a child of it, into the group `id` of the caller's session.
pub fn set_group(caller: &Arc<Process>, process: &Arc<Process>, id: i32) -> Result<()> {
    check_mover(caller, process)?;
    if process.id() == process.session_id() {
        return Err(Errno::EPERM);
    }
    let session = registry::lock().entry(caller.session_id()).and_then(|entry| entry.session.clone());
    let session = session.ok_or(Errno::EPERM)?;
    let made = mm::alloc::try_arc(ProcessGroup::new(process.id(), session))?;
    let mut registry = registry::lock();
    let group = match registry.entry(id).and_then(|entry| entry.group.clone()) {
        Some(group) if group.session().number() == process.session_id() => group,
        None if id == process.id() => {
            registry.add_group(Arc::clone(&made));
            Arc::clone(&made)
        }
        _ => return Err(Errno::EPERM),
    };
    let removed = (process.group_id() != id).then(|| registry.join_group(process, &group));
    drop(registry);
    drop((removed, made));
    Ok(())
}

fn check_mover(caller: &Arc<Process>, process: &Arc<Process>) -> Result<()> {
    if Arc::ptr_eq(caller, process) {
        return Ok(());
    }
    if process.parent_id() != caller.id() {
        return Err(Errno::ESRCH);
    }
    if process.session_id() != caller.session_id() {
        return Err(Errno::EPERM);
    }
    if process.has_executed() { Err(Errno::EACCES) } else { Ok(()) }
}

/// `setsid`: makes `process` the leader of a new session and group without terminal.
pub fn start_session(process: &Arc<Process>) -> Result<i32> {
    let id = process.id();
    let session = mm::alloc::try_arc(Session::new(id))?;
    let group = mm::alloc::try_arc(ProcessGroup::new(id, session))?;
    let mut registry = registry::lock();
    if registry.entry(id).is_some_and(|entry| entry.group.is_some() || entry.session.is_some()) {
        return Err(Errno::EPERM);
    }
    registry.add_group(Arc::clone(&group));
    let removed = registry.join_group(process, &group);
    drop(registry);
    drop(removed);
    Ok(id)
}

/// A group as terminals hold it.
pub(crate) fn as_weak(group: &Arc<ProcessGroup>) -> Weak<dyn object::ProcessGroup> {
    let group: Arc<dyn object::ProcessGroup> = group.clone();
    Arc::downgrade(&group)
}
