//! Terminals: a line discipline between a wire and the processes that have it open.
//!
//! A [`Tty`] is fed by whoever owns the wire ([`Tty::receive`]) and written and read through [`TtyFile`]s, one for
//! each opening. It never waits while it holds its state: bytes go to the wire as far as the wire takes them at once,
//! the rest stays in a small queue that [`Tty::pump`] sends on.
//!
//! # Locks
//! `state` is a spin lock, held for one portion of bytes at most; the wire's own lock is taken under it. Signals are
//! sent after it is released. `reading` keeps readers apart while they copy, never while they wait.

mod control;
mod file;
mod job_control;
mod modes;
mod read;
mod write;

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};

use abi::types::{Termios, Winsize};
use abi::{Errno, Result, Signal};
use object::{ProcessGroup, Ready, Terminal};
use sched::WaitQueue;
use sync::{Mutex, SpinLock, ranks};

use crate::line_discipline::{KeySignal, LineDiscipline, Settings};

pub use file::{TtyFile, open_controlling};

/// How much mapped output may wait for the wire.
const OUTGOING: usize = 4096;

/// The far side of a terminal: a serial port, or the master of a pseudo-terminal.
pub trait Wire: Send + Sync {
    /// Takes bytes without waiting; 0 when it is full. Called with the terminal's state locked.
    fn try_transmit(&self, bytes: &[u8]) -> usize;

    /// The terminal has taken input and can receive more.
    fn resume(&self);

    /// What happens to the terminal when its session's leader is gone.
    fn loss_of_session(&self) -> LossOfSession;

    /// Somebody opens the terminal; an error keeps them from it.
    fn opened(&self) -> Result<()> {
        Ok(())
    }

    /// Somebody who opened it has closed it.
    fn closed(&self) {}
}

/// What happens to a terminal when its session's leader is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossOfSession {
    /// Everybody who has it open loses it, as when a modem hangs up.
    HangUp,
    /// It only has no session any more.
    Release,
}

/// A terminal.
pub struct Tty {
    device: u64,
    wire: Arc<dyn Wire>,
    state: SpinLock<State, ranks::ObjectState>,
    changed: WaitQueue,
    reading: Mutex<(), ranks::Terminal>,
}

struct State {
    discipline: LineDiscipline,
    outgoing: VecDeque<u8>,
    size: Winsize,
    session: Option<i32>,
    foreground: Option<Weak<dyn ProcessGroup>>,
    /// How often the line was hung up; files opened before the last time are dead.
    generation: u64,
    is_exclusive: bool,
    /// The modes that cannot be changed: a bit or byte each.
    locked_modes: Termios,
}

impl Tty {
    /// A terminal with device number `device` at `wire`.
    pub fn new(device: u64, wire: Arc<dyn Wire>, settings: Settings) -> Result<Self> {
        let mut outgoing = VecDeque::new();
        outgoing.try_reserve_exact(OUTGOING).map_err(|_| Errno::ENOMEM)?;
        let state = State {
            discipline: LineDiscipline::new(settings).map_err(|_| Errno::ENOMEM)?,
            outgoing,
            size: Winsize::default(),
            session: None,
            foreground: None,
            generation: 0,
            is_exclusive: false,
            locked_modes: Termios::default(),
        };
        Ok(Self { device, wire, state: SpinLock::new(state), changed: WaitQueue::new(), reading: Mutex::new(()) })
    }

    /// Takes received bytes, as many as there is room for, and acts on those that are keys. Returns how many it took.
    pub fn receive(&self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() {
            let (count, signal) = self.receive_up_to_signal(&bytes[taken..]);
            taken += count;
            match signal {
                Some(signal) => self.signal_foreground(signal),
                None => break,
            }
        }
        self.changed.wake_all();
        taken
    }

    /// Takes a break on the line.
    pub fn receive_break(&self) {
        let signal = self.state.lock().discipline.receive_break();
        if let Some(signal) = signal {
            self.signal_foreground(number_of(signal));
        }
        self.changed.wake_all();
    }

    /// Whether it can receive at least one byte.
    pub fn has_room(&self) -> bool {
        self.state.lock().discipline.room() > 0
    }

    /// Whether something is to be sent that only the wire holds up.
    pub fn is_waiting_for_wire(&self) -> bool {
        self.state.lock().is_waiting_for_wire()
    }

    /// Sends on what waits for the wire. True while something still waits that only the wire holds up.
    pub fn pump(&self) -> bool {
        let (has_sent, is_waiting) = {
            let mut state = self.state.lock();
            (state.pump(&*self.wire), state.is_waiting_for_wire())
        };
        if has_sent {
            self.changed.wake_all();
        }
        is_waiting
    }

    /// Sets the window's size and tells the foreground group when it has changed.
    pub fn set_window_size(&self, size: Winsize) {
        let previous = core::mem::replace(&mut self.state.lock().size, size);
        if previous != size {
            self.signal_foreground(Signal::WINCH);
        }
    }

    /// The queue that is woken when readiness may have changed.
    pub fn wait_queue(&self) -> &WaitQueue {
        &self.changed
    }

    /// What a file of this `generation` is ready for.
    fn poll(&self, generation: u64) -> Ready {
        let state = self.state.lock();
        if state.generation != generation {
            return Ready::ALWAYS | Ready::ERR | Ready::HUP;
        }
        let mut ready = Ready::empty();
        ready.set(Ready::READABLE, state.discipline.is_readable());
        ready.set(Ready::WRITABLE, state.accepts_output());
        ready
    }

    fn receive_up_to_signal(&self, bytes: &[u8]) -> (usize, Option<Signal>) {
        let mut state = self.state.lock();
        let mut taken = 0;
        let mut signal = None;
        while taken < bytes.len() && state.discipline.room() > 0 && signal.is_none() {
            signal = state.discipline.receive(bytes[taken]).map(number_of);
            taken += 1;
        }
        state.pump(&*self.wire);
        (taken, signal)
    }

    fn signal_foreground(&self, signal: Signal) {
        if let Some(group) = self.foreground() {
            group.signal(signal);
        }
    }
}

impl State {
    /// Moves echo and output towards the wire; whether any of it went.
    fn pump(&mut self, wire: &dyn Wire) -> bool {
        let mut has_sent = false;
        loop {
            self.gather_echo();
            if self.discipline.is_stopped() || self.outgoing.is_empty() {
                return has_sent;
            }
            let (front, _) = self.outgoing.as_slices();
            match wire.try_transmit(front) {
                0 => return has_sent,
                count => _ = self.outgoing.drain(..count),
            }
            has_sent = true;
        }
    }

    fn gather_echo(&mut self) {
        let mut portion = [0; 64];
        while self.discipline.has_echo() {
            let room = portion.len().min(OUTGOING - self.outgoing.len());
            if room == 0 {
                return;
            }
            let count = self.discipline.take_echo(&mut portion[..room]);
            self.outgoing.extend(&portion[..count]);
        }
    }

    fn is_waiting_for_wire(&self) -> bool {
        !self.discipline.is_stopped() && !self.outgoing.is_empty()
    }

    /// Whether a write would be taken: nothing holds up what was written before.
    fn accepts_output(&self) -> bool {
        !self.discipline.is_stopped() && self.outgoing.len() < OUTGOING / 2
    }
}

fn number_of(signal: KeySignal) -> Signal {
    match signal {
        KeySignal::Interrupt => Signal::INT,
        KeySignal::Quit => Signal::QUIT,
        KeySignal::Suspend => Signal::TSTP,
    }
}
