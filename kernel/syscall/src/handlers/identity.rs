//! Who a process acts for: user and group ids.
//!
//! Credentials are immutable; each call here makes new ones and swaps them in at once, for all threads of the
//! process. Being user 0 is what Linux's `CAP_SETUID`, `CAP_SETGID` and the rest amount to here.

use abi::types::{CapUserData, CapUserHeader};
use abi::{Errno, Mode, Result};
use mm::user::UserPtr;
use object::Credentials;
use process::Context;
use process::limits::Privilege;

/// "Leave this id as it is."
const UNCHANGED: u32 = u32::MAX;
/// The most supplementary groups.
const GROUPS_MAX: usize = 65536;
/// `_LINUX_CAPABILITY_VERSION_1` to `3`.
const CAPABILITY_VERSIONS: [(u32, usize); 3] = [(0x1998_0330, 1), (0x2007_1026, 2), (0x2008_0522, 2)];
const CAPABILITY_VERSION: u32 = 0x2008_0522;
/// Every capability that Linux has a name for, in its two words.
const ALL_CAPABILITIES: [u32; 2] = [u32::MAX, 0x1ff];

/// `umask`.
pub fn umask(cx: &mut Context, mask: Mode) -> Result<usize> {
    Ok(cx.process().set_umask(mask.bits()) as usize)
}

/// `getuid`.
pub fn getuid(cx: &mut Context) -> Result<usize> {
    Ok(cx.process().credentials().uid as usize)
}

/// `geteuid`.
pub fn geteuid(cx: &mut Context) -> Result<usize> {
    Ok(cx.process().credentials().euid as usize)
}

/// `getgid`.
pub fn getgid(cx: &mut Context) -> Result<usize> {
    Ok(cx.process().credentials().gid as usize)
}

/// `getegid`.
pub fn getegid(cx: &mut Context) -> Result<usize> {
    Ok(cx.process().credentials().egid as usize)
}

/// `getresuid`.
pub fn getresuid(cx: &mut Context, real: UserPtr<u32>, effective: UserPtr<u32>, saved: UserPtr<u32>) -> Result<usize> {
    let credentials = cx.process().credentials();
    real.write(&credentials.uid)?;
    effective.write(&credentials.euid)?;
    saved.write(&credentials.suid)?;
    Ok(0)
}

/// `getresgid`.
pub fn getresgid(cx: &mut Context, real: UserPtr<u32>, effective: UserPtr<u32>, saved: UserPtr<u32>) -> Result<usize> {
    let credentials = cx.process().credentials();
    real.write(&credentials.gid)?;
    effective.write(&credentials.egid)?;
    saved.write(&credentials.sgid)?;
    Ok(0)
}

/// The three ids of one sort, user or group, as the calls that set them see them.
#[derive(Clone, Copy)]
struct Ids {
    real: u32,
    effective: u32,
    saved: u32,
}

impl Ids {
    fn contains(self, id: u32) -> bool {
        id == self.real || id == self.effective || id == self.saved
    }

    /// `setuid`: the superuser sets all three, others only the effective one, to what they have.
    fn set(self, id: u32, privilege: Privilege) -> Result<Self> {
        if privilege == Privilege::Superuser {
            return Ok(Self { real: id, effective: id, saved: id });
        }
        if id != self.real && id != self.saved {
            return Err(Errno::EPERM);
        }
        Ok(Self { effective: id, ..self })
    }

    /// `setreuid`. The saved id follows the effective one when the real id is set, or when the effective one becomes
    /// other than the real one was.
    fn set_two(self, real: u32, effective: u32, privilege: Privilege) -> Result<Self> {
        let may_be_real = real == UNCHANGED || real == self.real || real == self.effective;
        let may_be_effective = effective == UNCHANGED || self.contains(effective);
        if privilege == Privilege::None && !(may_be_real && may_be_effective) {
            return Err(Errno::EPERM);
        }
        let mut new = self;
        if real != UNCHANGED {
            new.real = real;
        }
        if effective != UNCHANGED {
            new.effective = effective;
        }
        if real != UNCHANGED || (effective != UNCHANGED && effective != self.real) {
            new.saved = new.effective;
        }
        Ok(new)
    }

    /// `setresuid`.
    fn set_three(self, wanted: [u32; 3], privilege: Privilege) -> Result<Self> {
        if privilege == Privilege::None && wanted.iter().any(|&id| id != UNCHANGED && !self.contains(id)) {
            return Err(Errno::EPERM);
        }
        let pick = |wanted: u32, old: u32| if wanted == UNCHANGED { old } else { wanted };
        Ok(Self {
            real: pick(wanted[0], self.real),
            effective: pick(wanted[1], self.effective),
            saved: pick(wanted[2], self.saved),
        })
    }
}

fn change(cx: &Context, change: impl FnOnce(&mut Credentials) -> Result<()>) -> Result<usize> {
    let mut credentials = Credentials::clone(&cx.process().credentials());
    change(&mut credentials)?;
    cx.process().set_credentials(mm::alloc::try_arc(credentials)?);
    Ok(0)
}

fn change_user(cx: &Context, set: impl FnOnce(Ids, Privilege) -> Result<Ids>) -> Result<usize> {
    change(cx, |credentials| {
        let old = Ids { real: credentials.uid, effective: credentials.euid, saved: credentials.suid };
        let new = set(old, privilege_of(credentials))?;
        credentials.uid = new.real;
        credentials.euid = new.effective;
        credentials.suid = new.saved;
        credentials.fsuid = new.effective;
        Ok(())
    })
}

fn change_group(cx: &Context, set: impl FnOnce(Ids, Privilege) -> Result<Ids>) -> Result<usize> {
    change(cx, |credentials| {
        let old = Ids { real: credentials.gid, effective: credentials.egid, saved: credentials.sgid };
        let new = set(old, privilege_of(credentials))?;
        credentials.gid = new.real;
        credentials.egid = new.effective;
        credentials.sgid = new.saved;
        credentials.fsgid = new.effective;
        Ok(())
    })
}

fn privilege_of(credentials: &Credentials) -> Privilege {
    if credentials.euid == 0 { Privilege::Superuser } else { Privilege::None }
}

/// EINVAL for the number that is no id.
fn valid(id: u32) -> Result<u32> {
    if id == UNCHANGED { Err(Errno::EINVAL) } else { Ok(id) }
}

/// `setuid`.
pub fn setuid(cx: &mut Context, uid: u32) -> Result<usize> {
    let uid = valid(uid)?;
    change_user(cx, |ids, privilege| ids.set(uid, privilege))
}

/// `setgid`.
pub fn setgid(cx: &mut Context, gid: u32) -> Result<usize> {
    let gid = valid(gid)?;
    change_group(cx, |ids, privilege| ids.set(gid, privilege))
}

/// `setreuid`.
pub fn setreuid(cx: &mut Context, real: u32, effective: u32) -> Result<usize> {
    change_user(cx, |ids, privilege| ids.set_two(real, effective, privilege))
}

/// `setregid`.
pub fn setregid(cx: &mut Context, real: u32, effective: u32) -> Result<usize> {
    change_group(cx, |ids, privilege| ids.set_two(real, effective, privilege))
}

/// `setresuid`.
pub fn setresuid(cx: &mut Context, real: u32, effective: u32, saved: u32) -> Result<usize> {
    change_user(cx, |ids, privilege| ids.set_three([real, effective, saved], privilege))
}

/// `setresgid`.
pub fn setresgid(cx: &mut Context, real: u32, effective: u32, saved: u32) -> Result<usize> {
    change_group(cx, |ids, privilege| ids.set_three([real, effective, saved], privilege))
}

/// `setfsuid`: returns the old id, and an id that may not be had changes nothing.
pub fn setfsuid(cx: &mut Context, uid: u32) -> Result<usize> {
    let old = cx.process().credentials();
    let may = uid == old.uid || uid == old.euid || uid == old.suid || uid == old.fsuid || old.euid == 0;
    if uid != UNCHANGED && may {
        // Without memory for it, nothing changes, which is how this call says no.
        let _ = change(cx, |credentials| {
            credentials.fsuid = uid;
            Ok(())
        });
    }
    Ok(old.fsuid as usize)
}

/// `setfsgid`.
pub fn setfsgid(cx: &mut Context, gid: u32) -> Result<usize> {
    let old = cx.process().credentials();
    let may = gid == old.gid || gid == old.egid || gid == old.sgid || gid == old.fsgid || old.euid == 0;
    if gid != UNCHANGED && may {
        let _ = change(cx, |credentials| {
            credentials.fsgid = gid;
            Ok(())
        });
    }
    Ok(old.fsgid as usize)
}

/// `getgroups`.
pub fn getgroups(cx: &mut Context, count: i32, groups: UserPtr<u32>) -> Result<usize> {
    let room = usize::try_from(count).map_err(|_| Errno::EINVAL)?;
    let credentials = cx.process().credentials();
    let have = credentials.groups.len();
    if room == 0 {
        return Ok(have);
    }
    if have > room {
        return Err(Errno::EINVAL);
    }
    groups.write_slice(&credentials.groups)?;
    Ok(have)
}

/// `setgroups`.
pub fn setgroups(cx: &mut Context, count: usize, groups: UserPtr<u32>) -> Result<usize> {
    if cx.process().credentials().euid != 0 {
        return Err(Errno::EPERM);
    }
    if count > GROUPS_MAX {
        return Err(Errno::EINVAL);
    }
    let mut new = groups.read_slice(count)?;
    if new.contains(&UNCHANGED) {
        return Err(Errno::EINVAL);
    }
    new.sort_unstable();
    let new = mm::alloc::try_arc(new)?;
    change(cx, |credentials| {
        credentials.groups = new;
        Ok(())
    })
}

/// `capget`: the superuser is shown every capability, others none.
pub fn capget(cx: &mut Context, header: UserPtr<CapUserHeader>, data: UserPtr<CapUserData>) -> Result<usize> {
    let (words, pid) = match read_capability_header(header) {
        // Asking for the version with an old one and no data is how libraries find out the version.
        Err(Errno::EINVAL) if data.is_null() => return Ok(0),
        other => other?,
    };
    if pid < 0 {
        return Err(Errno::EINVAL);
    }
    let credentials = match pid {
        0 => cx.process().credentials(),
        pid => process::registry::find_task(pid).ok_or(Errno::ESRCH)?.process().credentials(),
    };
    if data.is_null() {
        return Ok(0);
    }
    let is_superuser = credentials.euid == 0;
    let shown = ALL_CAPABILITIES.map(|word| {
        let held = if is_superuser { word } else { 0 };
        CapUserData { effective: held, permitted: held, inheritable: 0 }
    });
    data.write_slice(&shown[..words])?;
    Ok(0)
}

/// `capset`: taken where it gives up nothing that could not be had back by the user id alone; there are no
/// capabilities of this sort to set.
pub fn capset(cx: &mut Context, header: UserPtr<CapUserHeader>, data: UserPtr<CapUserData>) -> Result<usize> {
    let (words, pid) = read_capability_header(header)?;
    if pid != 0 && pid != cx.process().id() && pid != cx.task.id() {
        return Err(Errno::EPERM);
    }
    let wanted = data.read_slice(words)?;
    let is_superuser = cx.process().credentials().euid == 0;
    let asks_for_any = wanted.iter().any(|word| word.permitted | word.effective != 0);
    if asks_for_any && !is_superuser { Err(Errno::EPERM) } else { Ok(0) }
}

/// The number of data words for the header's version, and whom it names. A version that is not known is answered with
/// the preferred one, and EINVAL.
fn read_capability_header(header: UserPtr<CapUserHeader>) -> Result<(usize, i32)> {
    let CapUserHeader { version, pid } = header.read()?;
    let known = CAPABILITY_VERSIONS.iter().find(|(known, _)| *known == version);
    match known {
        Some(&(_, words)) => Ok((words, pid)),
        None => {
            header.write(&CapUserHeader { version: CAPABILITY_VERSION, pid })?;
            Err(Errno::EINVAL)
        }
    }
}
