//! Addresses: names of sockets.

use abi::consts::net::AF_UNIX;
use abi::{Errno, Result};
use alloc::vec::Vec;
use object::Location;

/// Bytes of the address family that comes first.
const FAMILY: usize = 2;
/// Bytes of a name at most.
pub const NAME_MAX: usize = 108;

/// Who a socket is for others.
pub enum Address {
    /// The path that was given, and the node that it named, kept so that its number is not given out again.
    Path(Vec<u8>, Location),
    /// A name outside the file tree.
    Abstract(Vec<u8>),
}

/// What a program asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// No family: for `connect`, to part from the peer.
    Unspecified,
    /// No name: for `bind`, any that is free.
    Unnamed,
    /// A path.
    Path(Vec<u8>),
    /// A name outside the file tree.
    Abstract(Vec<u8>),
}

impl Asked {
    /// Parses a `struct sockaddr_un`. EINVAL for what is none. ENOMEM.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let (family, name) = bytes.split_first_chunk::<FAMILY>().ok_or(Errno::EINVAL)?;
        match u32::from(u16::from_ne_bytes(*family)) {
            0 => return Ok(Self::Unspecified),
            AF_UNIX if name.len() <= NAME_MAX => {}
            _ => return Err(Errno::EINVAL),
        }
        Ok(match name.first() {
            None => Self::Unnamed,
            Some(0) => Self::Abstract(mm::alloc::try_to_vec(&name[1..])?),
            Some(_) => {
                let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
                Self::Path(mm::alloc::try_to_vec(&name[..end])?)
            }
        })
    }
}

impl Address {
    /// Calls `put` with the bytes of a `struct sockaddr_un`; of one without a name, for `None`.
    pub fn encode<T>(address: Option<&Self>, put: impl FnOnce(&[u8]) -> T) -> T {
        let mut bytes = [0; FAMILY + NAME_MAX + 1];
        bytes[..FAMILY].copy_from_slice(&(AF_UNIX as u16).to_ne_bytes());
        let len = match address {
            None => FAMILY,
            Some(Self::Path(path, _)) => {
                bytes[FAMILY..FAMILY + path.len()].copy_from_slice(path);
                // With the NUL at its end.
                FAMILY + path.len() + 1
            }
            Some(Self::Abstract(name)) => {
                bytes[FAMILY + 1..FAMILY + 1 + name.len()].copy_from_slice(name);
                FAMILY + 1 + name.len()
            }
        };
        put(&bytes[..len])
    }
}
