//! The link's ends as objects: `/dev/host/stdin`, `stdout`, `stderr` and `exit`.

use alloc::sync::Arc;

use abi::consts::ioctl;
use abi::host_link::Channel;
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use caps::Kind;
use mm::user::{Sink, Source, UserPtr};
use object::{Location, Node, Object, Ready, StatusFlags};
use sched::WaitQueue;

use super::{input, sender};
use crate::device::device_stat;
use crate::patience::Patience;
use crate::power;

/// The major number of the link's devices, from the range for local use.
const MAJOR: u64 = 240;

/// One of the link's devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostDevice {
    /// Standard input.
    Input,
    /// Standard output.
    Output,
    /// Standard error.
    Error,
    /// Takes the exit code of the run as one byte, and powers off.
    Exit,
}

impl HostDevice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Input, Self::Output, Self::Error, Self::Exit];

    /// The name below `/dev/host`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "stdin",
            Self::Output => "stdout",
            Self::Error => "stderr",
            Self::Exit => "exit",
        }
    }

    /// The device number.
    pub const fn device(self) -> u64 {
        MAJOR << 8 | self as u64
    }

    /// Opens it as found at `location`.
    pub fn open(self, location: Option<&Location>, flags: OpenFlags) -> Result<Arc<dyn Object>> {
        let flags = StatusFlags::new(flags.kept());
        let file: Arc<dyn Object> = mm::alloc::try_arc(HostFile { device: self, location: location.cloned(), flags })?;
        Ok(file)
    }
}

/// An open file description of one of the link's devices.
struct HostFile {
    device: HostDevice,
    location: Option<Location>,
    flags: StatusFlags,
}

impl HostFile {
    fn write_exit(&self, from: &mut Source<'_>) -> Result<usize> {
        let mut code = [0];
        if from.copy_to(&mut code)? == 0 {
            return Ok(0);
        }
        super::report_exit(code[0]);
        power::power_off()
    }
}

impl Object for HostFile {
    fn kind(&self) -> Kind {
        Kind::Device
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        match self.device {
            HostDevice::Input => input::read(to, Patience::of(self.status_flags())),
            _ => Err(Errno::EINVAL),
        }
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        match self.device {
            HostDevice::Input => Err(Errno::EINVAL),
            HostDevice::Output => sender::send_from(Channel::Stdout, from),
            HostDevice::Error => sender::send_from(Channel::Stderr, from),
            HostDevice::Exit => self.write_exit(from),
        }
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        match &self.location {
            Some(location) => location.node().stat(),
            None => Ok(device_stat(self.device.device())),
        }
    }

    fn node(&self) -> Option<&Arc<dyn Node>> {
        self.location.as_ref().map(Location::node)
    }

    fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        match (self.device, request) {
            (HostDevice::Input, ioctl::FIONREAD) => {
                UserPtr::new(argument as u64).write(&(input::len() as i32))?;
                Ok(0)
            }
            _ => Err(Errno::ENOTTY),
        }
    }

    fn poll(&self) -> Ready {
        if self.device != HostDevice::Input {
            return Ready::WRITABLE;
        }
        let mut ready = Ready::empty();
        ready.set(Ready::READABLE, input::is_readable());
        ready.set(Ready::HUP, input::has_ended() && input::len() == 0);
        ready
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        (self.device == HostDevice::Input).then(input::wait_queue)
    }
}
