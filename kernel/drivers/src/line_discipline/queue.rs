//! The bounded queue of typed input, with the ends of lines marked.

use alloc::collections::{TryReserveError, VecDeque};

/// How many bytes typed input may wait.
pub const CAPACITY: usize = 4096;

/// What stands at one place of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A byte within a line.
    Within,
    /// A byte that ends a line and belongs to it.
    Line,
    /// The end of the input: ends a line and is itself not delivered.
    EndOfFile,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    byte: u8,
    mark: Mark,
}

/// What a read took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Bytes delivered.
    pub count: usize,
    /// Whether a line (or the input) ended with them. With a `count` of 0 this is the end of the input.
    pub has_ended: bool,
}

/// Typed input: complete lines first, then the line being edited.
///
/// Invariant: `committed` cells at the front belong to complete lines; the last of them bears a mark other than
/// [`Mark::Within`] unless the terminal left raw mode with bytes waiting.
#[derive(Debug)]
pub struct InputQueue {
    cells: VecDeque<Cell>,
    committed: usize,
}

impl InputQueue {
    /// An empty queue with its whole memory.
    pub fn new() -> Result<Self, TryReserveError> {
        let mut cells = VecDeque::new();
        cells.try_reserve_exact(CAPACITY)?;
        Ok(Self { cells, committed: 0 })
    }

    /// All bytes that wait.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Places in complete lines.
    pub fn committed(&self) -> usize {
        self.committed
    }

    /// Bytes in complete lines that a reader would get.
    pub fn deliverable(&self) -> usize {
        self.cells.iter().take(self.committed).filter(|cell| cell.mark != Mark::EndOfFile).count()
    }

    /// Places left.
    pub fn room(&self) -> usize {
        CAPACITY - self.cells.len()
    }

    /// Appends to the line being edited; a full queue loses its last byte instead, so that an end of line can
    /// always be typed.
    pub fn push(&mut self, byte: u8) {
        self.append(Cell { byte, mark: Mark::Within });
    }

    /// Appends `byte` as the end of a line and makes the line readable.
    pub fn push_end(&mut self, byte: u8, mark: Mark) {
        self.append(Cell { byte, mark });
        self.committed = self.cells.len();
    }

    fn append(&mut self, cell: Cell) {
        if self.cells.len() >= CAPACITY {
            self.cells.pop_back();
            self.committed = self.committed.min(self.cells.len());
        }
        self.cells.push_back(cell);
    }

    /// Bytes of the line being edited.
    pub fn edited(&self) -> impl DoubleEndedIterator<Item = u8> + '_ {
        self.cells.range(self.committed..).map(|cell| cell.byte)
    }

    /// The byte at `index`, counted from the oldest.
    pub fn at(&self, index: usize) -> Option<u8> {
        self.cells.get(index).map(|cell| cell.byte)
    }

    /// Whether the line being edited is empty.
    pub fn is_line_empty(&self) -> bool {
        self.cells.len() == self.committed
    }

    /// Takes the last byte of the line being edited.
    pub fn pop(&mut self) -> Option<u8> {
        if self.is_line_empty() {
            return None;
        }
        self.cells.pop_back().map(|cell| cell.byte)
    }

    /// Drops the line being edited.
    pub fn kill_line(&mut self) {
        self.cells.truncate(self.committed);
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.committed = 0;
    }

    /// Forgets the marks and makes what waits one readable stretch: what a change between line and raw mode does.
    pub fn remark(&mut self) {
        for cell in &mut self.cells {
            cell.mark = Mark::Within;
        }
        self.committed = self.cells.len();
    }

    /// Takes bytes up to the end of a line or until `to` is full. An end of input right behind the last byte that
    /// fitted goes with it, so that it is not met again by itself.
    pub fn take_line(&mut self, to: &mut [u8]) -> Taken {
        let mut count = 0;
        while self.committed > 0 {
            let Some(cell) = self.cells.front().copied() else { break };
            if count == to.len() && cell.mark != Mark::EndOfFile {
                break;
            }
            self.cells.pop_front();
            self.committed -= 1;
            if cell.mark != Mark::EndOfFile {
                to[count] = cell.byte;
                count += 1;
            }
            if cell.mark != Mark::Within {
                return Taken { count, has_ended: true };
            }
        }
        Taken { count, has_ended: false }
    }

    /// Takes bytes whatever the lines.
    pub fn take_raw(&mut self, to: &mut [u8]) -> Taken {
        let count = to.len().min(self.cells.len());
        for (place, cell) in to.iter_mut().zip(self.cells.drain(..count)) {
            *place = cell.byte;
        }
        self.committed = self.committed.saturating_sub(count);
        Taken { count, has_ended: false }
    }
}
