//! What a socket has not received yet.

use super::message::Message;
use abi::{Errno, Result};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::sync::atomic::{AtomicUsize, Ordering};
use sync::SpinLock;
use sync::ranks::SocketQueue;

/// Messages in order. How many there are can be read without the lock.
pub struct Inbox {
    queue: SpinLock<Queue, SocketQueue>,
    /// Bytes in the queue; changes under its lock.
    held: AtomicUsize,
    /// Messages in the queue; changes under its lock.
    count: AtomicUsize,
}

struct Queue {
    /// Places are empty while their messages are looked at.
    messages: VecDeque<Option<Box<Message>>>,
    is_closed: bool,
}

impl Inbox {
    /// An empty one.
    pub const fn new() -> Self {
        let queue = Queue { messages: VecDeque::new(), is_closed: false };
        Self { queue: SpinLock::new(queue), held: AtomicUsize::new(0), count: AtomicUsize::new(0) }
    }

    /// Bytes that wait to be received.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Acquire)
    }

    /// Messages that wait to be received.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Bytes of the first message.
    pub fn first_size(&self) -> usize {
        self.queue.lock().messages.front().and_then(Option::as_ref).map_or(0, |message| message.remaining())
    }

    /// Puts a message at the end, and leaves room for [`Self::put_front`]. EPIPE if nothing comes in any more, ENOMEM.
    pub fn push(&self, message: Box<Message>) -> Result<()> {
        let (errno, message) = {
            let mut queue = self.queue.lock();
            if queue.is_closed {
                (Errno::EPIPE, message)
            } else if queue.messages.try_reserve(2).is_err() {
                (Errno::ENOMEM, message)
            } else {
                self.note(self.held.load(Ordering::Relaxed) + message.remaining(), queue.messages.len() + 1);
                queue.messages.push_back(Some(message));
                return Ok(());
            }
        };
        // Not under the lock.
        drop(message);
        Err(errno)
    }

    /// Takes the first message out, and says how many there were.
    pub fn pop(&self) -> Option<(Box<Message>, usize)> {
        let mut queue = self.queue.lock();
        let before = queue.messages.len();
        let message = queue.messages.pop_front().flatten()?;
        self.note(self.held.load(Ordering::Relaxed) - message.remaining(), before - 1);
        Some((message, before))
    }

    /// Puts what is left of the first message back. Nobody else has popped meanwhile.
    pub fn put_front(&self, message: Box<Message>) {
        let mut queue = self.queue.lock();
        self.note(self.held.load(Ordering::Relaxed) + message.remaining(), queue.messages.len() + 1);
        // Each push leaves room for it.
        queue.messages.push_front(Some(message));
    }

    fn note(&self, held: usize, count: usize) {
        self.held.store(held, Ordering::Release);
        self.count.store(count, Ordering::Release);
    }

    /// Takes a message out and leaves its place empty, for a look. Nobody pops meanwhile.
    pub fn borrow(&self, at: usize) -> Option<Box<Message>> {
        self.queue.lock().messages.get_mut(at)?.take()
    }

    /// Puts a message back into the place that it left empty.
    pub fn give_back(&self, at: usize, message: Box<Message>) {
        if let Some(place) = self.queue.lock().messages.get_mut(at) {
            // The place is empty: nothing is dropped here.
            *place = Some(message);
        }
    }

    /// Lets nothing more in. Whether something is left over; `None` if it was closed before.
    pub fn close(&self) -> Option<bool> {
        let mut queue = self.queue.lock();
        (!core::mem::replace(&mut queue.is_closed, true)).then(|| !queue.messages.is_empty())
    }
}
