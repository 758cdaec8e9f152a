//! Reading.

use abi::{Errno, Result, Signal};
use arch::clock;
use mm::user::Sink;

use super::Tty;
use crate::line_discipline::{RawWait, Taken};
use crate::patience::Patience;

/// How many bytes are copied to user memory at a time.
const PORTION: usize = 256;
/// VTIME's unit.
const TENTH_NS: u64 = 100_000_000;

/// How much of a read is done.
enum Step {
    /// It returns with what it has.
    Done,
    /// Nothing to take now.
    Empty(Mode),
}

/// How the terminal delivers input at the moment.
#[derive(Clone, Copy)]
enum Mode {
    Canonical,
    Raw(RawWait),
}

/// A read under way.
struct Reading<'a, 'b> {
    to: &'a mut Sink<'b>,
    wanted: usize,
    total: usize,
}

impl Tty {
    /// Reads for a file of `generation`: a line, or in raw mode as VMIN and VTIME say.
    pub(super) fn read(&self, to: &mut Sink<'_>, patience: Patience, generation: u64) -> Result<usize> {
        self.check_background(Signal::TTIN)?;
        let wanted = to.remaining();
        if wanted == 0 {
            return Ok(0);
        }
        let mut reading = Reading { to, wanted, total: 0 };
        let mut deadline = None;
        loop {
            let before = reading.total;
            let mode = match self.take_available(&mut reading, generation)? {
                Step::Done => return Ok(reading.total),
                Step::Empty(mode) => mode,
            };
            if deadline.is_none() || reading.total > before {
                deadline = deadline_of(mode, reading.total);
            }
            if matches!(mode, Mode::Raw(RawWait { minimum: 0, tenths: 0 })) {
                return Ok(reading.total);
            }
            match self.wait_for_input(patience, deadline, generation) {
                Ok(()) => {}
                Err(Errno::ETIMEDOUT) => return Ok(reading.total),
                Err(_) if reading.total > 0 => return Ok(reading.total),
                Err(errno) => return Err(errno),
            }
        }
    }

    fn wait_for_input(&self, patience: Patience, deadline: Option<u64>, generation: u64) -> Result<()> {
        patience.wait(&self.changed, deadline, || {
            let state = self.state.lock();
            (state.discipline.has_input() || state.generation != generation).then_some(())
        })
    }

    /// Takes what is there, as far as the read may have it.
    fn take_available(&self, reading: &mut Reading<'_, '_>, generation: u64) -> Result<Step> {
        let _alone = self.reading.lock();
        let mut portion = [0; PORTION];
        loop {
            let room = reading.to.remaining().min(PORTION);
            let Some((mode, taken)) = self.take(&mut portion[..room], generation) else {
                return Ok(Step::Done);
            };
            match reading.to.write(&portion[..taken.count]) {
                Ok(count) => reading.total += count,
                Err(errno) if reading.total == 0 => return Err(errno),
                Err(_) => return Ok(Step::Done),
            }
            if taken.has_ended || reading.to.remaining() == 0 {
                return Ok(Step::Done);
            }
            if taken.count == room {
                continue;
            }
            return Ok(if reading.has_enough(mode) { Step::Done } else { Step::Empty(mode) });
        }
    }

    /// Takes a portion; `None` when the line was hung up.
    fn take(&self, portion: &mut [u8], generation: u64) -> Option<(Mode, Taken)> {
        let (mode, taken, had_room) = {
            let mut state = self.state.lock();
            if state.generation != generation {
                return None;
            }
            let discipline = &mut state.discipline;
            let had_room = discipline.room() > 0;
            let is_canonical = discipline.settings().is_canonical();
            let mode = if is_canonical { Mode::Canonical } else { Mode::Raw(discipline.raw_wait()) };
            (mode, discipline.take(portion), had_room)
        };
        if !had_room && taken.count > 0 {
            self.wire.resume();
        }
        Some((mode, taken))
    }
}

impl Reading<'_, '_> {
    fn has_enough(&self, mode: Mode) -> bool {
        match mode {
            Mode::Canonical => self.total > 0,
            Mode::Raw(RawWait { minimum, .. }) => self.total > 0 && self.total >= minimum.min(self.wanted),
        }
    }
}

/// Until when to wait for the next byte after `total` have come.
fn deadline_of(mode: Mode, total: usize) -> Option<u64> {
    let Mode::Raw(RawWait { minimum, tenths }) = mode else {
        return None;
    };
    // With a minimum, VTIME limits the time between bytes and so starts with the first.
    if tenths == 0 || (minimum > 0 && total == 0) {
        return None;
    }
    Some(clock::now_ns().saturating_add(u64::from(tenths) * TENTH_NS))
}
