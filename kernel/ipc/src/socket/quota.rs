//! How many capabilities each user has under way.
//!
//! What is under way takes no slot in any table, so RLIMIT_NOFILE bounds it for each user as a whole. The privileged have a limit
//! too, since a process that holds a socket must not be able to use up the kernel's memory.

use abi::{Errno, Result};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use sync::SpinLock;
use sync::ranks::SocketNames;

/// The most that a privileged user has under way.
const PRIVILEGED_MAX: usize = 1 << 16;

static COUNTS: SpinLock<HashMap<u32, usize, FixedState>, SocketNames> =
    SpinLock::new(HashMap::with_hasher(FixedState::with_seed(0)));

/// Capabilities under way that are counted for a user; counted back when dropped.
pub struct Quota {
    uid: u32,
    count: usize,
}

/// Whose limit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// That of an ordinary user.
    Ordinary(usize),
    /// That of everybody who may go beyond.
    Privileged,
}

impl Quota {
    /// Counts `count` more for a user. ETOOMANYREFS where there are more than `limit` already.
    pub fn take(uid: u32, count: usize, limit: Limit) -> Result<Self> {
        let most = match limit {
            Limit::Ordinary(most) => most.min(PRIVILEGED_MAX),
            Limit::Privileged => PRIVILEGED_MAX,
        };
        let mut counts = COUNTS.lock();
        counts.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        let now = counts.entry(uid).or_insert(0);
        // As on Linux, the message that passes the limit is the last one.
        if *now > most {
            return Err(Errno::ETOOMANYREFS);
        }
        *now += count;
        Ok(Self { uid, count })
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        let mut counts = COUNTS.lock();
        if let Some(now) = counts.get_mut(&self.uid) {
            *now -= self.count;
            if *now == 0 {
                counts.remove(&self.uid);
            }
        }
    }
}
