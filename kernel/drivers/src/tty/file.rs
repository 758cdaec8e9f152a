//! An opened terminal.

use alloc::sync::Arc;

use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use caps::Kind;
use mm::user::{Sink, Source};
use object::{Caller, Location, Node, Object, Ready, StatusFlags, Terminal, caller};
use sched::WaitQueue;

use super::Tty;
use crate::device::device_stat;
use crate::patience::Patience;

/// An open file description of a terminal.
pub struct TtyFile {
    tty: Arc<Tty>,
    location: Option<Location>,
    flags: StatusFlags,
    generation: u64,
    hold: Hold,
}

/// Whether a file counts as an opening of the terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// It does.
    Opened,
    /// It is only a session's note of its controlling terminal.
    Noted,
}

impl TtyFile {
    /// Opens `tty` as found at `location`. A session leader without a controlling terminal gets this one unless
    /// `flags` say no.
    pub fn open(tty: Arc<Tty>, location: Option<&Location>, flags: OpenFlags) -> Result<Arc<dyn Object>> {
        if tty.state.lock().is_exclusive && !is_privileged() {
            return Err(Errno::EBUSY);
        }
        let file = Self::make(&tty, location.cloned(), flags, Hold::Opened)?;
        if !flags.contains(OpenFlags::NO_CONTROLLING_TTY) && flags.can_read() {
            adopt(&tty);
        }
        Ok(file)
    }

    fn make(tty: &Arc<Tty>, location: Option<Location>, flags: OpenFlags, hold: Hold) -> Result<Arc<dyn Object>> {
        let generation = tty.state.lock().generation;
        let flags = StatusFlags::new(flags.kept());
        if hold == Hold::Opened {
            tty.wire.opened()?;
        }
        // From here on the drop of the value closes it again, also when there is no memory for it.
        let file: Arc<dyn Object> = mm::alloc::try_arc(Self { tty: tty.clone(), location, flags, generation, hold })?;
        Ok(file)
    }

    /// The terminal.
    pub fn tty(&self) -> &Arc<Tty> {
        &self.tty
    }

    fn patience(&self) -> Patience {
        Patience::of(self.status_flags())
    }
}

/// Opens the caller's controlling terminal, as `/dev/tty` does. ENXIO without one.
pub fn open_controlling(location: Option<&Location>, flags: OpenFlags) -> Result<Arc<dyn Object>> {
    let terminal = caller().and_then(|caller| caller.controlling_terminal()).ok_or(Errno::ENXIO)?;
    let file = terminal.downcast_ref::<TtyFile>().ok_or(Errno::ENXIO)?;
    TtyFile::make(&file.tty, location.cloned(), flags, Hold::Opened)
}

/// An object that stands for `tty` as a session's controlling terminal.
pub(super) fn controlling(tty: &Arc<Tty>) -> Result<Arc<dyn Object>> {
    TtyFile::make(tty, None, OpenFlags::READ_WRITE, Hold::Noted)
}

/// Whether the caller may do what only the superuser may.
pub(super) fn is_privileged() -> bool {
    caller().is_none_or(|caller| caller.credentials().is_privileged())
}

/// Makes `tty` the caller's controlling terminal where both are free. That it cannot is no error of opening.
fn adopt(tty: &Arc<Tty>) {
    let is_free = |caller: &&'static dyn Caller| {
        caller.is_session_leader() && caller.controlling_terminal().is_none() && tty.session_id().is_none()
    };
    if let Some(caller) = caller().filter(is_free)
        && let Ok(terminal) = controlling(tty)
    {
        _ = caller.set_controlling_terminal(Some(terminal));
    }
}

impl Drop for TtyFile {
    fn drop(&mut self) {
        if self.hold == Hold::Opened {
            self.tty.wire.closed();
        }
    }
}

impl Object for TtyFile {
    fn kind(&self) -> Kind {
        Kind::Device
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        self.tty.read(to, self.patience(), self.generation)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        self.tty.write(from, self.patience(), self.generation)
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        match &self.location {
            Some(location) => location.node().stat(),
            None => Ok(device_stat(self.tty.device())),
        }
    }

    fn node(&self) -> Option<&Arc<dyn Node>> {
        self.location.as_ref().map(Location::node)
    }

    fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        self.tty.control(request, argument, self.generation)
    }

    fn poll(&self) -> Ready {
        self.tty.poll(self.generation)
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        Some(self.tty.wait_queue())
    }

    fn terminal(&self) -> Option<&dyn Terminal> {
        Some(&*self.tty)
    }
}
