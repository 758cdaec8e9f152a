//! Rights on slots: what may be done through one file descriptor.
//!
//! A slot's rights only ever shrink. Narrowing one leaves alone the duplicates that were made before; those made later have no
//! more than the slot that they were made of.
//!
//! ```standalone_crate
//! use std::fs::File;
//! use std::io::Read;
//! use tessera::{Rights, slot};
//!
//! let mut file = File::open("/proc/self/status")?;
//! match slot::limit(&file, Rights::FSTAT) {
//!     Ok(()) => assert!(file.read(&mut [0]).is_err()),
//!     Err(error) => assert_eq!(error, tessera::Error::Unsupported), // not on Tessera
//! }
//! # Ok::<(), std::io::Error>(())
//! ```

use std::os::fd::AsFd;

use abi::table::number;
use caps::{FcntlSet, Rights};

use crate::call::{Word, own};
use crate::error::Result;

/// What may be done through the slot.
pub fn rights(slot: impl AsFd) -> Result<Rights> {
    get_rights(number::cap_rights_get, slot)
}

/// Leaves the slot these rights and no others. ENOTCAPABLE if it does not have them all.
pub fn limit(slot: impl AsFd, rights: Rights) -> Result<()> {
    limit_rights(number::cap_rights_limit, slot, rights)
}

/// The most that may be done with what is opened beneath the directory in the slot.
pub fn inherited(slot: impl AsFd) -> Result<Rights> {
    get_rights(0x1006, slot)
}

/// Leaves what is opened beneath the directory in the slot, at any depth, these rights at most.
pub fn limit_inherited(slot: impl AsFd, rights: Rights) -> Result<()> {
    limit_rights(0x1007, slot, rights)
}

/// The `ioctl` requests that the slot allows; `None` for all.
pub fn ioctls(slot: impl AsFd) -> Result<Option<Vec<u32>>> {
    let mut bytes = [0; 4 * REQUESTS_MAX];
    let words = [Word::Slot(slot.as_fd()), Word::Out(&mut bytes), Word::Number(REQUESTS_MAX as u64)];
    let count = own(number::cap_ioctls_get, words)?;
    if count > REQUESTS_MAX {
        return Ok(None);
    }
    let requests = bytes.chunks_exact(4).take(count);
    Ok(Some(requests.map(|bytes| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect()))
}

/// Leaves the slot these `ioctl` requests and no others. ENOTCAPABLE if it does not allow them all.
pub fn limit_ioctls(slot: impl AsFd, requests: &[u32]) -> Result<()> {
    let bytes: Vec<u8> = requests.iter().flat_map(|request| request.to_ne_bytes()).collect();
    let words = [Word::Slot(slot.as_fd()), Word::In(&bytes), Word::Number(requests.len() as u64)];
    own(number::cap_ioctls_limit, words).map(drop)
}

/// The `fcntl` commands that the slot allows.
pub fn fcntls(slot: impl AsFd) -> Result<FcntlSet> {
    let mut bytes = [0; 8];
    own(number::cap_fcntls_get, [Word::Slot(slot.as_fd()), Word::Out(&mut bytes)])?;
    Ok(FcntlSet::from_bits(u64::from_ne_bytes(bytes)))
}

/// Leaves the slot these `fcntl` commands and no others. ENOTCAPABLE if it does not allow them all.
pub fn limit_fcntls(slot: impl AsFd, commands: FcntlSet) -> Result<()> {
    own(number::cap_fcntls_limit, [Word::Slot(slot.as_fd()), Word::Number(commands.bits())]).map(drop)
}

/// The most requests that the list of a slot may have.
const REQUESTS_MAX: usize = 256;

fn get_rights(number: u64, slot: impl AsFd) -> Result<Rights> {
    let mut bytes = [0; 16];
    own(number, [Word::Slot(slot.as_fd()), Word::Out(&mut bytes)])?;
    Ok(Rights::from_bits_truncate(u128::from_le_bytes(bytes)))
}

fn limit_rights(number: u64, slot: impl AsFd, rights: Rights) -> Result<()> {
    own(number, [Word::Slot(slot.as_fd()), Word::In(&rights.bits().to_le_bytes())]).map(drop)
}
