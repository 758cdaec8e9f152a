//! Control requests on terminals.

use alloc::sync::Arc;

use abi::consts::ioctl;
use abi::types::Winsize;
use abi::{Errno, Result, Signal};
use mm::user::UserPtr;
use object::{Terminal, caller};

use super::{Tty, file};
use crate::line_discipline::Character;

impl Tty {
    /// Carries out a control request for a file of `generation`.
    pub(super) fn control(self: &Arc<Self>, request: u32, argument: usize, generation: u64) -> Result<usize> {
        if self.state.lock().generation != generation {
            return Err(Errno::EIO);
        }
        match request {
            ioctl::TIOCGWINSZ => put(argument, &{ self.state.lock().size }),
            ioctl::TIOCSWINSZ => {
                let size: Winsize = at(argument).read()?;
                self.set_window_size(size);
                Ok(0)
            }
            ioctl::TIOCGPGRP => self.get_foreground(argument),
            ioctl::TIOCSPGRP => self.change_foreground(argument),
            ioctl::TIOCGSID => self.get_session(argument),
            ioctl::TIOCSCTTY => self.take_as_controlling(),
            ioctl::TIOCNOTTY => self.give_up_controlling(),
            ioctl::TCFLSH => self.flush(argument),
            ioctl::TCXONC => self.control_flow(argument),
            ioctl::TCSBRK | ioctl::TCSBRKP => {
                self.check_background(Signal::TTOU)?;
                self.drain(generation).map(|()| 0)
            }
            ioctl::FIONREAD => put(argument, &{ self.state.lock().discipline.input_len() as i32 }),
            ioctl::TIOCOUTQ => put(argument, &{ self.state.lock().outgoing.len() as i32 }),
            // Typing for somebody else is refused to everybody: it has no use but to escape from a confined terminal.
            ioctl::TIOCSTI => Err(Errno::EIO),
            ioctl::TIOCEXCL | ioctl::TIOCNXCL => {
                self.state.lock().is_exclusive = request == ioctl::TIOCEXCL;
                Ok(0)
            }
            ioctl::TIOCGEXCL => put(argument, &{ i32::from(self.state.lock().is_exclusive) }),
            ioctl::TIOCGETD => put(argument, &0_i32),
            ioctl::TIOCSETD => match at::<i32>(argument).read()? {
                0 => Ok(0),
                _ => Err(Errno::EINVAL),
            },
            ioctl::TIOCGDEV => put(argument, &(self.device() as u32)),
            _ => self.control_modes(request, argument, generation),
        }
    }

    /// Carries out a request that a pseudo-terminal's master has in common with the terminal.
    pub(crate) fn control_settings(self: &Arc<Self>, request: u32, argument: usize) -> Result<usize> {
        let generation = self.state.lock().generation;
        self.control(request, argument, generation)
    }

    fn get_foreground(&self, argument: usize) -> Result<usize> {
        if !self.controls_caller() {
            return Err(Errno::ENOTTY);
        }
        put(argument, &self.foreground().map_or(0, |group| group.id()))
    }

    fn change_foreground(&self, argument: usize) -> Result<usize> {
        match self.check_background(Signal::TTOU) {
            Err(Errno::EIO) => return Err(Errno::ENOTTY),
            other => other?,
        }
        let caller = caller().ok_or(Errno::ENOTTY)?;
        let own = caller.group().ok_or(Errno::ENOTTY)?;
        if !self.controls_caller() || self.session_id() != Some(own.session_id()) {
            return Err(Errno::ENOTTY);
        }
        let id: i32 = at(argument).read()?;
        if id < 0 {
            return Err(Errno::EINVAL);
        }
        let group = caller.find_group(id).ok_or(Errno::ESRCH)?;
        if group.session_id() != own.session_id() {
            return Err(Errno::EPERM);
        }
        self.set_foreground(Arc::downgrade(&group));
        Ok(0)
    }

    fn get_session(&self, argument: usize) -> Result<usize> {
        let session = self.session_id().filter(|_| self.controls_caller()).ok_or(Errno::ENOTTY)?;
        put(argument, &session)
    }

    fn take_as_controlling(self: &Arc<Self>) -> Result<usize> {
        let caller = caller().ok_or(Errno::EPERM)?;
        let group = caller.group().ok_or(Errno::EPERM)?;
        let session = self.session_id();
        if caller.is_session_leader() && session == Some(group.session_id()) {
            return Ok(0);
        }
        // Taking it from another session is not offered, not even to root.
        if !caller.is_session_leader() || caller.controlling_terminal().is_some() || session.is_some() {
            return Err(Errno::EPERM);
        }
        caller.set_controlling_terminal(Some(file::controlling(self)?))?;
        Ok(0)
    }

    fn give_up_controlling(&self) -> Result<usize> {
        let caller = caller().filter(|_| self.controls_caller()).ok_or(Errno::ENOTTY)?;
        caller.set_controlling_terminal(None)?;
        Ok(0)
    }

    fn flush(&self, which: usize) -> Result<usize> {
        self.check_background(Signal::TTOU)?;
        if which > 2 {
            return Err(Errno::EINVAL);
        }
        let mut state = self.state.lock();
        if which != 1 {
            state.discipline.flush_input();
        }
        if which != 0 {
            state.outgoing.clear();
        }
        drop(state);
        self.wire.resume();
        self.wait_queue().wake_all();
        Ok(0)
    }

    fn control_flow(&self, action: usize) -> Result<usize> {
        self.check_background(Signal::TTOU)?;
        let mut state = self.state.lock();
        match action {
            0 => state.discipline.stop_output(),
            1 => state.discipline.restart_output(),
            2 | 3 => {
                let which = if action == 2 { Character::Stop } else { Character::Start };
                let byte = state.discipline.settings().character(which);
                if byte != 0 {
                    state.outgoing.push_front(byte);
                }
            }
            _ => return Err(Errno::EINVAL),
        }
        state.pump(&*self.wire);
        drop(state);
        self.wait_queue().wake_all();
        Ok(0)
    }
}

/// The user memory that a request's argument points at.
pub(super) fn at<T>(argument: usize) -> UserPtr<T> {
    UserPtr::new(argument as u64)
}

/// Writes a request's answer to where its argument points.
pub(super) fn put<T: zerocopy::IntoBytes + zerocopy::Immutable>(argument: usize, value: &T) -> Result<usize> {
    at(argument).write(value)?;
    Ok(0)
}
