//! The line discipline: what stands between a terminal's wire and its readers and writers.
//!
//! A plain state machine without locks, waiting or devices, so that it serves a serial port and a pseudo-terminal
//! alike and is tested on the host. It is fed received bytes one at a time; it answers with the signal that a
//! key asks for, keeps the bounded queue of typed input, and gathers the echo that the owner then transmits.
//! Written bytes pass through it for output processing.
//!
//! It never holds more than its fixed queues: typed input beyond them is refused by [`LineDiscipline::room`],
//! echo beyond them is dropped.

mod edit;
mod output;
mod queue;
mod settings;
#[cfg(test)]
mod tests;

use alloc::collections::{TryReserveError, VecDeque};

pub use output::EXPANSION;
use output::{Cursor, is_control};
pub use queue::{CAPACITY, Taken};
use queue::{InputQueue, Mark};
pub use settings::{CHARACTERS, Character, Input, Local, Output, Settings};

/// How much echo may wait for transmission.
const ECHO_CAPACITY: usize = 8192;

/// A signal that a key sends to the foreground group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySignal {
    /// ^C: SIGINT.
    Interrupt,
    /// ^\: SIGQUIT.
    Quit,
    /// ^Z: SIGTSTP.
    Suspend,
}

/// How a reader in raw mode waits: VMIN and VTIME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawWait {
    /// Bytes to wait for; 0 does not wait for any.
    pub minimum: usize,
    /// The time limit in tenths of a second; 0 is none.
    pub tenths: u8,
}

/// One terminal's line discipline.
#[derive(Debug)]
pub struct LineDiscipline {
    settings: Settings,
    queue: InputQueue,
    echo: VecDeque<u8>,
    cursor: Cursor,
    is_next_literal: bool,
    /// Within the `\…/` of ECHOPRT.
    is_erasing: bool,
    is_stopped: bool,
}

impl LineDiscipline {
    /// A line discipline with the usual settings and all the memory it will ever need.
    pub fn new(settings: Settings) -> Result<Self, TryReserveError> {
        let mut echo = VecDeque::new();
        echo.try_reserve_exact(ECHO_CAPACITY)?;
        Ok(Self {
            settings,
            queue: InputQueue::new()?,
            echo,
            cursor: Cursor::default(),
            is_next_literal: false,
            is_erasing: false,
            is_stopped: false,
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes the settings. Going between line and raw mode makes what was typed so far readable as it is.
    pub fn set_settings(&mut self, settings: Settings) {
        let has_mode_changed = settings.is_canonical() != self.settings.is_canonical();
        if self.is_stopped && !settings.input.contains(Input::IXON) {
            self.is_stopped = false;
        }
        self.settings = settings;
        if has_mode_changed {
            self.queue.remark();
            self.is_erasing = false;
            self.is_next_literal = false;
        }
    }

    /// How many bytes [`receive`](Self::receive) can take without losing any. A line that fills the whole queue
    /// still takes one, in place of its last, so that its end can be typed.
    pub fn room(&self) -> usize {
        let bytes_each = if self.settings.input.contains(Input::PARMRK) { 3 } else { 1 };
        let room = self.queue.room().saturating_sub(1) / bytes_each;
        if room == 0 && self.settings.is_canonical() && self.queue.committed() == 0 {
            return 1;
        }
        room
    }

    /// Takes one received byte.
    pub fn receive(&mut self, byte: u8) -> Option<KeySignal> {
        let byte = self.map_received(byte);
        if self.is_next_literal {
            self.is_next_literal = false;
            self.accept(byte);
            return None;
        }
        if self.control_flow(byte) {
            return None;
        }
        if let Some(signal) = self.key_signal(byte) {
            self.interrupt(signal);
            self.is_stopped &= !self.settings.input.contains(Input::IXON);
            if self.has(Local::ECHO) {
                self.echo_character(byte);
            }
            return Some(signal);
        }
        if self.settings.input.contains(Input::IXON | Input::IXANY) {
            self.is_stopped = false;
        }
        let byte = match byte {
            b'\r' if self.settings.input.contains(Input::IGNCR) => return None,
            b'\r' if self.settings.input.contains(Input::ICRNL) => b'\n',
            b'\n' if self.settings.input.contains(Input::INLCR) => b'\r',
            other => other,
        };
        if !(self.settings.is_canonical() && self.edit(byte)) {
            self.accept(byte);
        }
        None
    }

    /// Takes a break on the line.
    pub fn receive_break(&mut self) -> Option<KeySignal> {
        if self.settings.input.contains(Input::IGNBRK) {
            return None;
        }
        if self.settings.input.contains(Input::BRKINT) {
            self.interrupt(KeySignal::Interrupt);
            return Some(KeySignal::Interrupt);
        }
        if self.settings.input.contains(Input::PARMRK) {
            self.queue.push(0xff);
            self.queue.push(0);
        }
        self.queue.push(0);
        None
    }

    /// Whether a read would get something at once: a line, in raw mode at least one byte.
    pub fn has_input(&self) -> bool {
        if self.settings.is_canonical() { self.queue.committed() > 0 } else { self.queue.len() > 0 }
    }

    /// Whether poll should say so: in raw mode VMIN counts when there is no VTIME.
    pub fn is_readable(&self) -> bool {
        if self.settings.is_canonical() {
            return self.has_input();
        }
        let RawWait { minimum, tenths } = self.raw_wait();
        self.queue.len() >= if tenths == 0 { minimum.max(1) } else { 1 }
    }

    /// Bytes that reads would deliver (TIOCINQ).
    pub fn input_len(&self) -> usize {
        if self.settings.is_canonical() { self.queue.deliverable() } else { self.queue.len() }
    }

    /// How a raw read waits.
    pub fn raw_wait(&self) -> RawWait {
        RawWait {
            minimum: usize::from(self.settings.character(Character::Minimum)),
            tenths: self.settings.character(Character::Time),
        }
    }

    /// Takes input: at most one line in line mode.
    pub fn take(&mut self, to: &mut [u8]) -> Taken {
        if self.settings.is_canonical() { self.queue.take_line(to) } else { self.queue.take_raw(to) }
    }

    /// Drops all input (TCIFLUSH).
    pub fn flush_input(&mut self) {
        self.queue.clear();
        self.is_next_literal = false;
        self.is_erasing = false;
    }

    /// Whether ^S holds the output.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Holds the output (TCOOFF).
    pub fn stop_output(&mut self) {
        self.is_stopped = true;
    }

    /// Lets the output go on (TCOON).
    pub fn restart_output(&mut self) {
        self.is_stopped = false;
    }

    /// Maps bytes to be written into `to`; returns how many of `from` were taken and how many bytes they became.
    /// Takes at least one byte where `to` holds [`EXPANSION`].
    pub fn process_output(&mut self, from: &[u8], to: &mut [u8]) -> (usize, usize) {
        if !self.settings.output.contains(Output::OPOST) {
            let count = from.len().min(to.len());
            to[..count].copy_from_slice(&from[..count]);
            return (count, count);
        }
        let (mut taken, mut made) = (0, 0);
        for &byte in from {
            if to.len() - made < EXPANSION {
                break;
            }
            self.cursor.put(&self.settings, byte, &mut |mapped| {
                to[made] = mapped;
                made += 1;
            });
            taken += 1;
        }
        (taken, made)
    }

    /// Takes echo that waits to be transmitted.
    pub fn take_echo(&mut self, to: &mut [u8]) -> usize {
        let count = to.len().min(self.echo.len());
        for (place, byte) in to.iter_mut().zip(self.echo.drain(..count)) {
            *place = byte;
        }
        count
    }

    /// Whether echo waits.
    pub fn has_echo(&self) -> bool {
        !self.echo.is_empty()
    }

    fn has(&self, flags: Local) -> bool {
        self.settings.local.contains(flags)
    }

    fn map_received(&self, byte: u8) -> u8 {
        let byte = if self.settings.input.contains(Input::ISTRIP) { byte & 0x7f } else { byte };
        if self.settings.input.contains(Input::IUCLC) && self.has(Local::IEXTEN) {
            byte.to_ascii_lowercase()
        } else {
            byte
        }
    }

    /// Handles ^S and ^Q; true when `byte` was one.
    fn control_flow(&mut self, byte: u8) -> bool {
        if !self.settings.input.contains(Input::IXON) {
            return false;
        }
        // Start is looked at first: the two may be the same character, which then toggles.
        if self.settings.is(byte, Character::Start) && (self.is_stopped || !self.settings.is(byte, Character::Stop)) {
            self.is_stopped = false;
            return true;
        }
        if self.settings.is(byte, Character::Stop) {
            self.is_stopped = true;
            return true;
        }
        false
    }

    fn key_signal(&self, byte: u8) -> Option<KeySignal> {
        if !self.has(Local::ISIG) {
            return None;
        }
        let keys = [
            (Character::Interrupt, KeySignal::Interrupt),
            (Character::Quit, KeySignal::Quit),
            (Character::Suspend, KeySignal::Suspend),
        ];
        keys.into_iter().find(|&(key, _)| self.settings.is(byte, key)).map(|(_, signal)| signal)
    }

    /// What a signal does to the queues.
    fn interrupt(&mut self, _signal: KeySignal) {
        if !self.has(Local::NOFLSH) {
            self.flush_input();
            self.echo.clear();
        }
    }
}
