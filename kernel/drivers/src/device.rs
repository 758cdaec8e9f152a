//! The device files of this floor, for whoever builds `/dev`.

use alloc::sync::Arc;

use abi::consts::general;
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use object::{Location, Object};

use crate::host::HostDevice;
use crate::tty::{TtyFile, open_controlling};
use crate::{console, kmsg, pty};

/// How a device file is opened: as found at a location, with these flags.
pub type Open = fn(Option<&Location>, OpenFlags) -> Result<Arc<dyn Object>>;

/// A character device as it appears in `/dev`.
#[derive(Clone, Copy)]
pub struct DeviceFile {
    /// Its path below `/dev`.
    pub path: &'static str,
    /// Permission bits.
    pub mode: u16,
    /// Device number.
    pub number: u64,
    /// Opens it as found at a location.
    pub open: Open,
}

/// The device number `major`, `minor`, in Linux's encoding.
pub const fn number(major: u64, minor: u64) -> u64 {
    (major << 8) | (minor & 0xff) | ((minor & !0xff) << 12)
}

/// Every device file of this floor.
pub const DEVICES: &[DeviceFile] = &[
    DeviceFile { path: "console", mode: 0o620, number: number(5, 1), open: open_console },
    DeviceFile { path: "ttyS0", mode: 0o620, number: console::DEVICE, open: open_serial },
    DeviceFile { path: "tty", mode: 0o666, number: number(5, 0), open: open_controlling },
    DeviceFile { path: "ptmx", mode: 0o666, number: number(5, 2), open: pty::open },
    DeviceFile { path: "kmsg", mode: 0o644, number: number(1, 11), open: kmsg::open },
    host_device(HostDevice::Input, 0o444),
    host_device(HostDevice::Output, 0o222),
    host_device(HostDevice::Error, 0o222),
    host_device(HostDevice::Exit, 0o200),
];

const fn host_device(device: HostDevice, mode: u16) -> DeviceFile {
    let (path, open): (_, Open) = match device {
        HostDevice::Input => ("host/stdin", |location, flags| HostDevice::Input.open(location, flags)),
        HostDevice::Output => ("host/stdout", |location, flags| HostDevice::Output.open(location, flags)),
        HostDevice::Error => ("host/stderr", |location, flags| HostDevice::Error.open(location, flags)),
        HostDevice::Exit => ("host/exit", |location, flags| HostDevice::Exit.open(location, flags)),
    };
    DeviceFile { path, mode, number: device.device(), open }
}

fn open_serial(location: Option<&Location>, flags: OpenFlags) -> Result<Arc<dyn Object>> {
    let tty = console::tty().ok_or(Errno::ENXIO)?;
    TtyFile::open(tty.clone(), location, flags)
}

/// `/dev/console` never becomes a controlling terminal by being opened.
fn open_console(location: Option<&Location>, flags: OpenFlags) -> Result<Arc<dyn Object>> {
    open_serial(location, flags | OpenFlags::NO_CONTROLLING_TTY)
}

/// The attributes of a character device that is open without having been found in the file tree.
pub(crate) fn device_stat(device: u64) -> Stat {
    Stat { mode: general::S_IFCHR | 0o620, links: 1, special_device: device, block_size: 1024, ..Stat::default() }
}
