//! Narrowing a table's root capability for paths by a view.

use crate::namespace::view::Stage;
use crate::namespace::{Target, View, demand_shown};
use crate::{Credentials, Lookup, LookupFlags, Roots, Table};
use abi::{Errno, Result};
use caps::PathPermissions;

impl Table {
    /// Unveils what the path names, or would name: the first time, everything else is hidden.
    ///
    /// The path is looked up in what could be seen before. EPERM for a locked view, E2BIG for too many paths.
    pub fn unveil(&self, path: &[u8], permissions: PathPermissions, credentials: &Credentials) -> Result<()> {
        self.change_roots(|old| {
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
            let view = Some(View::unveil(view, &target, &trail, permissions)?);
            Ok(Roots { view, ..old.clone() })
        })
    }

    /// Lets nobody add to the view before the next exec. Without a view, everything stays visible and none can be begun.
    pub fn lock_view(&self) -> Result<()> {
        self.change_roots(|old| Ok(Roots { view: Some(View::locked(old.view.as_ref())?), ..old.clone() }))
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
