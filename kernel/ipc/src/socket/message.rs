//! Messages: what one send puts into the queue of the receiver.

use super::endpoint::Endpoint;
use super::luggage::Luggage;
use abi::types::Ucred;
use abi::{Errno, Result};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use mm::frame::Frame;
use mm::user::{Sink, Source};

/// Up to this many bytes lie in the message itself.
const INLINE_MAX: usize = 128;
/// Up to this many bytes lie in a block of the heap; more lie in pages.
const BLOCK_MAX: usize = 2048;
/// What a message costs its sender beside its bytes.
const OVERHEAD: usize = 256;
/// Bytes of a page.
const PAGE: usize = 4096;

/// Bytes, who sent them, and what travels with them.
///
/// The sender is charged for the message until it is dropped, wherever that happens. A message may hold the last reference to
/// sockets, so it is never dropped under a lock.
#[derive(Default)]
pub struct Message {
    payload: Payload,
    len: usize,
    /// Bytes from the front that a stream's reader has taken.
    taken: usize,
    charge: Charge,
    /// Capabilities. They leave with the first byte.
    pub luggage: Option<Box<Luggage>>,
    /// Who sent it, if either side wants that known.
    pub credentials: Option<Ucred>,
}

/// What a message costs whom.
#[derive(Default)]
struct Charge {
    origin: Option<Arc<Endpoint>>,
    amount: usize,
}

enum Payload {
    Inline([u8; INLINE_MAX]),
    Block(Vec<u8>),
    Pages(Vec<Frame>),
}

impl Default for Payload {
    fn default() -> Self {
        Self::Inline([0; INLINE_MAX])
    }
}

/// What a message of `len` bytes costs its sender.
pub const fn cost(len: usize) -> usize {
    OVERHEAD + if len <= BLOCK_MAX { len } else { len.next_multiple_of(PAGE) }
}

impl Message {
    /// A message of the next `len` bytes. EFAULT, ENOMEM.
    pub fn new(from: &mut Source<'_>, len: usize) -> Result<Box<Self>> {
        // Made and filled in its place, since it is larger than what most messages carry.
        let mut message = mm::alloc::try_box_with(|| Self { len, ..Self::default() })?;
        message.payload.read(from, len)?;
        Ok(message)
    }

    /// Charges the sender.
    pub fn charge_to(&mut self, origin: Arc<Endpoint>) {
        let amount = cost(self.len);
        origin.charge(amount);
        self.charge = Charge { origin: Some(origin), amount };
    }

    /// Who sent it.
    pub fn origin(&self) -> Option<&Arc<Endpoint>> {
        self.charge.origin.as_ref()
    }

    /// Bytes that are left.
    pub const fn remaining(&self) -> usize {
        self.len - self.taken
    }

    /// Copies out as many of the bytes that are left as there is room for. EFAULT if that is none.
    pub fn copy_to(&self, to: &mut Sink<'_>) -> Result<usize> {
        match &self.payload {
            Payload::Inline(bytes) => to.write(&bytes[self.taken..self.len]),
            Payload::Block(bytes) => to.write(&bytes[self.taken..]),
            Payload::Pages(frames) => self.copy_pages(frames, to),
        }
    }

    fn copy_pages(&self, frames: &[Frame], to: &mut Sink<'_>) -> Result<usize> {
        let (mut at, mut done) = (self.taken, 0);
        while at < self.len && to.remaining() > 0 {
            let wanted = (PAGE - at % PAGE).min(self.len - at).min(to.remaining());
            match to.write_from_frame(&frames[at / PAGE], at % PAGE, wanted) {
                Ok(count) => {
                    (at, done) = (at + count, done + count);
                    if count < wanted {
                        break;
                    }
                }
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// Takes `count` bytes away from the front.
    pub fn advance(&mut self, count: usize) {
        self.taken += count.min(self.remaining());
    }
}

impl Payload {
    /// Takes the next `len` bytes. EFAULT if they are not all there, ENOMEM.
    fn read(&mut self, from: &mut Source<'_>, len: usize) -> Result<()> {
        if len > INLINE_MAX {
            *self = if len <= BLOCK_MAX {
                Self::Block(mm::alloc::try_vec_of(0, len)?)
            } else {
                Self::Pages(read_pages(from, len)?)
            };
        }
        let bytes = match self {
            Self::Inline(bytes) => &mut bytes[..len],
            Self::Block(bytes) => &mut bytes[..],
            Self::Pages(_) => return Ok(()),
        };
        if from.copy_to(bytes)? < len { Err(Errno::EFAULT) } else { Ok(()) }
    }
}

fn read_pages(from: &mut Source<'_>, len: usize) -> Result<Vec<Frame>> {
    let count = len.div_ceil(PAGE);
    let mut frames = mm::alloc::try_vec(count)?;
    for index in 0..count {
        let frame = Frame::for_overwrite()?;
        let wanted = (len - index * PAGE).min(PAGE);
        let mut got = 0;
        // A copy ends at the end of a segment that cannot be read, and only there.
        while got < wanted {
            match from.copy_to_frame(&frame, got, wanted - got)? {
                0 => return Err(Errno::EFAULT),
                more => got += more,
            }
        }
        frames.push(frame);
    }
    Ok(frames)
}

impl Drop for Charge {
    fn drop(&mut self) {
        if let Some(origin) = &self.origin {
            origin.credit(self.amount);
        }
    }
}
