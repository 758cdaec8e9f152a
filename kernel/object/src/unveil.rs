//! Narrowing a table's root capability for paths by a view.

use crate::namespace::view::Stage;
use crate::namespace::{Target, View, demand_shown};
use crate::narrow::next_cause;
use crate::{Credentials, Lookup, LookupFlags, Roots, Table};
use abi::{Errno, Result};
use alloc::sync::Arc;
use caps::{Cause, PathPermissions, Spelling};

/// One step of a list that narrows the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewStep<'a> {
    /// Unveils a path.
    Unveil(&'a [u8], PathPermissions),
    /// Lets nobody add to the view before the next exec.
    Lock,
}

impl ViewStep<'_> {
    /// What roots become by it.
    fn apply(self, old: &Roots, credentials: &Credentials, cause: Cause) -> Result<Roots> {
        let view = match self {
            Self::Unveil(path, permissions) => unveiled(old, path, permissions, credentials, cause)?,
            Self::Lock => View::locked(old.view.as_ref())?,
        };
        Ok(Roots { view: Some(view), ..old.clone() })
    }
}

/// The view of `old` with what a path names too. EPERM for a locked view, E2BIG for too many paths.
fn unveiled(
    old: &Roots,
    path: &[u8],
    permissions: PathPermissions,
    credentials: &Credentials,
    cause: Cause,
) -> Result<Arc<View>> {
    let view = old.view.as_ref();
    if view.is_some_and(|view| view.stage() == Stage::Locked) {
        return Err(Errno::EPERM);
    }
    let before = Roots { view: View::outside(view)?, ..old.clone() };
    let lookup = Lookup::new(&before, None, credentials).with(LookupFlags::NAMED);
    let (target, trail) = lookup.find_with_trail(path)?;
    if let Target::Missing(place) = &target {
        demand_shown(place.sight)?;
    }
    View::unveil(view, &target, &trail, permissions, cause)
}

impl Table {
    /// Unveils what the path names, or would name: the first time, everything else is hidden.
    ///
    /// The path is looked up in what could be seen before. EPERM for a locked view, E2BIG for too many paths.
    pub fn unveil(&self, path: &[u8], permissions: PathPermissions, credentials: &Credentials) -> Result<()> {
        let cause = next_cause(Spelling::Unveil);
        self.change_roots(|old| ViewStep::Unveil(path, permissions).apply(old, credentials, cause))
    }

    /// Lets nobody add to the view before the next exec. Without a view, everything stays visible and none can be begun.
    pub fn lock_view(&self) -> Result<()> {
        let cause = next_cause(Spelling::Unveil);
        self.change_roots(|old| ViewStep::Lock.apply(old, &Credentials::root(), cause))
    }

    /// The roots with a view narrowed by all of the steps; no step leaves the view as it is.
    pub(crate) fn narrowed_roots(
        &self,
        old: &Arc<Roots>,
        steps: &[ViewStep<'_>],
        credentials: &Credentials,
        cause: Cause,
    ) -> Result<Arc<Roots>> {
        match steps.split_first() {
            None => Ok(old.clone()),
            Some((first, rest)) => {
                let first = first.apply(old, credentials, cause)?;
                let roots = rest.iter().try_fold(first, |roots, step| step.apply(&roots, credentials, cause))?;
                crate::floor::try_arc(roots)
            }
        }
    }

    /// The view as a new program finds it: whole, but the program may narrow it further.
    pub fn execute_view(&self) -> Result<()> {
        match &self.roots().view {
            None => Ok(()),
            Some(_) => self.change_roots(|old| {
                let view = old.view.as_ref().map(View::executed).transpose()?.flatten();
                Ok(Roots { view, ..old.clone() })
            }),
        }
    }
}
