//! Writing.

use abi::{Errno, Result, Signal};
use arch::clock;
use mm::user::Source;

use super::{OUTGOING, State, Tty};
use crate::line_discipline::{EXPANSION, Local};
use crate::patience::Patience;

/// How many bytes are copied from user memory at a time.
const PORTION: usize = 256;
/// How long a writer trusts that it is woken when the wire takes more, before it looks by itself.
const LOOK_NS: u64 = 100_000_000;
/// How many bytes the state's lock is held for.
const STRETCH: usize = 64;

impl Tty {
    /// Writes `from` to a file of `generation`.
    pub(super) fn write(&self, from: &mut Source<'_>, patience: Patience, generation: u64) -> Result<usize> {
        if self.state.lock().discipline.settings().local.contains(Local::TOSTOP) {
            self.check_background(Signal::TTOU)?;
        }
        let mut written = 0;
        let mut portion = [0; PORTION];
        loop {
            let outcome = match from.copy_to(&mut portion) {
                Ok(0) => return Ok(written),
                Ok(count) => self.write_portion(&portion[..count], patience, generation, &mut written),
                Err(errno) => Err(errno),
            };
            match outcome {
                Ok(()) => {}
                Err(_) if written > 0 => return Ok(written),
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Waits until everything written has gone to the wire.
    pub(super) fn drain(&self, generation: u64) -> Result<()> {
        self.wait_for_wire(Patience::Wait, generation, |state| state.outgoing.is_empty())
    }

    fn write_portion(&self, mut bytes: &[u8], patience: Patience, generation: u64, written: &mut usize) -> Result<()> {
        while !bytes.is_empty() {
            let count = self.write_stretch(bytes, generation)?;
            if count == 0 {
                self.wait_for_wire(patience, generation, State::accepts_output)?;
            }
            bytes = &bytes[count..];
            *written += count;
        }
        Ok(())
    }

    /// Writes a few bytes if nothing is in the way, and says how many.
    fn write_stretch(&self, bytes: &[u8], generation: u64) -> Result<usize> {
        let mut mapped = [0; STRETCH * EXPANSION];
        let mut state = self.state.lock();
        if state.generation != generation {
            return Err(Errno::EIO);
        }
        state.pump(&*self.wire);
        if !state.accepts_output() {
            return Ok(0);
        }
        let room = mapped.len().min(OUTGOING - state.outgoing.len());
        let (count, made) = state.discipline.process_output(&bytes[..bytes.len().min(STRETCH)], &mut mapped[..room]);
        state.outgoing.extend(&mapped[..made]);
        state.pump(&*self.wire);
        Ok(count)
    }

    fn wait_for_wire(&self, patience: Patience, generation: u64, is_done: fn(&State) -> bool) -> Result<()> {
        loop {
            let look_again = clock::now_ns().saturating_add(LOOK_NS);
            let outcome = patience.wait(&self.changed, Some(look_again), || {
                let mut state = self.state.lock();
                state.pump(&*self.wire);
                if state.generation != generation {
                    return Some(Err(Errno::EIO));
                }
                is_done(&state).then_some(Ok(()))
            });
            match outcome {
                Err(Errno::ETIMEDOUT) => continue,
                other => return other?,
            }
        }
    }
}
