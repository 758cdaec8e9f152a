//! What opening a device node or a FIFO means.
//!
//! Devices live in the floor beside this one, so they are known here only as *openers*: functions
//! that give the open object. Drivers' openers are registered under a device number at boot, and
//! a node with that number anywhere in the tree opens the device.

use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use object::{Location, NodeKind, Object};
use sync::ranks::ObjectState;
use sync::{Once, RwSpinLock};

/// Opens what a node stands for: gets where it was found and how, gives the open object.
pub type Opener = Arc<dyn Fn(&Location, OpenFlags) -> Result<Arc<dyn Object>> + Send + Sync>;

/// Makes the shared part of one FIFO, and gives what opens its ends.
pub type FifoMaker = fn() -> Result<Opener>;

struct Registered {
    kind: NodeKind,
    number: u64,
    opener: Opener,
}

static DEVICES: RwSpinLock<Vec<Registered>, ObjectState> = RwSpinLock::new(Vec::new());
static FIFO_MAKER: Once<FifoMaker> = Once::new();

/// The device number of a major and a minor, as `st_rdev` shows it.
pub const fn device_number(major: u32, minor: u32) -> u64 {
    let (major, minor) = (major as u64, minor as u64);
    (minor & 0xff) | (major & 0xfff) << 8 | (minor & !0xff) << 12 | (major & !0xfff) << 32
}

/// Makes nodes of this kind and number open a device. EEXIST, ENOMEM.
pub fn register_device(kind: NodeKind, number: u64, opener: Opener) -> Result<()> {
    let mut devices = DEVICES.write();
    if devices.iter().any(|device| device.kind == kind && device.number == number) {
        return Err(Errno::EEXIST);
    }
    devices.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    devices.push(Registered { kind, number, opener });
    Ok(())
}

/// What opens a device; ENXIO if there is none of this number.
pub fn find_device(kind: NodeKind, number: u64) -> Result<Opener> {
    let devices = DEVICES.read();
    let found = devices.iter().find(|device| device.kind == kind && device.number == number);
    found.map(|device| device.opener.clone()).ok_or(Errno::ENXIO)
}

/// Installs what makes FIFOs. Once, at boot.
pub fn install_fifo_maker(maker: FifoMaker) {
    FIFO_MAKER.call_once(|| maker);
}

/// Makes a FIFO's shared part; ENXIO before FIFOs exist.
pub fn make_fifo() -> Result<Opener> {
    FIFO_MAKER.get().ok_or(Errno::ENXIO)?()
}
