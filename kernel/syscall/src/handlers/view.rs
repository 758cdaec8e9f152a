//! Narrowing the view of the file tree.

use crate::Context;
use crate::arguments::UserPath;
use abi::{Errno, Result};
use caps::PathPermissions;

/// The longest text of permissions that is looked at.
const PERMISSIONS_MAX: usize = 64;

/// Shows a path in the view with these permissions, hiding all that was never shown; two nulls lock the view.
/// EINVAL for unknown letters.
pub fn unveil(cx: &mut Context, path: UserPath, permissions: UserPath) -> Result<usize> {
    if path.is_null() && permissions.is_null() {
        return cx.table.lock_view().map(|()| 0);
    }
    let letters = match mm::user::read_c_string(permissions.address(), PERMISSIONS_MAX) {
        Err(Errno::ENAMETOOLONG) => return Err(Errno::EINVAL),
        letters => letters?,
    };
    let permissions = PathPermissions::parse(&letters).ok_or(Errno::EINVAL)?;
    let path = path.read()?;
    cx.table.unveil(&path, permissions, &cx.process().credentials())?;
    process::grace::settle(cx);
    Ok(0)
}
