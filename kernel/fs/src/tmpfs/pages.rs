//! The contents of a regular file: cached pages over an optional archive slice.
//!
//! A page exists once it was written, mapped, or (for a file of the initramfs) touched; until
//! then its bytes are those of the archive, and zeros beyond. `state` is a spinning lock and
//! never held across a copy to or from user memory, since such a copy may fault on this very
//! file; frames are counted, so a copy works on its own handle. `writing` is a sleeping lock
//! that makes each write, and each change of the size, one step to other writers.

use super::mappers::Mappers;
use super::quota::Quota;
use crate::radix::Radix;
use abi::{Errno, Result};
use arch::PAGE_SIZE;
use core::sync::atomic::{AtomicU64, Ordering};
use mm::FaultError;
use mm::frame::Frame;
use mm::user::{Sink, Source};
use object::{SealSet, Seals};
use sync::ranks::{Node as NodeRank, ObjectState};
use sync::{Mutex, MutexGuard, SpinLock};

const PAGE: u64 = PAGE_SIZE as u64;
/// The largest size that `off_t` can express.
const MAX_SIZE: u64 = i64::MAX as u64;
/// Pages given back under one hold of the lock when a file shrinks.
const BATCH: usize = 32;

/// Contents of a file.
pub struct FilePages {
    writing: Mutex<(), NodeRank>,
    state: SpinLock<State, ObjectState>,
    /// Changes only under `state`, and shrinks only under `writing` as well.
    size: AtomicU64,
    mappers: Mappers,
    /// Added to only under `writing`.
    seals: Seals,
}

struct State {
    cached: Radix<Frame>,
    /// What uncached pages hold; zeros follow.
    archive: &'static [u8],
}

/// Proof that no other write or size change runs.
pub struct Writing<'a> {
    _guard: MutexGuard<'a, (), NodeRank>,
}

impl FilePages {
    /// Contents that start as `archive`, of which pages are copied as they are touched.
    pub const fn new(archive: &'static [u8]) -> Self {
        Self {
            writing: Mutex::new(()),
            state: SpinLock::new(State { cached: Radix::new(), archive }),
            size: AtomicU64::new(archive.len() as u64),
            mappers: Mappers::new(),
            seals: Seals::closed(),
        }
    }

    /// Bytes in the file.
    pub fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    /// Pages that count as in use.
    pub fn pages_used(&self) -> u64 {
        let state = self.state.lock();
        (state.cached.len() as u64).max((state.archive.len() as u64).div_ceil(PAGE))
    }

    /// Who maps the file.
    pub fn mappers(&self) -> &Mappers {
        &self.mappers
    }

    /// The seals.
    pub const fn seals(&self) -> &Seals {
        &self.seals
    }

    /// Adds all of these seals or none: EPERM, EBUSY.
    ///
    /// They are set before mappings are looked for; whoever maps looks for them afterwards. So one of the two sees the other.
    pub fn add_seals(&self, _writing: &Writing<'_>, seals: SealSet) -> Result<()> {
        let before = self.seals.get();
        if before.contains(SealSet::SEAL) {
            return Err(Errno::EPERM);
        }
        self.seals.add(seals);
        if (seals - before).contains(SealSet::WRITE) {
            let found = self.mappers.check_complete().map(|()| self.mappers.any_writes(self.id()));
            if found != Ok(false) {
                self.seals.remove(seals - before);
                return Err(found.err().unwrap_or(Errno::EBUSY));
            }
        }
        Ok(())
    }

    /// Keeps other writes and size changes out.
    pub fn start_writing(&self) -> Writing<'_> {
        Writing { _guard: self.writing.lock() }
    }

    /// Replaces the contents of a file that nobody uses yet (unpacking an archive).
    pub fn set_archive(&self, archive: &'static [u8]) {
        let mut state = self.state.lock();
        state.archive = archive;
        self.size.store(archive.len() as u64, Ordering::Release);
    }

    /// Reads from `offset` on; 0 at the end.
    pub fn read_at(&self, to: &mut Sink<'_>, offset: u64) -> Result<usize> {
        let mut done = 0;
        while to.remaining() > 0 {
            let at = offset + done as u64;
            let left = self.size().saturating_sub(at);
            if left == 0 {
                break;
            }
            let start = (at % PAGE) as usize;
            let wanted = (PAGE_SIZE - start).min(to.remaining()).min(left as usize);
            match self.read_page(to, at / PAGE, start, wanted) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// Reads at most `len` bytes of one page; fewer where the archive's part of it ends.
    fn read_page(&self, to: &mut Sink<'_>, index: u64, start: usize, len: usize) -> Result<usize> {
        let (frame, archive) = {
            let state = self.state.lock();
            (state.cached.get(index).cloned(), state.archive)
        };
        if let Some(frame) = frame {
            return to.write_from_frame(&frame, start, len);
        }
        let held = archive_page(archive, index);
        match held.get(start..) {
            Some(bytes) if !bytes.is_empty() => to.write(&bytes[..len.min(bytes.len())]),
            _ => to.write_zeros(len),
        }
    }

    /// Writes from `offset` on, growing the file. ENOSPC, EFBIG, EFAULT; part of it counts.
    pub fn write_at(&self, _writing: &Writing<'_>, quota: &Quota, from: &mut Source<'_>, offset: u64) -> Result<usize> {
        if from.remaining() == 0 {
            return Ok(0);
        }
        if offset >= MAX_SIZE {
            return Err(Errno::EFBIG);
        }
        let end = offset.saturating_add(from.remaining() as u64);
        let seals = self.seals.get();
        if seals.intersects(SealSet::READ_ONLY) || seals.contains(SealSet::GROW) && end > self.size() {
            return Err(Errno::EPERM);
        }
        if offset > self.size() {
            self.clear_tail();
        }
        let mut done = 0;
        while from.remaining() > 0 && offset + (done as u64) < MAX_SIZE {
            let at = offset + done as u64;
            let start = (at % PAGE) as usize;
            let wanted = (PAGE_SIZE - start).min(from.remaining());
            let written =
                self.frame_for_writing(quota, at / PAGE).and_then(|frame| from.copy_to_frame(&frame, start, wanted));
            match written {
                Ok(count) => {
                    done += count;
                    self.grow_to(offset + done as u64);
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

    fn grow_to(&self, end: u64) {
        if end > self.size() {
            let _state = self.state.lock();
            self.size.fetch_max(end, Ordering::AcqRel);
        }
    }

    /// Sets the size; bytes beyond are gone from mappings too.
    pub fn set_size(&self, _writing: &Writing<'_>, quota: &Quota, size: u64) -> Result<()> {
        if size > MAX_SIZE {
            return Err(Errno::EFBIG);
        }
        let old = self.size();
        let sealed = if size < old { SealSet::SHRINK } else { SealSet::GROW };
        if size != old && self.seals.get().contains(sealed) {
            return Err(Errno::EPERM);
        }
        if size >= old {
            self.clear_tail();
            self.grow_to(size);
            return Ok(());
        }
        self.mappers.check_complete()?;
        {
            let mut state = self.state.lock();
            self.size.store(size, Ordering::Release);
            state.archive = &state.archive[..state.archive.len().min(size as usize)];
        }
        let first = size.div_ceil(PAGE);
        self.drop_pages(quota, first, u64::MAX);
        self.clear_tail();
        self.mappers.unmap(self.id(), first, u64::MAX - first);
        Ok(())
    }

    /// Frees the pages `first..end`.
    fn drop_pages(&self, quota: &Quota, first: u64, end: u64) {
        loop {
            let mut batch = [const { None::<Frame> }; BATCH];
            let mut count = 0;
            {
                let mut state = self.state.lock();
                while count < BATCH {
                    let Some(key) = state.cached.next(first).map(|(key, _)| key) else { break };
                    if key >= end {
                        break;
                    }
                    batch[count] = state.cached.remove(key);
                    count += 1;
                }
            }
            quota.uncharge(count as u64);
            if count < BATCH {
                return;
            }
        }
    }

    /// Zeroes what lies behind the end in the last page: a mapping may have written there, and
    /// growing the file must show zeros.
    fn clear_tail(&self) {
        let size = self.size();
        let start = (size % PAGE) as usize;
        if start == 0 {
            return;
        }
        let frame = self.state.lock().cached.get(size / PAGE).cloned();
        if let Some(frame) = frame {
            frame.zero(start, PAGE_SIZE - start);
        }
    }

    /// Makes pages for a range (`fallocate`), so that writing there cannot fail for want of space.
    pub fn reserve(&self, _writing: &Writing<'_>, quota: &Quota, offset: u64, end: u64) -> Result<()> {
        let first = offset / PAGE;
        for index in first..end.div_ceil(PAGE) {
            if let Err(errno) = self.frame_for_writing(quota, index) {
                // What was had is given back where nobody can have written to it yet.
                self.drop_pages(quota, first.max(self.size().div_ceil(PAGE)), index);
                return Err(errno);
            }
        }
        Ok(())
    }

    /// Makes a range read as zeros, freeing the pages that lie wholly in it.
    pub fn punch(&self, _writing: &Writing<'_>, quota: &Quota, offset: u64, end: u64) -> Result<()> {
        if self.seals.get().intersects(SealSet::READ_ONLY) {
            return Err(Errno::EPERM);
        }
        self.mappers.check_complete()?;
        let end = end.min(self.size().next_multiple_of(PAGE));
        let (first, last) = (offset.div_ceil(PAGE), end / PAGE);
        let is_archived = end.min(self.state.lock().archive.len() as u64) > offset;
        let mut at = offset;
        while at < end {
            let (index, start) = (at / PAGE, (at % PAGE) as usize);
            let len = (PAGE_SIZE - start).min((end - at) as usize);
            let is_whole = len == PAGE_SIZE;
            // Under an archive a dropped page would show the archive's bytes again.
            if is_archived || (!is_whole && self.state.lock().cached.get(index).is_some()) {
                self.frame_for_writing(quota, index)?.zero(start, len);
            }
            at += len as u64;
        }
        if !is_archived && first < last {
            self.drop_pages(quota, first, last);
            self.mappers.unmap(self.id(), first, last - first);
        }
        Ok(())
    }

    fn frame_for_writing(&self, quota: &Quota, index: u64) -> Result<Frame> {
        self.frame(quota, index, u64::MAX).map_err(|failure| match failure {
            Failure::NoSpace => Errno::ENOSPC,
            Failure::NoMemory => Errno::ENOMEM,
            Failure::BeyondEnd => Errno::EFBIG,
        })
    }

    /// The page at `index` for a mapping.
    pub fn frame_for_fault(&self, quota: &Quota, index: u64) -> core::result::Result<Frame, FaultError> {
        self.frame(quota, index, 0).map_err(|failure| match failure {
            Failure::NoMemory => FaultError::OutOfMemory,
            // A full file system has no better signal than SIGBUS either.
            Failure::BeyondEnd | Failure::NoSpace => FaultError::BeyondEnd,
        })
    }

    /// The page at `index`, made if it does not exist and lies below the larger of the file's end
    /// and `bound`.
    fn frame(&self, quota: &Quota, index: u64, bound: u64) -> core::result::Result<Frame, Failure> {
        loop {
            let archive = {
                let state = self.state.lock();
                if let Some(frame) = state.cached.get(index) {
                    return Ok(frame.clone());
                }
                if index >= self.size().max(bound).div_ceil(PAGE) {
                    return Err(Failure::BeyondEnd);
                }
                state.archive
            };
            quota.charge(1).map_err(|_| Failure::NoSpace)?;
            let made = fill(archive_page(archive, index)).and_then(|frame| {
                let mut state = self.state.lock();
                // Somebody may have made the page, or cut the file, meanwhile.
                let is_cut = index >= self.size().max(bound).div_ceil(PAGE);
                if is_cut || state.archive.len() != archive.len() || state.cached.get(index).is_some() {
                    return Ok(None);
                }
                state.cached.insert(index, frame.clone()).map_err(|_| Failure::NoMemory)?;
                Ok(Some(frame))
            });
            match made {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => quota.uncharge(1),
                Err(failure) => {
                    quota.uncharge(1);
                    return Err(failure);
                }
            }
        }
    }

    /// Identity in futex keys and mappings: the address of a live object is its own alone.
    pub fn id(&self) -> u64 {
        core::ptr::from_ref(self).addr() as u64
    }

    /// Gives all pages back; the inode is going.
    pub fn release(&mut self, quota: &Quota) {
        quota.uncharge(self.state.get_mut().cached.len() as u64);
    }
}

enum Failure {
    BeyondEnd,
    NoSpace,
    NoMemory,
}

fn fill(bytes: &[u8]) -> core::result::Result<Frame, Failure> {
    if bytes.is_empty() {
        return Frame::zeroed().map_err(|_| Failure::NoMemory);
    }
    let frame = Frame::for_overwrite().map_err(|_| Failure::NoMemory)?;
    frame.write(0, bytes);
    frame.zero(bytes.len(), PAGE_SIZE - bytes.len());
    Ok(frame)
}

/// The part of page `index` that the archive holds.
fn archive_page(archive: &'static [u8], index: u64) -> &'static [u8] {
    let start = usize::try_from(index.saturating_mul(PAGE)).unwrap_or(usize::MAX).min(archive.len());
    &archive[start..archive.len().min(start.saturating_add(PAGE_SIZE))]
}
