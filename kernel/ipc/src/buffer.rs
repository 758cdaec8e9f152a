//! What a pipe holds: the pages of its ring.

use crate::ring::{Ring, Span};
use abi::{Errno, Result};
use alloc::vec::Vec;
use mm::frame::Frame;
use mm::user::{Sink, Source};

/// A ring with its pages.
pub struct Buffer {
    ring: Ring,
    /// One place a page of the ring; filled when first written to, then kept.
    frames: Vec<Option<Frame>>,
}

impl Buffer {
    /// An empty buffer of `pages` pages, none of which exists yet.
    pub fn new(pages: usize) -> Result<Self> {
        let mut frames = mm::alloc::try_vec(pages)?;
        frames.resize_with(pages, || None);
        Ok(Self { ring: Ring::new(pages), frames })
    }

    /// Bytes held, and bytes that fit yet.
    #[inline]
    pub fn held_and_free(&self) -> (usize, usize) {
        (self.ring.len(), self.ring.free())
    }

    /// Puts all `total` bytes into the page where the last ones ended, if they fit there. `None`: they do not, and nothing
    /// has happened.
    #[inline]
    pub fn put_into_page(&mut self, from: &mut Source<'_>, total: usize) -> Option<Result<usize>> {
        let Span { page, offset, len } = self.ring.write_span();
        if total > len {
            return None;
        }
        let Some(Some(frame)) = self.frames.get(page) else { return None };
        let copied = from.copy_to_frame(frame, offset, total);
        if let Ok(count) = copied {
            self.ring.wrote(count);
        }
        Some(copied)
    }

    /// Takes what is wanted out of the page that has the oldest bytes, if no other page is needed for that. `None`: it is, or
    /// there is nothing.
    #[inline]
    pub fn take_from_page(&mut self, to: &mut Sink<'_>, wanted: usize) -> Option<Result<usize>> {
        let Span { page, offset, len } = self.ring.read_span();
        if len == 0 || (wanted > len && len < self.ring.len()) {
            return None;
        }
        let Some(Some(frame)) = self.frames.get(page) else { return None };
        let copied = to.write_from_frame(frame, offset, wanted.min(len));
        if let Ok(count) = copied {
            self.ring.took(count);
        }
        Some(copied)
    }

    /// Puts in as much of the next `offered` bytes as there is room for; an error only if that is nothing.
    pub fn put(&mut self, from: &mut Source<'_>, offered: usize) -> Result<usize> {
        let mut done = 0;
        while done < offered {
            let span = self.ring.write_span();
            let wanted = span.len.min(offered - done);
            let copied = self.frame(span.page).and_then(|frame| from.copy_to_frame(frame, span.offset, wanted));
            match copied {
                Ok(count) => {
                    self.ring.wrote(count);
                    done += count;
                    if count < wanted || wanted == 0 {
                        break;
                    }
                }
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// Takes out as much as there is room for; an error only if that is nothing.
    pub fn take(&mut self, to: &mut Sink<'_>) -> Result<usize> {
        let (mut left, mut done) = (to.remaining(), 0);
        while left > 0 {
            let span = self.ring.read_span();
            let wanted = span.len.min(left);
            // An empty ring, or a page that no byte was ever put into, gives nothing.
            let Some(Some(frame)) = self.frames.get(span.page) else { break };
            match to.write_from_frame(frame, span.offset, wanted) {
                Ok(count) => {
                    self.ring.took(count);
                    (done, left) = (done + count, left - count);
                    if count < wanted || wanted == 0 {
                        break;
                    }
                }
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// The frame of a page of the ring, made at first use.
    fn frame(&mut self, page: usize) -> Result<&Frame> {
        let place = &mut self.frames[page];
        if place.is_none() {
            *place = Some(Frame::for_overwrite()?);
        }
        place.as_ref().ok_or(Errno::ENOMEM)
    }

    /// Forgets what it holds and gives the pages back.
    pub fn clear(&mut self) {
        self.ring = Ring::new(self.frames.len());
        self.frames.iter_mut().for_each(|frame| *frame = None);
    }

    /// Moves what it holds into a ring of `pages` pages, in which there is room for it. ENOMEM, and nothing has happened.
    pub fn move_to(&mut self, pages: usize) -> Result<()> {
        let mut moved = Self::new(pages)?;
        let (mut from, mut to) = (self.ring, moved.ring);
        let mut bytes = [0u8; 256];
        while !from.is_empty() {
            let (source, target) = (from.read_span(), to.write_span());
            let count = source.len.min(target.len).min(bytes.len());
            let new = moved.frame(target.page)?;
            if let Some(old) = &self.frames[source.page] {
                old.read(source.offset, &mut bytes[..count]);
                new.write(target.offset, &bytes[..count]);
            }
            from.took(count);
            to.wrote(count);
        }
        moved.ring = to;
        *self = moved;
        Ok(())
    }
}
