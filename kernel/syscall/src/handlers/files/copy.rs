//! Copies from one open file to another.

use super::transfer::{BYTES_MAX, limit_growth, place};
use crate::Context;
use abi::{Errno, Result, Signal};
use caps::{Kind, Rights};
use mm::user::{Sink, Source, UserPtr};
use object::{Held, Object, Seek};

/// The buffer through which bytes go.
const BUFFER: usize = 64 * 1024;

/// Copies from a file at `offset`, or at its own offset, to anything that can be written.
/// EINVAL for a source without places; EPIPE comes with SIGPIPE, and a file is cut off at RLIMIT_FSIZE as by `write`. What was
/// moved before an error counts.
pub fn sendfile(cx: &mut Context, out: Held, from: Held, offset: UserPtr<i64>, count: usize) -> Result<usize> {
    if from.kind() == Kind::Directory || !has_places(&*from) {
        return Err(Errno::EINVAL);
    }
    let mut start = Start::of(&from, offset)?;
    let mut sent = 0;
    let mut buffer = mm::alloc::try_vec_of(0, count.min(BUFFER))?;
    let result = loop {
        match send_piece(cx, (&from, start.place), &out, &mut buffer, count.min(BYTES_MAX) - sent) {
            Ok(0) => break Ok(()),
            Ok(moved) => {
                sent += moved;
                start.place += moved as u64;
            }
            Err(error) => break Err(error),
        }
    };
    start.store(&from)?;
    if result == Err(Errno::EPIPE) {
        crate::handlers::signal_caller(cx, Signal::PIPE);
    }
    if sent > 0 { Ok(sent) } else { result.map(|()| 0) }
}

fn send_piece(cx: &Context, (from, place): (&Held, u64), out: &Held, buffer: &mut [u8], left: usize) -> Result<usize> {
    from.demand_still()?;
    out.demand_still()?;
    let wanted = left.min(buffer.len());
    let read = from.read_at(&mut Sink::from_kernel(&mut buffer[..wanted]), place)?;
    if read == 0 {
        return Ok(0);
    }
    let mut piece = Source::from_kernel(&buffer[..read]);
    if out.kind() == Kind::File {
        limit_growth(cx, out, &mut piece, None)?;
    }
    out.write(&mut piece)
}

/// Copies between two regular files, or within one where the ranges do not overlap (EINVAL).
/// EBADF for a target that appends, EISDIR for a directory; beyond RLIMIT_FSIZE, SIGXFSZ and EFBIG. No blocks are shared.
pub fn copy_file_range(
    cx: &mut Context,
    from: Held,
    from_offset: UserPtr<i64>,
    to: Held,
    to_offset: UserPtr<i64>,
    count: usize,
    flags: u32,
) -> Result<usize> {
    if from.kind() == Kind::Directory || to.kind() == Kind::Directory {
        return Err(Errno::EISDIR);
    }
    if flags != 0 || from.kind() != Kind::File || to.kind() != Kind::File {
        return Err(Errno::EINVAL);
    }
    if to.status_flags().contains(abi::OpenFlags::APPEND) {
        return Err(Errno::EBADF);
    }
    let mut source = Start::of(&from, from_offset)?;
    let mut target = Start::of(&to, to_offset)?;
    let count = count.min(BYTES_MAX);
    if is_same_file(&from, &to) && source.place.abs_diff(target.place) < count as u64 {
        return Err(Errno::EINVAL);
    }
    let mut buffer = mm::alloc::try_vec_of(0, count.min(BUFFER))?;
    let mut copied = 0;
    let result = loop {
        match copy_piece(cx, (&from, source.place), (&to, target.place), &mut buffer, count - copied) {
            Ok(0) => break Ok(()),
            Ok(moved) => {
                copied += moved;
                source.place += moved as u64;
                target.place += moved as u64;
            }
            Err(error) => break Err(error),
        }
    };
    source.store(&from)?;
    target.store(&to)?;
    if copied > 0 { Ok(copied) } else { result.map(|()| 0) }
}

fn copy_piece(
    cx: &Context,
    (from, from_place): (&Held, u64),
    (to, to_place): (&Held, u64),
    buffer: &mut [u8],
    left: usize,
) -> Result<usize> {
    from.demand_still()?;
    to.demand_still()?;
    let wanted = left.min(buffer.len());
    let read = from.read_at(&mut Sink::from_kernel(&mut buffer[..wanted]), from_place)?;
    if read == 0 {
        return Ok(0);
    }
    let mut piece = Source::from_kernel(&buffer[..read]);
    limit_growth(cx, to, &mut piece, Some(to_place))?;
    to.write_at(&mut piece, to_place)
}

fn is_same_file(from: &Held, to: &Held) -> bool {
    match (from.location(), to.location()) {
        (Some(from), Some(to)) => from.is_same(to),
        _ => false,
    }
}

fn has_places(fd: &dyn Object) -> bool {
    !matches!(fd.kind(), Kind::Pipe | Kind::Socket)
}

/// Where a copy starts, and where to leave off: in user memory, or at the file's own offset.
struct Start {
    pointer: Option<UserPtr<i64>>,
    place: u64,
}

impl Start {
    /// Choosing a place demands the right to seek.
    fn of(fd: &Held, offset: UserPtr<i64>) -> Result<Self> {
        let place = match offset.non_null() {
            Some(pointer) => {
                fd.demand(Rights::SEEK)?;
                place(pointer.read()?)?
            }
            None => fd.seek(Seek::Current(0))?,
        };
        Ok(Self { pointer: offset.non_null(), place })
    }

    fn store(&self, fd: &Held) -> Result<()> {
        match self.pointer {
            Some(pointer) => pointer.write(&(self.place as i64)),
            None => fd.seek(Seek::Set(self.place as i64)).map(|_| ()),
        }
    }
}
