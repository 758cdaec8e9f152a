//! Positions in a ring of pages: where the next bytes go and where the oldest ones are.
//!
//! It knows lengths only; the pages belong to the pipe. An emptied ring starts over at its first
//! page, so a pipe that never holds much stays on one page, warm in the cache.

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// A run of bytes that lies within one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which page.
    pub page: usize,
    /// First byte in it.
    pub offset: usize,
    /// Number of bytes; 0 if there is nothing.
    pub len: usize,
}

/// The positions.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    /// Offset of the oldest byte, below `capacity`.
    start: usize,
    len: usize,
    capacity: usize,
}

impl Ring {
    /// An empty ring of `pages` pages, at least one.
    pub const fn new(pages: usize) -> Self {
        Self { start: 0, len: 0, capacity: pages * PAGE }
    }

    /// Bytes held.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no byte is held.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that fit yet.
    pub const fn free(&self) -> usize {
        self.capacity - self.len
    }

    /// Bytes that it can hold.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Where the next bytes go.
    pub fn write_span(&self) -> Span {
        let at = self.start + self.len;
        // A conditional subtraction, since a division costs more than a small transfer.
        let at = if at >= self.capacity { at - self.capacity } else { at };
        span(at, self.free())
    }

    /// Where the oldest bytes are.
    pub fn read_span(&self) -> Span {
        span(self.start, self.len)
    }

    /// `count` bytes, at most the last [`Self::write_span`], were put in.
    pub fn wrote(&mut self, count: usize) {
        debug_assert!(count <= self.free());
        self.len += count;
    }

    /// `count` bytes, at most the last [`Self::read_span`], were taken out.
    pub fn took(&mut self, count: usize) {
        debug_assert!(count <= self.len);
        self.len -= count;
        self.start += count;
        if self.start >= self.capacity {
            self.start -= self.capacity;
        }
        if self.len == 0 {
            self.start = 0;
        }
    }
}

fn span(at: usize, available: usize) -> Span {
    let offset = at % PAGE;
    Span { page: at / PAGE, offset, len: available.min(PAGE - offset) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn bytes_come_out_in_the_order_they_went_in(
            pages in 1usize..4,
            steps in proptest::collection::vec((any::<bool>(), 1usize..9000), 1..100),
        ) {
            let mut ring = Ring::new(pages);
            let mut memory = vec![[0u8; PAGE]; pages];
            let mut model = VecDeque::new();
            let mut next = 0u8;
            for (is_write, wanted) in steps {
                let mut left = wanted;
                while left > 0 {
                    let span = if is_write { ring.write_span() } else { ring.read_span() };
                    let count = span.len.min(left);
                    if count == 0 { break }
                    for byte in &mut memory[span.page][span.offset..span.offset + count] {
                        if is_write {
                            next = next.wrapping_add(1);
                            *byte = next;
                            model.push_back(next);
                        } else {
                            prop_assert_eq!(Some(*byte), model.pop_front());
                        }
                    }
                    if is_write { ring.wrote(count) } else { ring.took(count) }
                    left -= count;
                }
                prop_assert_eq!(ring.len(), model.len());
                let is_stopped_rightly = if is_write { ring.free() == 0 } else { ring.is_empty() };
                prop_assert!(left == 0 || is_stopped_rightly);
            }
        }
    }
}
