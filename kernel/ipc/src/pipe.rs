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

use crate::buffer::Buffer;
use crate::ring::PAGE;
use abi::{Errno, Result};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use mm::user::{Sink, Source};
use object::Ready;
use sched::{Wait, WaitQueue};
use sync::Mutex;
use sync::ranks::Pipe as PipeRank;

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
    /// An end that is of both sides is polled, in the readers' queue, and wants to know of room too.
    is_polled_for_both: AtomicBool,
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
        if self.wants_waking(did_change) {
            self.queue.wake_one();
        }
    }

    fn wants_waking(&self, did_change: bool) -> bool {
        did_change || self.is_polled.load(Ordering::Relaxed)
    }
}

impl Pipe {
    /// An empty pipe without ends.
    pub fn new() -> Result<Arc<Self>> {
        let buffer = Buffer::new(DEFAULT_CAPACITY / PAGE)?;
        Ok(mm::alloc::try_arc(Self {
            buffer: Mutex::new(buffer),
            held: AtomicUsize::new(0),
            capacity: AtomicUsize::new(DEFAULT_CAPACITY),
            readers: Side::default(),
            writers: Side::default(),
            is_polled_for_both: AtomicBool::new(false),
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

    /// Where an end that is of both sides is polled.
    pub fn polled_queue_of_both(&self) -> &WaitQueue {
        self.is_polled_for_both.store(true, Ordering::Relaxed);
        self.writers.polled_queue();
        self.readers.polled_queue()
    }

    /// There is room: wakes a writer, and whoever polls for it among the readers.
    fn wake_writers(&self, did_change: bool) {
        if self.writers.wants_waking(did_change) {
            self.writers.queue.wake_one();
            if self.is_polled_for_both.load(Ordering::Relaxed) {
                self.readers.queue.wake_one();
            }
        }
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
        let wanted = to.remaining();
        if wanted == 0 {
            return Ok(0);
        }
        // Most reads find what they take in one page.
        let mut buffer = self.buffer.lock();
        let free_before = buffer.held_and_free().1;
        let Some(taken) = buffer.take_from_page(to, wanted) else {
            drop(buffer);
            return self.read_on(to, waiting);
        };
        let (held, free) = buffer.held_and_free();
        self.held.store(held, Ordering::Release);
        // Whoever is woken will want the lock.
        drop(buffer);
        self.wake_writers(free_before < PIPE_BUF && free >= PIPE_BUF);
        taken
    }

    /// Reads what lies in several pages, or waits for it.
    #[inline(never)]
    fn read_on(&self, to: &mut Sink<'_>, waiting: Waiting) -> Result<usize> {
        let mut has_slept = false;
        loop {
            let mut buffer = self.buffer.lock();
            let (held_before, free_before) = buffer.held_and_free();
            if held_before > 0 {
                let taken = buffer.take(to);
                let (held, free) = buffer.held_and_free();
                self.held.store(held, Ordering::Release);
                drop(buffer);
                // Others of this side may sleep although something is left: nobody else will tell them.
                if has_slept && held > 0 {
                    self.readers.queue.wake_one();
                }
                self.wake_writers(free_before < PIPE_BUF && free >= PIPE_BUF);
                return taken;
            }
            drop(buffer);
            if !self.writers.is_open() {
                // One may have written and left since the look at the buffer.
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

    /// Puts bytes in: all of them, unless a signal comes, or fewer fit and waiting is forbidden. Up
    /// to [`PIPE_BUF`] bytes go in one piece. EPIPE without readers, EAGAIN, ERESTARTSYS, EFAULT.
    pub fn write(&self, from: &mut Source<'_>, waiting: Waiting) -> Result<usize> {
        let total = from.remaining();
        if total == 0 {
            return Ok(0);
        }
        if !self.readers.is_open() {
            return Err(Errno::EPIPE);
        }
        // Most writes fit into the page where the last one ended.
        let mut buffer = self.buffer.lock();
        let held_before = buffer.held_and_free().0;
        let Some(put) = buffer.put_into_page(from, total) else {
            drop(buffer);
            return self.write_on(from, total, waiting);
        };
        self.held.store(buffer.held_and_free().0, Ordering::Release);
        drop(buffer);
        if put.is_ok() {
            self.readers.wake_if(held_before == 0);
        }
        put
    }

    /// Writes into several pages or fresh ones, or waits for room.
    #[inline(never)]
    fn write_on(&self, from: &mut Source<'_>, total: usize, waiting: Waiting) -> Result<usize> {
        let needed = if total <= PIPE_BUF { total } else { 1 };
        let (mut done, mut has_slept) = (0, false);
        while done < total {
            if !self.readers.is_open() {
                return if done > 0 { Ok(done) } else { Err(Errno::EPIPE) };
            }
            let mut buffer = self.buffer.lock();
            let (held_before, free_before) = buffer.held_and_free();
            if free_before >= needed {
                let put = buffer.put(from, total - done);
                let (held, free) = buffer.held_and_free();
                self.held.store(held, Ordering::Release);
                drop(buffer);
                if has_slept && free >= PIPE_BUF {
                    self.writers.queue.wake_one();
                }
                if held > held_before {
                    self.readers.wake_if(held_before == 0);
                }
                match put {
                    Ok(0) => break,
                    Ok(count) => done += count,
                    Err(_) if done > 0 => break,
                    Err(errno) => return Err(errno),
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
                Err(_) if done > 0 => break,
                Err(_) => return Err(Errno::ERESTARTSYS),
            }
        }
        Ok(done)
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
        if buffer.held_and_free().0 > capacity {
            return Err(Errno::EBUSY);
        }
        buffer.move_to(capacity / PAGE)?;
        self.capacity.store(capacity, Ordering::Release);
        drop(buffer);
        self.writers.queue.wake_all();
        self.wake_writers(true);
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
