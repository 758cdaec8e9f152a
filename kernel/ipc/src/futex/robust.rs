//! What becomes of a thread's futexes when it ends.

use super::inheritance::{self, OWNER, OWNER_DIED, WAITERS};
use super::{ANY_BIT, Word, wake};
use abi::types::RobustListHead;
use mm::space::KeyScope;
use mm::user::{self, UserPtr};

/// Entries looked at before a list is taken for a loop.
const ENTRIES_MAX: usize = 2048;
/// Whether the entry is one that the thread was just taking or releasing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Listed,
    Pending,
}

/// Marks the robust futexes that the ending thread `tid` holds and wakes a waiter of each. `head` is the address
/// given to `set_robust_list`; bit 0 of an entry says that it is a lock with priority inheritance. Non-robust locks of that kind
/// are left to their waiters. The list is the thread's own memory: any nonsense in it just ends the walk.
pub fn exit_robust_list(head: u64, tid: u32) {
    let Ok(list) = UserPtr::<RobustListHead>::new(head).read() else { return };
    let word_of = |entry: u64| (entry & !1).wrapping_add_signed(list.futex_offset);
    let mut entry = list.next;
    for _ in 0..ENTRIES_MAX {
        if entry & !1 == head {
            break;
        }
        // The next entry is read first: once the word says that the owner died, the memory may be another's.
        let next = UserPtr::<u64>::new(entry & !1).read();
        if entry != list.pending && release(word_of(entry), tid, Standing::Listed).is_err() {
            return;
        }
        let Ok(next) = next else { return };
        entry = next;
    }
    if list.pending & !1 != 0 {
        let _ = release(word_of(list.pending), tid, Standing::Pending);
    }
}

fn release(address: u64, tid: u32, standing: Standing) -> abi::Result<()> {
    let mut value = user::load_u32(address)?;
    // Released, with its wake-up still to come: a waiter that missed it is woken here.
    if standing == Standing::Pending && value & OWNER == 0 {
        return rouse(address);
    }
    loop {
        if value & OWNER != tid {
            return Ok(());
        }
        let seen = user::compare_exchange_u32(address, value, value & WAITERS | OWNER_DIED)?;
        if seen == value {
            break;
        }
        value = seen;
    }
    if value & WAITERS != 0 { rouse(address) } else { Ok(()) }
}

/// Has one of those who wait for the lock try again, with priority inheritance or without.
fn rouse(address: u64) -> abi::Result<()> {
    let word = Word::at(address, KeyScope::Any)?;
    inheritance::rouse(word);
    wake(word, 1, ANY_BIT)?;
    Ok(())
}

/// Clears the word given to `set_tid_address` and wakes whoever joins the thread.
pub fn clear_child_tid(address: u64) {
    if UserPtr::<u32>::new(address).write(&0).is_ok()
        && let Ok(word) = Word::at(address, KeyScope::Any)
    {
        let _ = wake(word, 1, ANY_BIT);
    }
}
