//! Lending a capability, and taking it back.
//!
//! ```standalone_crate
//! use std::fs::File;
//! use std::io::Read;
//! use tessera::{Loan, Rights};
//!
//! let file = File::open("/proc/self/status")?;
//! let Ok(loan) = Loan::of(&file, Rights::READER | Rights::DERIVE | Rights::REVOKE) else { return Ok(()) }; // not on Tessera
//! let mut borrowed = File::from(loan.lend(Rights::READ)?);
//! assert_eq!(borrowed.read(&mut [0])?, 1);
//! drop(loan);
//! assert!(borrowed.read(&mut [0]).is_err());
//! # Ok::<(), std::io::Error>(())
//! ```

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use abi::table::number;
use caps::Rights;

use crate::call::{Word, own};
use crate::error::Result;

/// A capability to lend from. When it is dropped, all that was lent is revoked, in whatever process it is by then.
#[derive(Debug)]
pub struct Loan {
    slot: OwnedFd,
}

impl Loan {
    /// A loan of what is in `slot`, of which no more than `rights` can be lent. They must include DERIVE and REVOKE.
    pub fn of(slot: impl AsFd, rights: Rights) -> Result<Self> {
        Ok(Self { slot: derive(slot, rights, None)? })
    }

    /// A slot to give away: through a socket, to a child that inherits it, or to this program's own use.
    pub fn lend(&self, rights: Rights) -> Result<OwnedFd> {
        derive(&self.slot, rights, None)
    }

    /// The same, for so long: when the time is over, the kernel takes it back.
    pub fn lend_for(&self, rights: Rights, time: Duration) -> Result<OwnedFd> {
        derive(&self.slot, rights, Some(time))
    }

    /// Takes from all that was lent what is not in `rights`.
    pub fn narrow(&self, rights: Rights) -> Result<()> {
        let words = [Word::Slot(self.slot.as_fd()), Word::In(&rights.bits().to_le_bytes())];
        own(number::cap_grant_limit, words).map(drop)
    }

    /// Takes back all that was lent, and says how many grants that were. When this returns, nobody uses any of them.
    pub fn revoke(&self) -> Result<usize> {
        own(number::cap_revoke, [Word::Slot(self.slot.as_fd())])
    }
}

impl AsFd for Loan {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.slot.as_fd()
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // An error means that nothing is lent any more.
        let _ = self.revoke();
    }
}

/// A slot with what is in `slot` and no more than `rights`, which revoking `slot` takes back, as the end of `time` does. Closed
/// by exec.
pub fn derive(slot: impl AsFd, rights: Rights, time: Option<Duration>) -> Result<OwnedFd> {
    let deadline_ns = match time {
        None => 0,
        Some(time) => crate::system::monotonic_ns()?.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)),
    };
    let words = [
        Word::Slot(slot.as_fd()),
        Word::In(&rights.bits().to_le_bytes()),
        Word::Number(deadline_ns),
        Word::Number(u64::from(abi::OpenFlags::CLOSE_ON_EXEC.bits())),
    ];
    crate::call::new_slot(number::cap_derive, words)
}
