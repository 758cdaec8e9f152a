//! Capability mode: nothing but what is in the slots.
//!
//! A program in capability mode has lost every root capability that names something outside its table: paths that start at the
//! root or the working directory, processes by id, networks, clocks. It opens files beneath directories that it holds.
//!
//! ```standalone_crate
//! match tessera::mode::enter() {
//!     Ok(()) => {
//!         assert_eq!(tessera::mode::is_entered(), Ok(true));
//!         assert!(std::fs::File::open("/proc/self/status").is_err());
//!     }
//!     Err(error) => assert_eq!(error, tessera::Error::Unsupported), // not on Tessera
//! }
//! ```

use abi::table::number;

use crate::call::{Word, own};
use crate::error::Result;

/// Enters capability mode, for all threads and for good.
pub fn enter() -> Result<()> {
    own(number::cap_enter, []).map(drop)
}

/// Whether the process is in capability mode.
pub fn is_entered() -> Result<bool> {
    let mut mode = [0; 4];
    own(number::cap_getmode, [Word::Out(&mut mode)])?;
    Ok(u32::from_ne_bytes(mode) != 0)
}
