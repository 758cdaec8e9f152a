//! The ring of the kernel's log, for `/dev/kmsg` and `syslog(2)`.
//!
//! Records are kept as the text lines that COM2 gets, each with a number. The oldest make room for new ones. Appending
//! never waits, so that it may be called from anywhere that may log.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use arch::clock;
use caps::Kind;
use mm::user::{Sink, Source};
use object::{Location, Node, Object, Ready, Seek};
use sched::WaitQueue;
use sync::{IrqLock, ranks};

use crate::device::device_stat;
use crate::patience::Patience;

/// Bytes kept.
pub const CAPACITY: usize = 64 * 1024;
/// The longest line that is kept whole.
const LINE: usize = 512;
/// The kernel's facility and the priority "informational", as a log reader expects them.
const PRIORITY: u64 = 6;

/// How often a reader that waits for new records looks for them.
const FOLLOW_NS: u64 = 200_000_000;

/// Where readers wait; nobody wakes them.
static FOLLOWERS: WaitQueue = WaitQueue::new();

struct Ring {
    bytes: [u8; CAPACITY],
    /// Bytes ever written; the byte with number n stands at n modulo the capacity.
    end: u64,
    /// The first byte that is still kept and begins a line.
    start: u64,
    /// The start that `syslog(SYSLOG_ACTION_CLEAR)` set for itself.
    cleared: u64,
}

static RING: IrqLock<Ring, ranks::Log> = IrqLock::new(Ring { bytes: [0; CAPACITY], end: 0, start: 0, cleared: 0 });

impl Ring {
    fn at(&self, position: u64) -> u8 {
        self.bytes[(position % CAPACITY as u64) as usize]
    }

    fn push(&mut self, byte: u8) {
        if self.end - self.start == CAPACITY as u64 {
            self.drop_line();
        }
        self.bytes[(self.end % CAPACITY as u64) as usize] = byte;
        self.end += 1;
    }

    fn drop_line(&mut self) {
        while self.start < self.end {
            self.start += 1;
            if self.at(self.start - 1) == b'\n' {
                return;
            }
        }
    }

    /// Copies the line at or after `position`; where it began and ended.
    fn line_at(&self, position: u64, to: &mut [u8; LINE]) -> Option<(u64, usize)> {
        let begin = position.max(self.start);
        let len = (begin..self.end).position(|position| self.at(position) == b'\n')?;
        for (place, position) in to.iter_mut().zip(begin..begin + len as u64) {
            *place = self.at(position);
        }
        Some((begin, len))
    }
}

/// Appends a piece of the log; a new line ends a record.
pub fn append(text: &[u8]) {
    let mut ring = RING.lock();
    text.iter().for_each(|&byte| ring.push(byte));
}

/// Copies the newest whole lines that fit `to`, oldest first, leaving out what was cleared: `syslog`'s way of reading.
pub fn read_newest(to: &mut Sink<'_>) -> Result<usize> {
    let mut position = {
        let ring = RING.lock();
        let first = ring.start.max(ring.cleared);
        first.max(ring.end.saturating_sub(to.remaining() as u64))
    };
    let mut total = 0;
    let mut portion = [0; LINE];
    loop {
        let count = {
            let ring = RING.lock();
            position = position.max(ring.start);
            let count = ((ring.end - position) as usize).min(LINE).min(to.remaining());
            for (place, position) in portion[..count].iter_mut().zip(position..) {
                *place = ring.at(position);
            }
            count
        };
        if count == 0 {
            return Ok(total);
        }
        total += to.write(&portion[..count])?;
        position += count as u64;
    }
}

/// Hides what is there now from [`read_newest`].
pub fn clear() {
    let mut ring = RING.lock();
    ring.cleared = ring.end;
}

/// How many bytes [`read_newest`] would give.
pub fn len() -> usize {
    let ring = RING.lock();
    (ring.end - ring.start.max(ring.cleared)) as usize
}

/// Opens `/dev/kmsg` as found at `location`.
pub fn open(location: Option<&Location>, flags: OpenFlags) -> Result<Arc<dyn Object>> {
    let position = AtomicU64::new(0);
    let file: Arc<dyn Object> = mm::alloc::try_arc(KmsgFile { location: location.cloned(), flags, position })?;
    Ok(file)
}

/// An open file description of `/dev/kmsg`: one record a read.
struct KmsgFile {
    location: Option<Location>,
    flags: OpenFlags,
    position: AtomicU64,
}

impl Object for KmsgFile {
    fn kind(&self) -> Kind {
        Kind::Device
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        let mut line = [0; LINE];
        let position = self.position.load(Ordering::Relaxed);
        let (begin, len) = loop {
            // Appending wakes nobody, since it happens in any context: a follower looks now and then.
            let look_again = clock::now_ns().saturating_add(FOLLOW_NS);
            let found = Patience::of(self.flags)
                .wait(&FOLLOWERS, Some(look_again), || RING.lock().line_at(position, &mut line));
            match found {
                Err(Errno::ETIMEDOUT) => continue,
                other => break other?,
            }
        };
        let mut head = [0; 64];
        let head = write_head(&mut head, begin);
        let kept = len.min(LINE);
        if to.remaining() < head.len() + kept + 1 {
            return Err(Errno::EINVAL);
        }
        to.write(head)?;
        to.write(&line[..kept])?;
        to.write(b"\n")?;
        self.position.store(begin + len as u64 + 1, Ordering::Relaxed);
        Ok(head.len() + kept + 1)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let mut line = [0; LINE];
        let total = from.remaining();
        let count = from.copy_to(&mut line)?;
        log::info!("{}", core::str::from_utf8(&line[..count]).unwrap_or("(not text)").trim_end());
        Ok(total)
    }

    fn seek(&self, to: Seek) -> Result<u64> {
        let position = match to {
            Seek::Set(0) => 0,
            Seek::End(0) => RING.lock().end,
            _ => return Err(Errno::EINVAL),
        };
        self.position.store(position, Ordering::Relaxed);
        Ok(0)
    }

    fn status_flags(&self) -> OpenFlags {
        self.flags.kept()
    }

    fn stat(&self) -> Result<Stat> {
        match &self.location {
            Some(location) => location.node().stat(),
            None => Ok(device_stat(1 << 8 | 11)),
        }
    }

    fn node(&self) -> Option<&Arc<dyn Node>> {
        self.location.as_ref().map(Location::node)
    }

    fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    fn poll(&self) -> Ready {
        let mut ready = Ready::WRITABLE;
        ready.set(Ready::READABLE, self.position.load(Ordering::Relaxed) < RING.lock().end);
        ready
    }
}

/// The fields before a record's text: priority, number, time (kept in the text itself) and flags.
fn write_head(buffer: &mut [u8; 64], number: u64) -> &[u8] {
    use core::fmt::Write;

    struct Filled<'a>(&'a mut [u8; 64], usize);
    impl Write for Filled<'_> {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            let end = self.1 + text.len();
            self.0.get_mut(self.1..end).ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
            self.1 = end;
            Ok(())
        }
    }

    let mut filled = Filled(buffer, 0);
    // Two 20-digit numbers and punctuation fit 64 bytes.
    _ = write!(filled, "{PRIORITY},{number},0,-;");
    let len = filled.1;
    &buffer[..len]
}
