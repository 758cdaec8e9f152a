//! Reading and writing.

use crate::Context;
use crate::arguments::Iovecs;
use abi::consts::general;
use abi::{Errno, Result, Signal};
use caps::{Kind, Rights};
use ipc::socket::{Socket, SocketKind};
use mm::user::{Sink, Source};
use object::Held;
use process::limits::Resource;

/// The most bytes that one call moves, as on Linux.
pub(super) const BYTES_MAX: usize = 0x7fff_f000;

/// Flags of `preadv2` and `pwritev2` that ask for no more than what is done anyway.
const HARMLESS: u32 = general::RWF_HIPRI | general::RWF_DSYNC | general::RWF_SYNC;

/// Copies what the slot's own offset stands at, and moves the offset.
pub fn read(_cx: &mut Context, fd: Held, mut buf: Sink<'_>) -> Result<usize> {
    buf.truncate(BYTES_MAX);
    fd.read(&mut buf)
}

/// Writes at the slot's own offset and moves it; EPIPE comes with SIGPIPE, but not for messages.
/// A file is cut off at RLIMIT_FSIZE: from there on SIGXFSZ and EFBIG.
pub fn write(cx: &mut Context, fd: Held, mut buf: Source<'_>) -> Result<usize> {
    buf.truncate(BYTES_MAX);
    write_from(cx, &fd, &mut buf)
}

/// Copies what is at `offset`, leaving the slot's own. EINVAL for a negative one.
pub fn pread64(_cx: &mut Context, fd: Held, mut buf: Sink<'_>, offset: i64) -> Result<usize> {
    buf.truncate(BYTES_MAX);
    fd.read_at(&mut buf, place(offset)?)
}

/// Writes at `offset`, leaving the slot's own, up to RLIMIT_FSIZE as `write` does.
pub fn pwrite64(cx: &mut Context, fd: Held, mut buf: Source<'_>, offset: i64) -> Result<usize> {
    buf.truncate(BYTES_MAX);
    write_from_at(cx, &fd, &mut buf, place(offset)?)
}

/// Reads into several pieces of memory as if they were one.
pub fn readv(_cx: &mut Context, fd: Held, iov: Iovecs) -> Result<usize> {
    fd.read(&mut iov.sink()?)
}

/// Writes several pieces of memory as if they were one.
pub fn writev(cx: &mut Context, fd: Held, iov: Iovecs) -> Result<usize> {
    write_from(cx, &fd, &mut iov.source()?)
}

/// Reads from `offset` into several pieces, leaving the slot's own offset.
pub fn preadv(_cx: &mut Context, fd: Held, iov: Iovecs, offset: i64) -> Result<usize> {
    fd.read_at(&mut iov.sink()?, place(offset)?)
}

/// Writes several pieces at `offset`, leaving the slot's own.
pub fn pwritev(cx: &mut Context, fd: Held, iov: Iovecs, offset: i64) -> Result<usize> {
    write_from_at(cx, &fd, &mut iov.source()?, place(offset)?)
}

/// Reads from `offset`, or from the slot's own for -1, which needs no right to seek.
/// EOPNOTSUPP for flags that ask for more than is done anyway, RWF_NOWAIT among them.
pub fn preadv2(cx: &mut Context, fd: Held, iov: Iovecs, offset: i64, _high: u64, flags: u32) -> Result<usize> {
    check_flags(flags)?;
    if offset == -1 {
        return readv(cx, fd, iov);
    }
    fd.demand(Rights::SEEK)?;
    preadv(cx, fd, iov, offset)
}

/// Writes at `offset`, or at the slot's own for -1, which needs no right to seek.
/// EOPNOTSUPP for flags that ask for more than is done anyway, RWF_APPEND among them.
pub fn pwritev2(cx: &mut Context, fd: Held, iov: Iovecs, offset: i64, _high: u64, flags: u32) -> Result<usize> {
    check_flags(flags)?;
    if offset == -1 {
        return writev(cx, fd, iov);
    }
    fd.demand(Rights::SEEK)?;
    pwritev(cx, fd, iov, offset)
}

fn check_flags(flags: u32) -> Result<()> {
    if flags & !HARMLESS == 0 { Ok(()) } else { Err(Errno::EOPNOTSUPP) }
}

pub(super) fn place(offset: i64) -> Result<u64> {
    u64::try_from(offset).map_err(|_| Errno::EINVAL)
}

fn write_from(cx: &Context, fd: &Held, buf: &mut Source<'_>) -> Result<usize> {
    if fd.kind() == Kind::File {
        limit_growth(cx, fd, buf, None)?;
    }
    let result = fd.write(buf);
    if result == Err(Errno::EPIPE) && is_loud(fd) {
        crate::handlers::signal_caller(cx, Signal::PIPE);
    }
    result
}

/// Whether writing where nobody reads is worth a signal: to pipes and streams it is, with messages it is just an error.
fn is_loud(fd: &Held) -> bool {
    let socket = fd.object().downcast_ref::<Socket>();
    socket.is_none_or(|socket| socket.socket_kind() == SocketKind::Stream)
}

fn write_from_at(cx: &Context, fd: &Held, buf: &mut Source<'_>, offset: u64) -> Result<usize> {
    if fd.kind() == Kind::File {
        limit_growth(cx, fd, buf, Some(offset))?;
    }
    fd.write_at(buf, offset)
}

/// Cuts a write to what RLIMIT_FSIZE allows; beyond it altogether, SIGXFSZ and EFBIG.
pub(super) fn limit_growth(cx: &Context, fd: &Held, buf: &mut Source<'_>, offset: Option<u64>) -> Result<()> {
    let limit = cx.process().limit(Resource::FileSize);
    if limit == u64::MAX {
        return Ok(());
    }
    let start = match offset {
        Some(offset) => offset,
        None => fd.seek(object::Seek::Current(0))?,
    };
    check_size(cx, start, limit)?;
    buf.truncate(usize::try_from(limit - start).unwrap_or(usize::MAX));
    Ok(())
}

/// SIGXFSZ and EFBIG from the limit on.
pub(crate) fn check_size(cx: &Context, size: u64, limit: u64) -> Result<()> {
    if size < limit {
        return Ok(());
    }
    crate::handlers::signal_caller(cx, Signal::XFSZ);
    Err(Errno::EFBIG)
}
