//! Which of two tables has more authority beside its slots: who may look into whom.

use super::Table;
use crate::denial::{Denial, Had, Needed, Verdict, deny};
use crate::namespace::is_beneath;
use crate::{Roots, View};
use caps::{Cause, Half, Limits, Taken};

impl Table {
    /// Whether whatever `other` may do beside using its slots, this one may do too. Who may do less than a process must not
    /// look into it.
    pub fn covers(&self, other: &Self) -> bool {
        self.shortfall(other).is_none()
    }

    /// Asks to look into the process of `other`, of the calling process's own table: a refusal is noted, with the first
    /// thing that the other may do and the caller may not.
    pub fn ask_to_look_into(&self, other: &Self) -> Verdict {
        let Some((lack, cause)) = self.shortfall(other) else { return Verdict::Allow };
        let (needed, held) = match lack {
            Lack::Limits(Taken::Promises(promises)) => (Needed::Promises(promises), Had::Promises(self.promises())),
            Lack::Limits(Taken::Root(root, rights)) => (Needed::RootRights(root, rights), Had::Rights(self.root(root))),
            Lack::Limits(Taken::Kind(_, rights)) => (Needed::Rights(rights), Had::Nothing),
            _ => (Needed::Path { permissions: "rwxcb", path: b"/" }, Had::Nothing),
        };
        deny(&Denial::of(needed, held, cause))
    }

    /// Whether nothing was taken from it: who has everything gains nothing by another's slots.
    pub fn is_whole(&self) -> bool {
        self.lacks(&Half::new().limits()).is_none() && self.roots().view.as_ref().is_none_or(|view| !view.hides())
    }

    /// What `other` may do and this one may not, and the narrowing that took it.
    fn shortfall(&self, other: &Self) -> Option<(Lack, Option<Cause>)> {
        if core::ptr::eq(self, other) {
            return None;
        }
        // Not both tables at once: a CPU reads one at a time.
        let limits = other.inspect(|table| table.ceilings().now.limits());
        if let Some((taken, cause)) = self.lacks(&limits) {
            return Some((Lack::Limits(taken), cause));
        }
        (!covers_paths(&self.roots(), &other.roots())).then_some((Lack::Paths, None))
    }

    fn lacks(&self, limits: &Limits) -> Option<(Taken, Option<Cause>)> {
        self.inspect(|table| {
            let now = &table.ceilings().now;
            let lack = now.lacks(limits)?;
            Some((lack, now.history().first(lack)))
        })
    }
}

/// What one table does not have of another's.
enum Lack {
    /// Promises, or rights of root capabilities or of kinds.
    Limits(Taken),
    /// Places in the file tree.
    Paths,
}

fn covers_paths(own: &Roots, other: &Roots) -> bool {
    own.root_leave.rights().contains(other.root_leave.rights())
        && View::covers(own.view.as_ref(), other.view.as_ref())
        && is_beneath(&other.root, &own.root)
}
