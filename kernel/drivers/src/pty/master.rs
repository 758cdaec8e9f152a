//! The master's end.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use abi::consts::ioctl;
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result, Signal};
use caps::Kind;
use mm::user::{Sink, Source, UserPtr};
use object::{Location, Node, Object, Owner, Ready, StatusFlags, Terminal, caller};
use sched::WaitQueue;
use sync::{Mutex, ranks};

use super::Pair;
use crate::device::{device_stat, number};
use crate::patience::Patience;

/// How many bytes are moved at a time.
const PORTION: usize = 512;

/// Opens `/dev/ptmx`: makes a pair and gives its master.
pub fn open(location: Option<&Location>, flags: OpenFlags) -> Result<Arc<dyn Object>> {
    let credentials = caller().map(|caller| caller.credentials());
    let owner = credentials.map_or(Owner::default(), |who| Owner { uid: who.fsuid, gid: who.fsgid });
    let master = Master { pair: Pair::make(owner)?, reading: Mutex::new(()) };
    let flags = StatusFlags::new(flags.kept());
    let file: Arc<dyn Object> = mm::alloc::try_arc(MasterFile { master, location: location.cloned(), flags })?;
    Ok(file)
}

/// Keeps the pair alive; dropping it hangs the terminal up.
struct Master {
    pair: Arc<Pair>,
    reading: Mutex<(), ranks::Terminal>,
}

impl Drop for Master {
    fn drop(&mut self) {
        self.pair.close();
    }
}

/// The open file description of a master.
struct MasterFile {
    master: Master,
    location: Option<Location>,
    flags: StatusFlags,
}

impl Master {
    fn read(&self, to: &mut Sink<'_>, patience: Patience) -> Result<usize> {
        let line = &self.pair.line;
        if to.remaining() == 0 {
            return Ok(0);
        }
        loop {
            patience.wait(&line.changed, None, || line.is_readable().then_some(()))?;
            let count = self.read_available(to)?;
            // Nothing there: another reader was faster, or the terminal's end is closed.
            if count > 0 {
                self.pair.tty.pump();
                return Ok(count);
            }
            if line.ring.lock().is_deserted {
                return Err(Errno::EIO);
            }
        }
    }

    fn read_available(&self, to: &mut Sink<'_>) -> Result<usize> {
        let _alone = self.reading.lock();
        let line = &self.pair.line;
        let mut portion = [0; PORTION];
        let mut total = 0;
        while to.remaining() > 0 {
            let room = to.remaining().min(PORTION);
            let count = line.peek(&mut portion[..room]);
            if count == 0 {
                break;
            }
            match to.write(&portion[..count]) {
                Ok(count) => {
                    line.consume(count);
                    total += count;
                }
                Err(errno) if total == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(total)
    }

    fn write(&self, from: &mut Source<'_>, patience: Patience) -> Result<usize> {
        let mut portion = [0; PORTION];
        let mut written = 0;
        loop {
            let outcome = match from.copy_to(&mut portion) {
                Ok(0) => return Ok(written),
                Ok(count) => self.type_bytes(&portion[..count], patience, &mut written),
                Err(errno) => Err(errno),
            };
            match outcome {
                Ok(()) => {}
                Err(_) if written > 0 => return Ok(written),
                Err(errno) => return Err(errno),
            }
        }
    }

    fn type_bytes(&self, mut bytes: &[u8], patience: Patience, written: &mut usize) -> Result<()> {
        let Pair { tty, line, .. } = &*self.pair;
        while !bytes.is_empty() {
            let count = tty.receive(bytes);
            bytes = &bytes[count..];
            *written += count;
            if !bytes.is_empty() {
                patience.wait(&line.changed, None, || tty.has_room().then_some(()))?;
            }
        }
        Ok(())
    }

    fn control(&self, request: u32, argument: usize) -> Result<usize> {
        let Pair { tty, line, index, .. } = &*self.pair;
        let address = argument as u64;
        match request {
            ioctl::TIOCGPTN => UserPtr::new(address).write(&(*index as u32))?,
            ioctl::TIOCSPTLCK => {
                let lock: i32 = UserPtr::new(address).read()?;
                line.is_locked.store(lock != 0, Ordering::Relaxed);
            }
            ioctl::TIOCGPTLCK => UserPtr::new(address).write(&i32::from(line.is_locked.load(Ordering::Relaxed)))?,
            ioctl::FIONREAD => UserPtr::new(address).write(&(line.ring.lock().bytes.len() as i32))?,
            ioctl::TIOCGPGRP => UserPtr::new(address).write(&tty.foreground().map_or(0, |group| group.id()))?,
            ioctl::TIOCGSID => UserPtr::new(address).write(&tty.session_id().ok_or(Errno::ENOTTY)?)?,
            ioctl::TIOCSIG => {
                let signal = Signal::new(argument as i32).ok_or(Errno::EINVAL)?;
                if let Some(group) = tty.foreground() {
                    group.signal(signal);
                }
            }
            // A master is nobody's controlling terminal.
            ioctl::TIOCSCTTY | ioctl::TIOCNOTTY | ioctl::TIOCSPGRP => return Err(Errno::ENOTTY),
            _ => return tty.control_settings(request, argument),
        }
        Ok(0)
    }
}

impl Object for MasterFile {
    fn kind(&self) -> Kind {
        Kind::Device
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        self.master.read(to, Patience::of(self.status_flags()))
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        self.master.write(from, Patience::of(self.status_flags()))
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        match &self.location {
            Some(location) => location.node().stat(),
            None => Ok(device_stat(number(5, 2))),
        }
    }

    fn node(&self) -> Option<&Arc<dyn Node>> {
        self.location.as_ref().map(Location::node)
    }

    fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        self.master.control(request, argument)
    }

    fn poll(&self) -> Ready {
        let Pair { tty, line, .. } = &*self.master.pair;
        let mut ready = Ready::empty();
        {
            let ring = line.ring.lock();
            ready.set(Ready::READABLE, !ring.bytes.is_empty());
            ready.set(Ready::HUP, ring.is_deserted);
        }
        ready.set(Ready::WRITABLE, tty.has_room());
        ready
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        Some(&self.master.pair.line.changed)
    }
}
