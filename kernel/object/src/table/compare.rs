//! Which of two tables has more authority beside its slots: who may look into whom.

use super::Table;
use crate::namespace::is_beneath;
use crate::{Roots, View};
use caps::Limits;

impl Table {
    /// Whether whatever `other` may do beside using its slots, this one may do too. Who may do less than a process must not
    /// look into it.
    pub fn covers(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
            || (self.limits().includes(&other.limits()) && covers_paths(&self.roots(), &other.roots()))
    }

    /// Whether nothing was taken from it: who has everything gains nothing by another's slots.
    pub fn is_whole(&self) -> bool {
        let unlimited = caps::Half::new().limits();
        self.limits().includes(&unlimited) && self.roots().view.as_ref().is_none_or(|view| !view.hides())
    }

    fn limits(&self) -> Limits {
        self.inspect(|table| table.ceilings().now.limits())
    }
}

fn covers_paths(own: &Roots, other: &Roots) -> bool {
    own.root_leave.rights().contains(other.root_leave.rights())
        && View::covers(own.view.as_ref(), other.view.as_ref())
        && is_beneath(&other.root, &own.root)
}
