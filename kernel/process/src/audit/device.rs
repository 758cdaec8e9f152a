//! `/dev/audit`: the log of denials as lines of text.
//!
//! Each open file reads from the oldest record that is kept, one line a read; what does not fit is given by the next
//! read, so that reading byte by byte works too. A read waits for the next denial.

use super::log::{self, Next};
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::{Kind, Rights, Root};
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU64, Ordering};
use mm::user::Sink;
use object::denial::{Denial, Had, Needed, Verdict, deny};
use object::{Location, Node, Object, Ready, StatusFlags};
use sched::{Wait, WaitQueue};
use sync::{Mutex, ranks};

/// The longest line. The longest record is shorter: a list of half of all rights twice, and an escaped path.
const LINE: usize = 4096;

/// Major number of miscellaneous devices, and a minor number that is free for local use.
pub const NUMBER: (u32, u32) = (10, 240);

/// Opens the log. ENOTCAPABLE, ECAPMODE.
pub fn open(location: &Location, flags: OpenFlags) -> Result<Arc<dyn Object>> {
    demand_right()?;
    let file = AuditFile {
        location: location.clone(),
        flags: StatusFlags::new(flags.kept()),
        next: AtomicU64::new(0),
        line: Mutex::new(Line { text: mm::alloc::try_vec(LINE)?, given: 0, number: 0 }),
    };
    Ok(mm::alloc::try_arc(file)?)
}

/// An open file description of the log.
struct AuditFile {
    location: Location,
    flags: StatusFlags,
    /// The number of the record of which not all has been read.
    next: AtomicU64,
    line: Mutex<Line, ranks::FileOffset>,
}

/// The line that is being read. Its memory is there from the start.
struct Line {
    text: Vec<u8>,
    given: usize,
    /// The number of its record.
    number: u64,
}

impl Line {
    fn fill(&mut self, next: &Next) {
        self.number = next.record.sequence;
        self.text.clear();
        self.given = 0;
        if next.lost > 0 {
            let (last, lost) = (next.record.sequence - 1, next.lost);
            // The room is there, as `LINE` says; what is too long is cut.
            _ = writeln!(self, "lost={lost} first={} last={last}", next.record.sequence - lost);
        }
        _ = writeln!(self, "{}", next.record);
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let room = self.text.capacity() - self.text.len();
        self.text.extend_from_slice(&piece.as_bytes()[..piece.len().min(room)]);
        Ok(())
    }
}

/// Refuses whoever may not watch the whole machine: read the log of denials, or record a trace.
pub fn demand_right() -> Result<()> {
    let Some(table) = crate::current().and_then(|task| task.process().table()) else { return Ok(()) };
    let held = table.root(Root::System);
    if held.contains(Rights::AUDIT_READ) {
        return Ok(());
    }
    let cause = table.root_cause(Root::System, Rights::AUDIT_READ);
    let needed = Needed::RootRights(Root::System, Rights::AUDIT_READ);
    match deny(&Denial::of(needed, Had::Rights(held), cause)) {
        Verdict::Allow => Ok(()),
        Verdict::Refuse if held.is_empty() => Err(Errno::ECAPMODE),
        Verdict::Refuse => Err(Errno::ENOTCAPABLE),
    }
}

impl Object for AuditFile {
    fn kind(&self) -> Kind {
        Kind::Device
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        demand_right()?;
        let is_nonblocking = self.status_flags().contains(OpenFlags::NONBLOCK);
        loop {
            let mut line = self.line.lock();
            if line.given == line.text.len()
                && let Some(next) = log::next(self.next.load(Ordering::Relaxed))
            {
                line.fill(&next);
            }
            if line.given < line.text.len() {
                let count = to.write(&line.text[line.given..])?;
                line.given += count;
                if line.given == line.text.len() {
                    self.next.store(line.number + 1, Ordering::Relaxed);
                }
                return Ok(count);
            }
            drop(line);
            if is_nonblocking {
                return Err(Errno::EAGAIN);
            }
            let has_more = || self.poll().contains(Ready::READABLE).then_some(());
            log::readers().wait_until(Wait::INTERRUPTIBLE, has_more).map_err(|_| Errno::ERESTARTSYS)?;
            demand_right()?;
        }
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        self.location.node().stat()
    }

    fn node(&self) -> Option<&Arc<dyn Node>> {
        Some(self.location.node())
    }

    fn location(&self) -> Option<&Location> {
        Some(&self.location)
    }

    fn poll(&self) -> Ready {
        // The newest record is always kept.
        let mut ready = Ready::empty();
        ready.set(Ready::READABLE, self.next.load(Ordering::Relaxed) < log::count());
        ready
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        Some(log::readers())
    }
}
