//! Observers of wait queues: how poll and epoll learn that something may have changed.

/// Is told of wake-ups.
pub trait Observer: Send + Sync {
    /// The queue was woken. Called with preemption off, perhaps by an interrupt handler: must not sleep, and must not drop the attachment.
    fn notify(&self);
}

/// An observer's place in a wait queue. Dropping it waits for a notification that is under way on another CPU to end.
pub struct Attachment {
    _private: (),
}
