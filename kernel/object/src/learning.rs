//! Learning: noting what a process uses, so that it can be given just that.
//!
//! A table that is learned from has no more authority than it would have; its fast checks all miss, so that every use
//! comes to the slow side, which finds that it is allowed and notes it. What the table really lacks is refused as ever.
//! Learning goes on in children and in the programs that they execute.

use crate::namespace::{Lookup, path_of};
use crate::{Object, Roots, Table};
use abi::Result;
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::{PathPermissions, Promises, Rights, RootSet};
use core::fmt;
use core::sync::atomic::Ordering;

/// What a slot was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotUse {
    /// What these rights allow.
    Rights(Rights),
    /// A control request.
    Ioctl(u32),
    /// A `fcntl` command.
    Fcntl(u32),
}

/// Notes what is used. Called in the middle of calls, with no lock held.
pub trait Learner: Send + Sync {
    /// Learning begins with a table as it is now.
    fn begin(&self, table: &Table);

    /// A call was made that needs one of these promises and all of these root capabilities.
    fn use_call(&self, promises: Promises, roots: RootSet);

    /// A slot was used.
    fn use_slot(&self, slot: i32, object: &Arc<dyn Object>, what: SlotUse);

    /// A path was used that led somewhere. It is absolute.
    fn use_path(&self, path: &[u8], permissions: PathPermissions);
}

/// When learning begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// It has.
    Now,
    /// With the next program; until then only what is executed is noted.
    AtExec,
}

/// Who learns from a process, and since when.
#[derive(Clone)]
pub struct Learning {
    /// Who learns.
    pub learner: Arc<dyn Learner>,
    /// Since when.
    pub begins: Begins,
}

impl fmt::Debug for Learning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.begins.fmt(f)
    }
}

impl Learning {
    /// Notes the path of a look-up that led somewhere.
    #[cold]
    pub(crate) fn note_path(&self, lookup: &Lookup<'_>, path: &[u8]) {
        if self.begins == Begins::AtExec && !lookup.needed.contains(PathPermissions::EXECUTE) {
            return;
        }
        if path.first() == Some(&b'/') {
            return self.learner.use_path(path, lookup.needed);
        }
        // What cannot be named cannot be unveiled either.
        if let Ok(whole) = absolute(lookup, path) {
            self.learner.use_path(&whole, lookup.needed);
        }
    }
}

/// A relative path with the path of its start before it.
fn absolute(lookup: &Lookup<'_>, path: &[u8]) -> Result<Vec<u8>> {
    let mut whole = path_of(lookup.roots, lookup.start())?;
    whole.try_reserve(path.len() + 1).map_err(|_| abi::Errno::ENOMEM)?;
    if whole.last() != Some(&b'/') {
        whole.push(b'/');
    }
    whole.extend_from_slice(path);
    Ok(whole)
}

impl Table {
    /// Whether uses are noted.
    #[inline(always)]
    pub fn is_learning(&self) -> bool {
        self.is_learning.load(Ordering::Relaxed)
    }

    /// Has `learner` learn from this table, and from those of children made later. EPERM if somebody does already.
    pub fn learn(&self, learner: &Arc<dyn Learner>, begins: Begins) -> Result<()> {
        self.change_roots(|old| match old.learning {
            Some(_) => Err(abi::Errno::EPERM),
            None => Ok(Roots { learning: Some(Learning { learner: learner.clone(), begins }), ..old.clone() }),
        })?;
        if begins == Begins::Now {
            learner.begin(self);
            self.start_noting();
        }
        Ok(())
    }

    /// Makes ready for learning from the program that is executed now.
    pub fn execute_learning(&self) -> Result<()> {
        let is_due = self.roots().learning.as_ref().is_some_and(|learning| learning.begins == Begins::AtExec);
        if !is_due {
            return Ok(());
        }
        self.change_roots(|old| {
            let learning = old.learning.as_ref().map(|old| Learning { begins: Begins::Now, ..old.clone() });
            Ok(Roots { learning, ..old.clone() })
        })
    }

    /// Begins what [`Table::execute_learning`] made ready: what exec closes is closed.
    pub(crate) fn begin_learning(&self) {
        if self.is_learning() {
            return;
        }
        if let Some(learner) = self.learner() {
            learner.begin(self);
            self.start_noting();
        }
    }

    /// Who notes uses now.
    pub(crate) fn learner(&self) -> Option<Arc<dyn Learner>> {
        let roots = self.roots();
        roots
            .learning
            .as_ref()
            .filter(|learning| learning.begins == Begins::Now)
            .map(|learning| learning.learner.clone())
    }
}
