//! The mounts as text.

use super::ProcFs;
use super::text::Text;
use abi::Result;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use object::Location;
use object::namespace::view::is_shown;
use object::namespace::{Mount, MountFlags, path_of};

/// `/proc/PID/mounts`: device, place, type, options.
pub fn mounts(proc: &ProcFs) -> Result<Vec<u8>> {
    let namespace = proc.source().namespace();
    let roots = namespace.roots();
    let mut mounts = namespace.mounts()?;
    mounts.retain(|mount| is_shown(&root_of(mount)));
    let mut places = mm::alloc::try_vec(mounts.len())?;
    for mount in &mounts {
        places.push(path_of(&roots, &root_of(mount)).unwrap_or_default());
    }
    Text::build(|text| {
        mounts.iter().zip(&places).try_for_each(|(mount, place)| {
            let kind = mount.file_system().name();
            write!(text, "{kind} ")?;
            text.push_escaped(place)?;
            write!(text, " {kind} ")?;
            options(text, mount)?;
            text.push(b" 0 0\n")
        })
    })
}

/// `/proc/PID/mountinfo`: the same with numbers.
pub fn mount_info(proc: &ProcFs) -> Result<Vec<u8>> {
    let namespace = proc.source().namespace();
    let roots = namespace.roots();
    let mut mounts = namespace.mounts()?;
    mounts.retain(|mount| is_shown(&root_of(mount)));
    let mut places = mm::alloc::try_vec(mounts.len())?;
    for mount in &mounts {
        places.push(path_of(&roots, &root_of(mount)).unwrap_or_default());
    }
    let number_of = |mount: &Arc<Mount>| mounts.iter().position(|other| Arc::ptr_eq(other, mount)).unwrap_or(0) + 1;
    Text::build(|text| {
        for (mount, place) in mounts.iter().zip(&places) {
            let parent = mount.point().map_or(0, |point| number_of(point.mount()));
            let file_system = mount.file_system();
            let device = file_system.device();
            write!(text, "{} {parent} {}:{} / ", number_of(mount), device >> 8 & 0xfff, device & 0xff)?;
            text.push_escaped(place)?;
            text.push(b" ")?;
            options(text, mount)?;
            writeln!(text, " - {0} {0} rw", file_system.name())?;
        }
        Ok(())
    })
}

fn root_of(mount: &Arc<Mount>) -> Location {
    Location::new(mount.clone(), mount.root().clone())
}

fn options(text: &mut Text, mount: &Mount) -> fmt::Result {
    let flags = mount.flags();
    text.write_str(if flags.contains(MountFlags::READ_ONLY) { "ro" } else { "rw" })?;
    for (flag, name) in
        [(MountFlags::NO_SET_ID, ",nosuid"), (MountFlags::NO_DEVICES, ",nodev"), (MountFlags::NO_EXECUTE, ",noexec")]
    {
        if flags.contains(flag) {
            text.write_str(name)?;
        }
    }
    Ok(())
}
