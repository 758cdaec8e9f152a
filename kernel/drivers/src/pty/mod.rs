//! Pseudo-terminals: a terminal whose wire is a process.
//!
//! A pair is a [`Tty`], opened as `/dev/pts/N`, and a [`Wire`] whose far end is the file that opening `/dev/ptmx`
//! gave. The master's writes are the terminal's received bytes; what the terminal transmits waits in a bounded ring
//! for the master's reads. The pair lives in the registry while its master is open.

mod file_system;
mod master;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::{Errno, Mode, Result};
use object::{Owner, Permissions};
use sched::WaitQueue;
use sync::{SpinLock, ranks};

use crate::device::number;
use crate::line_discipline::Settings;
use crate::tty::{LossOfSession, Tty, Wire};

pub use file_system::Devpts;
pub use master::open;

/// The major number of the terminals' ends.
const MAJOR: u64 = 136;
/// How many pairs there may be.
const PAIRS: usize = 4096;
/// How much a master need not have read before the terminal's writers wait.
const RING: usize = 8192;

/// A pseudo-terminal.
struct Pair {
    index: usize,
    tty: Arc<Tty>,
    line: Arc<Line>,
    permissions: SpinLock<Permissions, ranks::ObjectState>,
}

/// Between the two ends.
struct Line {
    ring: SpinLock<Ring, ranks::PtyRing>,
    /// Woken when the master may have become readable or writable.
    changed: WaitQueue,
    /// Set until the master's owner has unlocked the terminal's end.
    is_locked: AtomicBool,
}

struct Ring {
    bytes: VecDeque<u8>,
    opens: usize,
    /// The terminal's end was open and is so no longer.
    is_deserted: bool,
}

static REGISTRY: SpinLock<Vec<Option<Arc<Pair>>>, ranks::PtyRegistry> = SpinLock::new(Vec::new());

impl Pair {
    /// Makes a pair that belongs to `owner`.
    fn make(owner: Owner) -> Result<Arc<Self>> {
        let mut bytes = VecDeque::new();
        bytes.try_reserve_exact(RING).map_err(|_| Errno::ENOMEM)?;
        let ring = SpinLock::new(Ring { bytes, opens: 0, is_deserted: false });
        let line = mm::alloc::try_arc(Line { ring, changed: WaitQueue::new(), is_locked: AtomicBool::new(true) })?;
        let permissions = Permissions { mode: Mode::from_raw(0o620), uid: owner.uid, gid: owner.gid };
        let index = reserve()?;
        let made = Tty::new(number(MAJOR, index as u64), line.clone(), Settings::new()).and_then(|tty| {
            let tty = mm::alloc::try_arc(tty)?;
            Ok(mm::alloc::try_arc(Self { index, tty, line, permissions: SpinLock::new(permissions) })?)
        });
        match &made {
            Ok(pair) => REGISTRY.lock()[index] = Some(pair.clone()),
            Err(_) => RESERVED.lock()[index / 64] &= !(1 << (index % 64)),
        }
        made
    }

    /// The pair with this number.
    fn find(index: usize) -> Option<Arc<Self>> {
        REGISTRY.lock().get(index)?.clone()
    }

    /// Takes the pair out of the registry; its terminal is dead from here on.
    fn close(&self) {
        // A node that somebody still holds opens it no more.
        self.line.is_locked.store(true, Ordering::Relaxed);
        let _pair = REGISTRY.lock().get_mut(self.index).and_then(Option::take);
        RESERVED.lock()[self.index / 64] &= !(1 << (self.index % 64));
        self.tty.disconnect();
    }
}

/// Numbers in use, which outlast the registry's entry while a pair is made.
static RESERVED: SpinLock<[u64; PAIRS / 64], ranks::PtyRing> = SpinLock::new([0; PAIRS / 64]);

/// The lowest free number, with a place in the registry.
fn reserve() -> Result<usize> {
    let mut registry = REGISTRY.lock();
    let mut reserved = RESERVED.lock();
    let word = reserved.iter().position(|&word| word != u64::MAX).ok_or(Errno::ENOSPC)?;
    let index = word * 64 + reserved[word].trailing_ones() as usize;
    while registry.len() <= index {
        registry.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        registry.push(None);
    }
    reserved[word] |= 1 << (index % 64);
    Ok(index)
}

impl Line {
    /// Whether the master would read something: bytes, or the news that nobody is left.
    fn is_readable(&self) -> bool {
        let ring = self.ring.lock();
        !ring.bytes.is_empty() || ring.is_deserted
    }

    /// Copies bytes that wait, leaving them there.
    fn peek(&self, to: &mut [u8]) -> usize {
        let ring = self.ring.lock();
        let count = to.len().min(ring.bytes.len());
        for (place, &byte) in to.iter_mut().zip(&ring.bytes) {
            *place = byte;
        }
        count
    }

    /// Drops bytes that were read.
    fn consume(&self, count: usize) {
        self.ring.lock().bytes.drain(..count);
    }
}

impl Wire for Line {
    fn try_transmit(&self, bytes: &[u8]) -> usize {
        let count = {
            let mut ring = self.ring.lock();
            let count = bytes.len().min(RING - ring.bytes.len());
            ring.bytes.extend(&bytes[..count]);
            count
        };
        if count > 0 {
            self.changed.wake_all();
        }
        count
    }

    fn resume(&self) {
        self.changed.wake_all();
    }

    fn loss_of_session(&self) -> LossOfSession {
        LossOfSession::Release
    }

    fn opened(&self) -> Result<()> {
        if self.is_locked.load(Ordering::Relaxed) {
            return Err(Errno::EIO);
        }
        let mut ring = self.ring.lock();
        ring.opens += 1;
        ring.is_deserted = false;
        Ok(())
    }

    fn closed(&self) {
        let is_last = {
            let mut ring = self.ring.lock();
            ring.opens -= 1;
            ring.is_deserted = ring.opens == 0;
            ring.is_deserted
        };
        if is_last {
            self.changed.wake_all();
        }
    }
}
