//! Ends of pipes and FIFOs, as objects.

use crate::pipe::{Pipe, Side, Waiting};
use abi::consts::general;
use abi::types::{Stat, Timespec};
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::Kind;
use core::sync::atomic::{AtomicU64, Ordering};
use mm::user::{Sink, Source, UserPtr};
use object::{Location, Node, Object, Ready, StatusFlags};
use sched::{Wait, WaitQueue};

/// `ioctl`: bytes that can be read.
const FIONREAD: u32 = 0x541b;
/// Device number that pipes report; no file system has it.
const PIPE_DEVICE: u64 = 0xe;

/// One open end; a FIFO opened for both is both.
pub struct PipeEnd {
    pipe: Arc<Pipe>,
    flags: StatusFlags,
    origin: Origin,
}

/// Where a pipe came from.
enum Origin {
    /// `pipe`: it has a number and a time of its own.
    Anonymous { number: u64, made: Timespec, owner: (u32, u32) },
    /// A FIFO in a file system.
    Named(Location),
}

/// Makes a pipe: the reading and the writing end. `flags` may hold NONBLOCK; DIRECT is refused.
pub fn make_pipe(flags: OpenFlags) -> Result<(Arc<dyn Object>, Arc<dyn Object>)> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let pipe = Pipe::new()?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let owner = object::caller().map_or((0, 0), |caller| {
        let credentials = caller.credentials();
        (credentials.fsuid, credentials.fsgid)
    });
    let made = present();
    let end = |access| {
        let origin = Origin::Anonymous { number, made, owner };
        PipeEnd::open(&pipe, (flags & OpenFlags::NONBLOCK) | access, origin)
    };
    Ok((end(OpenFlags::empty())?, end(OpenFlags::WRITE_ONLY)?))
}

/// What opens the ends of one FIFO: gets the FIFO's location and how to open.
pub type FifoOpener = Arc<dyn Fn(&Location, OpenFlags) -> Result<Arc<dyn Object>> + Send + Sync>;

/// Makes the shared part of a FIFO.
pub fn make_fifo() -> Result<FifoOpener> {
    let pipe = Pipe::new()?;
    Ok(mm::alloc::try_arc(move |location: &Location, flags: OpenFlags| open_fifo(&pipe, location, flags))?)
}

/// Opens a FIFO: an opener of one side waits until the other side was opened too. ENXIO for a
/// writer that must not wait where nobody reads.
fn open_fifo(pipe: &Arc<Pipe>, location: &Location, flags: OpenFlags) -> Result<Arc<dyn Object>> {
    let is_nonblocking = flags.contains(OpenFlags::NONBLOCK);
    let is_reading_only = flags.can_read() && !flags.can_write();
    let is_writing_only = flags.can_write() && !flags.can_read();
    if is_writing_only && is_nonblocking && pipe.readers.count.load(Ordering::Acquire) == 0 {
        return Err(Errno::ENXIO);
    }
    let other: &Side = if is_reading_only { &pipe.writers } else { &pipe.readers };
    let seen = other.openings.load(Ordering::Acquire);
    let end = PipeEnd::open(pipe, flags.kept(), Origin::Named(location.clone()))?;
    pipe.readers.queue.wake_all();
    pipe.writers.queue.wake_all();
    if (is_reading_only || is_writing_only) && !is_nonblocking {
        let own: &Side = if is_reading_only { &pipe.readers } else { &pipe.writers };
        // An opening that came and went meanwhile counts: it met this end.
        let is_met = || {
            let is_there = other.count.load(Ordering::Acquire) > 0;
            (is_there || other.openings.load(Ordering::Acquire) != seen).then_some(())
        };
        own.queue.wait_until(Wait::INTERRUPTIBLE, is_met).map_err(|_| Errno::ERESTARTSYS)?;
    }
    Ok(end)
}

/// The time of day.
pub(crate) fn present() -> Timespec {
    let total = arch::clock::wall_clock_at_boot_ns() + arch::clock::now_ns();
    Timespec { seconds: (total / 1_000_000_000) as i64, nanoseconds: (total % 1_000_000_000) as i64 }
}

impl PipeEnd {
    fn open(pipe: &Arc<Pipe>, flags: OpenFlags, origin: Origin) -> Result<Arc<dyn Object>> {
        // Counted first, so that the drop of a value that could not be placed counts back.
        if flags.can_read() {
            pipe.open(|pipe| &pipe.readers);
        }
        if flags.can_write() {
            pipe.open(|pipe| &pipe.writers);
        }
        Ok(mm::alloc::try_arc(Self { pipe: pipe.clone(), flags: StatusFlags::new(flags), origin })?)
    }

    fn waiting(&self) -> Waiting {
        match self.status_flags().contains(OpenFlags::NONBLOCK) {
            true => Waiting::Forbidden,
            false => Waiting::Allowed,
        }
    }

    /// The pipe, for `F_GETPIPE_SZ` and `F_SETPIPE_SZ`.
    pub fn pipe(&self) -> &Pipe {
        &self.pipe
    }
}

impl Object for PipeEnd {
    fn kind(&self) -> Kind {
        Kind::Pipe
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        self.pipe.read(to, self.waiting())
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        self.pipe.write(from, self.waiting())
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        match &self.origin {
            Origin::Named(location) => location.node().stat(),
            Origin::Anonymous { number, made, owner } => Ok(Stat {
                device: PIPE_DEVICE,
                inode: *number,
                links: 1,
                mode: general::S_IFIFO | 0o600,
                uid: owner.0,
                gid: owner.1,
                block_size: crate::ring::PAGE as i64,
                accessed: *made,
                modified: *made,
                changed: *made,
                ..Stat::default()
            }),
        }
    }

    fn node(&self) -> Option<&Arc<dyn Node>> {
        self.location().map(Location::node)
    }

    fn location(&self) -> Option<&Location> {
        match &self.origin {
            Origin::Named(location) => Some(location),
            Origin::Anonymous { .. } => None,
        }
    }

    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        match request {
            FIONREAD => UserPtr::<i32>::new(argument as u64).write(&(self.pipe.held() as i32)).map(|()| 0),
            _ => Err(Errno::ENOTTY),
        }
    }

    fn poll(&self) -> Ready {
        let flags = self.status_flags();
        let mut ready = Ready::empty();
        if flags.can_read() {
            ready |= self.pipe.poll_reader();
        }
        if flags.can_write() {
            ready |= self.pipe.poll_writer();
        }
        ready
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        let flags = self.status_flags();
        Some(match (flags.can_read(), flags.can_write()) {
            (true, true) => self.pipe.polled_queue_of_both(),
            (true, false) => self.pipe.readers.polled_queue(),
            _ => self.pipe.writers.polled_queue(),
        })
    }

    fn path(&self) -> Option<Vec<u8>> {
        match &self.origin {
            Origin::Anonymous { number, .. } => mm::alloc::try_format(format_args!("pipe:[{number}]")).ok(),
            Origin::Named(location) => {
                object::OpenFile::open(location.clone(), OpenFlags::PATH).ok().and_then(|file| file.path())
            }
        }
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        let flags = self.status_flags();
        if flags.can_read() {
            self.pipe.close(|pipe| &pipe.readers);
        }
        if flags.can_write() {
            self.pipe.close(|pipe| &pipe.writers);
        }
    }
}
