//! Pipes: a ring of pages between readers and writers.
//!
//! The ring is behind a sleeping mutex, since bytes are copied to and from user memory under it,
//! and such a copy may fault. How much the pipe holds and how many ends are open stand beside it
//! as atomics: waiting and polling look at these alone.
//!
//! Wake-ups happen when the state changes for somebody: readers when the pipe was empty, writers
//! when it could not take an atomic write and now can. A reader or writer that was waited for and
//! leaves something over passes the wake-up on. Once somebody polls an end, each transfer wakes
//! it, as edge-triggered users expect.

use crate::ring::{PAGE, Ring};
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use mm::frame::Frame;
use mm::user::{Sink, Source};
use object::Ready;
use sched::{Wait, WaitQueue};
use sync::ranks::Pipe as PipeRank;
use sync::{Mutex, MutexGuard};

/// Writes up to this size are not interleaved with others.
pub const PIPE_BUF: usize = 4096;
/// Bytes that a new pipe holds.
const DEFAULT_CAPACITY: usize = 65536;
/// The most that `F_SETPIPE_SZ` gives.
const MAX_CAPACITY: usize = 1 << 20;

/// Whether an operation may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// It sleeps until it can be done.
    Allowed,
    /// It ends with EAGAIN where it would sleep.
    Forbidden,
}

/// One side of a pipe: who is there, and who waits for it.
#[derive(Default)]
pub struct Side {
    /// Open ends.
    pub count: AtomicU32,
    /// Openings so far, for openers of a FIFO that wait for the other side.
    pub openings: AtomicU32,
    /// Where those of this side sleep, and where they are polled.
    pub queue: WaitQueue,
    is_polled: AtomicBool,
}

/// The shared part of a pipe.
pub struct Pipe {
    buffer: Mutex<Buffer, PipeRank>,
    /// Bytes held; changes under `buffer`.
    held: AtomicUsize,
    /// Bytes that fit at most; changes under `buffer`.
    capacity: AtomicUsize,
    /// The reading side.
    pub readers: Side,
    /// The writing side.
    pub writers: Side,
}

type Guard<'a> = MutexGuard<'a, Buffer, PipeRank>;

struct Buffer {
    ring: Ring,
    /// One place a page of the ring; filled when first written to, then kept.
    frames: Vec<Option<Frame>>,
}

impl Side {
    /// Notes that an end is polled, and gives its queue.
    pub fn polled_queue(&self) -> &WaitQueue {
        self.is_polled.store(true, Ordering::Relaxed);
        &self.queue
    }

    fn is_open(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Wakes one of this side if there was something to wait for, or if somebody polls.
    fn wake_if(&self, did_change: bool) {
        if did_change || self.is_polled.load(Ordering::Relaxed) {
            self.queue.wake_one();
        }
    }
}

impl Pipe {
    /// An empty pipe without ends.
    pub fn new() -> Result<Arc<Self>> {
        let pages = DEFAULT_CAPACITY / PAGE;
        let mut frames = mm::alloc::try_vec(pages)?;
        frames.resize_with(pages, || None);
        Ok(mm::alloc::try_arc(Self {
            buffer: Mutex::new(Buffer { ring: Ring::new(pages), frames }),
            held: AtomicUsize::new(0),
            capacity: AtomicUsize::new(DEFAULT_CAPACITY),
            readers: Side::default(),
            writers: Side::default(),
        })?)
    }

    /// Bytes that wait to be read.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Acquire)
    }

    /// Bytes that fit.
    pub fn capacity(&self) -> usize {
        self.capacity.load(Ordering::Relaxed)
    }

    fn free(&self) -> usize {
        self.capacity().saturating_sub(self.held())
    }

    /// What a reader can do.
    pub fn poll_reader(&self) -> Ready {
        let mut ready = Ready::empty();
        // Writers first: bytes written before the last one left must not be missed.
        if !self.writers.is_open() && self.writers.openings.load(Ordering::Relaxed) > 0 {
            ready |= Ready::HUP;
        }
        if self.held() > 0 {
            ready |= Ready::READABLE;
        }
        ready
    }

    /// What a writer can do.
    pub fn poll_writer(&self) -> Ready {
        let mut ready = Ready::empty();
        if self.free() >= PIPE_BUF {
            ready |= Ready::WRITABLE;
        }
        if !self.readers.is_open() {
            ready |= Ready::ERR;
        }
        ready
    }

    /// Takes bytes out; 0 once the pipe is empty and no writer is left. EAGAIN, ERESTARTSYS, EFAULT.
    pub fn read(&self, to: &mut Sink<'_>, waiting: Waiting) -> Result<usize> {
        if to.remaining() == 0 {
            return Ok(0);
        }
        let mut has_slept = false;
        loop {
            {
                let buffer = self.buffer.lock();
                if !buffer.ring.is_empty() {
                    return self.take(buffer, to, has_slept);
                }
            }
            if !self.writers.is_open() {
                // One may have written and left since the look at the ring.
                if self.held() > 0 {
                    continue;
                }
                return Ok(0);
            }
            if waiting == Waiting::Forbidden {
                return Err(Errno::EAGAIN);
            }
            let is_over = || (self.held() > 0 || !self.writers.is_open()).then_some(());
            self.readers.queue.wait_until(Wait::INTERRUPTIBLE, is_over).map_err(|_| Errno::ERESTARTSYS)?;
            has_slept = true;
        }
    }

    /// Moves what it can, opens the lock, and only then wakes: whoever wakes will want the lock.
    fn take(&self, mut buffer: Guard<'_>, to: &mut Sink<'_>, has_slept: bool) -> Result<usize> {
        let free_before = buffer.ring.free();
        let (mut left, mut done, mut failure) = (to.remaining(), 0, None);
        while left > 0 {
            let span = buffer.ring.read_span();
            let wanted = span.len.min(left);
            // An empty ring, or a page that no byte was ever put into, gives nothing.
            let Some(Some(frame)) = buffer.frames.get(span.page) else { break };
            match to.write_from_frame(frame, span.offset, wanted) {
                Ok(count) => {
                    buffer.ring.took(count);
                    (done, left) = (done + count, left - count);
                    if count < wanted || wanted == 0 {
                        break;
                    }
                }
                Err(errno) => {
                    failure = Some(errno);
                    break;
                }
            }
        }
        let (held, free) = (buffer.ring.len(), buffer.ring.free());
        self.held.store(held, Ordering::Release);
        drop(buffer);
        // Others of this side may sleep although something is left: nobody else will tell them.
        if has_slept && held > 0 {
            self.readers.queue.wake_one();
        }
        self.writers.wake_if(free_before < PIPE_BUF && free >= PIPE_BUF);
        match failure {
            Some(errno) if done == 0 => Err(errno),
            _ => Ok(done),
        }
    }

    /// Puts bytes in: all of them, unless a signal comes, or fewer fit and waiting is forbidden. Up
    /// to [`PIPE_BUF`] bytes go in one piece. EPIPE without readers, EAGAIN, ERESTARTSYS, EFAULT.
    pub fn write(&self, from: &mut Source<'_>, waiting: Waiting) -> Result<usize> {
        let total = from.remaining();
        let needed = if total <= PIPE_BUF { total } else { 1 };
        let mut done = 0;
        let mut has_slept = false;
        loop {
            if !self.readers.is_open() {
                return if done > 0 { Ok(done) } else { Err(Errno::EPIPE) };
            }
            if done == total {
                return Ok(done);
            }
            let buffer = self.buffer.lock();
            if buffer.ring.free() >= needed {
                match self.put(buffer, from, total - done, has_slept) {
                    Ok(0) => return Ok(done),
                    Ok(count) => done += count,
                    Err(errno) => return if done > 0 { Ok(done) } else { Err(errno) },
                }
                // The common end of the loop, without another look at the readers.
                if done == total {
                    return Ok(done);
                }
                continue;
            }
            drop(buffer);
            if waiting == Waiting::Forbidden {
                return if done > 0 { Ok(done) } else { Err(Errno::EAGAIN) };
            }
            let is_over = || (self.free() >= needed || !self.readers.is_open()).then_some(());
            match self.writers.queue.wait_until(Wait::INTERRUPTIBLE, is_over) {
                Ok(()) => has_slept = true,
                Err(_) if done > 0 => return Ok(done),
                Err(_) => return Err(Errno::ERESTARTSYS),
            }
        }
    }

    /// As [`Self::take`], the other way; `offered` is how much `from` has.
    fn put(&self, mut buffer: Guard<'_>, from: &mut Source<'_>, offered: usize, has_slept: bool) -> Result<usize> {
        let was_empty = buffer.ring.is_empty();
        let (mut done, mut failure) = (0, None);
        while done < offered {
            let span = buffer.ring.write_span();
            let wanted = span.len.min(offered - done);
            let copied = buffer.frame(span.page).and_then(|frame| from.copy_to_frame(frame, span.offset, wanted));
            match copied {
                Ok(count) => {
                    buffer.ring.wrote(count);
                    done += count;
                    if count < wanted || wanted == 0 {
                        break;
                    }
                }
                Err(errno) => {
                    failure = Some(errno);
                    break;
                }
            }
        }
        let free = buffer.ring.free();
        self.held.store(buffer.ring.len(), Ordering::Release);
        drop(buffer);
        if has_slept && free >= PIPE_BUF {
            self.writers.queue.wake_one();
        }
        if done > 0 {
            self.readers.wake_if(was_empty);
        }
        match failure {
            Some(errno) if done == 0 => Err(errno),
            _ => Ok(done),
        }
    }

    /// `F_SETPIPE_SZ`: makes room for at least `wanted` bytes, and says for how many. EBUSY if it
    /// holds more than that, EPERM above the limit, EINVAL for 0.
    pub fn set_capacity(&self, wanted: usize) -> Result<usize> {
        if wanted == 0 || wanted > i32::MAX as usize {
            return Err(Errno::EINVAL);
        }
        let capacity = wanted.max(PAGE).next_power_of_two();
        if capacity > MAX_CAPACITY {
            return Err(Errno::EPERM);
        }
        let mut buffer = self.buffer.lock();
        if buffer.ring.len() > capacity {
            return Err(Errno::EBUSY);
        }
        buffer.move_to(capacity / PAGE)?;
        self.capacity.store(capacity, Ordering::Release);
        drop(buffer);
        self.writers.queue.wake_all();
        Ok(capacity)
    }

    /// An end of `side` was opened.
    pub fn open(&self, side: impl Fn(&Self) -> &Side) {
        let side = side(self);
        side.count.fetch_add(1, Ordering::AcqRel);
        side.openings.fetch_add(1, Ordering::AcqRel);
    }

    /// An end of `side` was closed; the last one is news for the other side, which sees the end or an
    /// error. An emptied place of meeting (a FIFO nobody has open) forgets what it held.
    pub fn close(&self, side: impl Fn(&Self) -> &Side) {
        if side(self).count.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        if !self.readers.is_open() && !self.writers.is_open() {
            let mut buffer = self.buffer.lock();
            if !self.readers.is_open() && !self.writers.is_open() {
                buffer.clear();
                self.held.store(0, Ordering::Release);
            }
        }
        self.readers.queue.wake_all();
        self.writers.queue.wake_all();
    }
}

impl Buffer {
    /// The frame of a page of the ring, made at first use.
    fn frame(&mut self, page: usize) -> Result<&Frame> {
        let place = &mut self.frames[page];
        if place.is_none() {
            *place = Some(Frame::for_overwrite()?);
        }
        place.as_ref().ok_or(Errno::ENOMEM)
    }

    fn clear(&mut self) {
        self.ring = Ring::new(self.frames.len());
        self.frames.iter_mut().for_each(|frame| *frame = None);
    }

    /// Moves what is held into a ring of `pages` pages.
    fn move_to(&mut self, pages: usize) -> Result<()> {
        let mut frames: Vec<Option<Frame>> = mm::alloc::try_vec(pages)?;
        let (mut from, mut to) = (self.ring, Ring::new(pages));
        let mut bytes = [0u8; 256];
        while !from.is_empty() {
            let (source, target) = (from.read_span(), to.write_span());
            let count = source.len.min(target.len).min(bytes.len());
            if frames.len() <= target.page {
                frames.push(Some(Frame::for_overwrite()?));
            }
            if let (Some(old), Some(new)) = (&self.frames[source.page], &frames[target.page]) {
                old.read(source.offset, &mut bytes[..count]);
                new.write(target.offset, &bytes[..count]);
            }
            from.took(count);
            to.wrote(count);
        }
        frames.resize_with(pages, || None);
        (self.ring, self.frames) = (to, frames);
        Ok(())
    }
}
