//! Who may use a terminal: sessions and foreground groups.

use alloc::sync::{Arc, Weak};

use abi::{Errno, Result, Signal};
use object::{ProcessGroup, Terminal, caller};

use super::{LossOfSession, Tty};

impl Tty {
    /// Whether this is the controlling terminal of the calling process.
    pub(super) fn controls_caller(&self) -> bool {
        let Some(terminal) = caller().and_then(|caller| caller.controlling_terminal()) else {
            return false;
        };
        terminal.terminal().is_some_and(|terminal| terminal.device() == self.device)
    }

    /// Stops the caller's group with `signal` (SIGTTIN to read, SIGTTOU to write or change) when it is in the
    /// background.
    ///
    /// A caller that blocks or ignores SIGTTOU may go on; one that does so with SIGTTIN, or whose group nobody could
    /// continue, gets EIO.
    pub(super) fn check_background(&self, signal: Signal) -> Result<()> {
        let Some(foreground) = self.foreground() else {
            return Ok(());
        };
        let Some(caller) = caller() else {
            return Ok(());
        };
        let Some(group) = caller.group() else {
            return Ok(());
        };
        if group.id() == foreground.id() || !self.controls_caller() {
            return Ok(());
        }
        if caller.withstands(signal) {
            return if signal == Signal::TTIN { Err(Errno::EIO) } else { Ok(()) };
        }
        if group.is_orphaned() {
            return Err(Errno::EIO);
        }
        group.signal(signal);
        Err(Errno::ERESTARTSYS)
    }

    /// Declares the line dead for everybody who has it open, and takes the session away. Its leader learns of it too.
    pub fn disconnect(&self) {
        let (foreground, session) = {
            let mut state = self.state.lock();
            state.generation += 1;
            state.discipline.flush_input();
            state.outgoing.clear();
            (state.foreground.take(), state.session.take())
        };
        self.changed.wake_all();
        let foreground_id = foreground.as_ref().and_then(Weak::upgrade).map(|group| group.id());
        notify_loss(foreground);
        let leaders = session.filter(|&id| Some(id) != foreground_id).and_then(|id| caller()?.find_group(id));
        if let Some(group) = leaders {
            notify_loss(Some(Arc::downgrade(&group)));
        }
    }

    fn release_session(&self) {
        let foreground = {
            let mut state = self.state.lock();
            state.session = None;
            state.foreground.take()
        };
        notify_loss(foreground);
    }
}

/// Tells a group that its terminal is gone. A stopped group is continued so that it can act on it.
fn notify_loss(foreground: Option<Weak<dyn ProcessGroup>>) {
    if let Some(group) = foreground.and_then(|group| group.upgrade()) {
        group.signal(Signal::HUP);
        group.signal(Signal::CONT);
    }
}

impl Terminal for Tty {
    fn device(&self) -> u64 {
        self.device
    }

    fn session_id(&self) -> Option<i32> {
        self.state.lock().session
    }

    fn set_session(&self, session_id: i32, foreground: Weak<dyn ProcessGroup>) {
        let _previous = {
            let mut state = self.state.lock();
            state.session = Some(session_id);
            state.foreground.replace(foreground)
        };
    }

    fn clear_session(&self) {
        let _previous = {
            let mut state = self.state.lock();
            state.session = None;
            state.foreground.take()
        };
    }

    fn foreground(&self) -> Option<Arc<dyn ProcessGroup>> {
        self.state.lock().foreground.as_ref()?.upgrade()
    }

    fn set_foreground(&self, group: Weak<dyn ProcessGroup>) {
        let _previous = self.state.lock().foreground.replace(group);
    }

    fn hang_up(&self) {
        match self.wire.loss_of_session() {
            LossOfSession::HangUp => self.disconnect(),
            LossOfSession::Release => self.release_session(),
        }
    }
}
