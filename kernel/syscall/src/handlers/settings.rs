//! Settings of processes: limits, use, and the many switches of `prctl`.

use abi::consts::{general, prctl as option};
use abi::types::{Rlimit, Rusage};
use abi::{Errno, Result, Signal};
use alloc::sync::Arc;
use arch::layout::USER_END;
use mm::user::UserPtr;
use process::limits::{Privilege, Resource};
use process::process::Flag;
use process::task::NAME_SIZE;
use process::usage::ResourceUse;
use process::{Context, Process, gate, promise_rules};

/// `getrlimit`.
pub fn getrlimit(cx: &mut Context, resource: u32, limit: UserPtr<Rlimit>) -> Result<usize> {
    let resource = Resource::from_raw(resource)?;
    limit.write(&cx.process().limits().get(resource))?;
    Ok(0)
}

/// `setrlimit`.
pub fn setrlimit(cx: &mut Context, resource: u32, limit: UserPtr<Rlimit>) -> Result<usize> {
    let limit = limit.read()?;
    cx.process().set_limit(Resource::from_raw(resource)?, limit, privilege(cx))?;
    Ok(0)
}

/// `prlimit64`.
pub fn prlimit64(
    cx: &mut Context,
    pid: i32,
    resource: u32,
    new: UserPtr<Rlimit>,
    old: UserPtr<Rlimit>,
) -> Result<usize> {
    let new = match new.non_null() {
        Some(new) => Some(new.read()?),
        None => None,
    };
    let target = match pid {
        0 => cx.process().clone(),
        pid => {
            gate::demand_naming(cx, pid)?;
            process::registry::find_task(pid).ok_or(Errno::ESRCH)?.process().clone()
        }
    };
    check_limits_of(cx, &target)?;
    if new.is_some() {
        gate::demand_one(cx, promise_rules::LIMITS)?;
    }
    let resource = Resource::from_raw(resource)?;
    let before = target.limits().get(resource);
    if let Some(new) = new {
        target.set_limit(resource, new, privilege(cx))?;
    }
    if let Some(old) = old.non_null() {
        old.write(&before)?;
    }
    Ok(0)
}

/// EPERM unless the caller may see and set the limits of `target`: all its ids are the caller's, or the caller is the
/// superuser.
fn check_limits_of(cx: &Context, target: &Arc<Process>) -> Result<()> {
    if Arc::ptr_eq(cx.process(), target) {
        return Ok(());
    }
    let (own, theirs) = (cx.process().credentials(), target.credentials());
    let is_same_user = [theirs.uid, theirs.euid, theirs.suid] == [own.uid; 3];
    let is_same_group = [theirs.gid, theirs.egid, theirs.sgid] == [own.gid; 3];
    if own.euid == 0 || (is_same_user && is_same_group) { Ok(()) } else { Err(Errno::EPERM) }
}

fn privilege(cx: &Context) -> Privilege {
    if cx.process().credentials().euid == 0 { Privilege::Superuser } else { Privilege::None }
}

/// `getrusage`.
pub fn getrusage(cx: &mut Context, who: i32, usage: UserPtr<Rusage>) -> Result<usize> {
    let used = match who {
        general::RUSAGE_CHILDREN => cx.process().children_used(),
        _ if who == general::RUSAGE_SELF as i32 => cx.process().used(),
        _ if who == general::RUSAGE_THREAD as i32 => ResourceUse::of_thread(&sched::current()),
        _ => return Err(Errno::EINVAL),
    };
    usage.write(&used.to_rusage())?;
    Ok(0)
}

/// `personality`: there is one, Linux; asked for any other, this answers that it is there and stays with it.
pub fn personality(_cx: &mut Context, _persona: u64) -> Result<usize> {
    Ok(0)
}

/// `arch_prctl`: the thread's segment bases.
pub fn arch_prctl(cx: &mut Context, option: i32, addr: u64) -> Result<usize> {
    const SET_GS: i32 = 0x1001;
    const SET_FS: i32 = 0x1002;
    const GET_FS: i32 = 0x1003;
    const GET_GS: i32 = 0x1004;
    const GET_CPUID: i32 = 0x1011;
    const SET_CPUID: i32 = 0x1012;
    match option {
        SET_GS | SET_FS if addr >= USER_END => return Err(Errno::EPERM),
        SET_GS => cx.user.set_gs_base(addr),
        SET_FS => cx.user.set_fs_base(addr),
        GET_FS => {
            cx.user.capture_segments();
            UserPtr::new(addr).write(&cx.user.regs().fs_base)?;
        }
        GET_GS => {
            cx.user.capture_segments();
            UserPtr::new(addr).write(&cx.user.regs().gs_base)?;
        }
        GET_CPUID => return Ok(1),
        SET_CPUID => return Err(Errno::ENODEV),
        _ => return Err(Errno::EINVAL),
    }
    Ok(0)
}

/// Securebits: none.
const SECURE_BITS: usize = 0;
/// The capabilities that Linux numbers end here.
const CAPABILITY_LAST: u64 = 40;

/// `prctl`.
pub fn prctl(cx: &mut Context, option: i32, arg2: u64, arg3: u64, arg4: u64, arg5: u64) -> Result<usize> {
    gate::demand(cx, promise_rules::process_control(option as u32))?;
    let rest_is_zero = arg3 | arg4 | arg5 == 0;
    match option as u32 {
        option::PR_SET_NAME => set_name(cx, arg2),
        option::PR_GET_NAME => get_name(cx, arg2),
        option::PR_SET_PDEATHSIG => set_parent_death_signal(cx, arg2),
        option::PR_GET_PDEATHSIG => put(arg2, cx.process().parent_death_signal().map_or(0, Signal::number)),
        option::PR_GET_DUMPABLE => Ok(usize::from(cx.process().has(Flag::Dumpable))),
        option::PR_SET_DUMPABLE => set_dumpable(cx, arg2),
        option::PR_SET_NO_NEW_PRIVS if arg2 == 1 && rest_is_zero => set_flag(cx, Flag::NoNewPrivileges, 1),
        option::PR_GET_NO_NEW_PRIVS if arg2 == 0 && rest_is_zero => {
            Ok(usize::from(cx.process().has(Flag::NoNewPrivileges)))
        }
        option::PR_SET_CHILD_SUBREAPER => set_flag(cx, Flag::Subreaper, u64::from(arg2 != 0)),
        option::PR_GET_CHILD_SUBREAPER => put(arg2, i32::from(cx.process().has(Flag::Subreaper))),
        // The rest answers as a Linux does that was built without the thing, or with nothing of it in use.
        option::PR_GET_KEEPCAPS | option::PR_GET_SECCOMP | option::PR_GET_TIMING => Ok(0),
        option::PR_SET_KEEPCAPS if arg2 > 1 => Err(Errno::EINVAL),
        option::PR_SET_KEEPCAPS => Ok(0),
        option::PR_SET_TIMERSLACK => {
            cx.task.set_timer_slack_ns(arg2);
            Ok(0)
        }
        option::PR_GET_TIMERSLACK => Ok(cx.task.timer_slack_ns() as usize),
        option::PR_GET_SECUREBITS => Ok(SECURE_BITS),
        option::PR_CAPBSET_READ if arg2 <= CAPABILITY_LAST => Ok(1),
        option::PR_CAPBSET_DROP if arg2 <= CAPABILITY_LAST => require_superuser(cx),
        option::PR_SET_PTRACER | option::PR_SET_THP_DISABLE => Ok(0),
        option::PR_GET_THP_DISABLE if arg2 == 0 && rest_is_zero => Ok(0),
        option::PR_GET_TSC => put(arg2, option::PR_TSC_ENABLE as i32),
        option::PR_SET_TSC if arg2 == u64::from(option::PR_TSC_ENABLE) => Ok(0),
        option::PR_GET_TID_ADDRESS => {
            let address = cx.task.clear_child_tid.load(core::sync::atomic::Ordering::Relaxed);
            UserPtr::new(arg2).write(&address)?;
            Ok(0)
        }
        option::PR_CAP_AMBIENT => ambient(arg2, arg3),
        _ => Err(Errno::EINVAL),
    }
}

fn put(address: u64, value: i32) -> Result<usize> {
    UserPtr::new(address).write(&value)?;
    Ok(0)
}

fn require_superuser(cx: &Context) -> Result<usize> {
    if cx.process().credentials().euid == 0 { Ok(0) } else { Err(Errno::EPERM) }
}

/// Who has given anything up does not come to be looked into by it again.
fn set_dumpable(cx: &Context, value: u64) -> Result<usize> {
    let is_raised = value == 1 && !cx.process().has(Flag::Dumpable);
    if is_raised && !cx.table.is_whole() { Err(Errno::EPERM) } else { set_flag(cx, Flag::Dumpable, value) }
}

fn set_flag(cx: &Context, flag: Flag, value: u64) -> Result<usize> {
    match value {
        0 => cx.process().unmark(flag),
        1 => cx.process().mark(flag),
        _ => return Err(Errno::EINVAL),
    }
    Ok(0)
}

fn set_name(cx: &Context, address: u64) -> Result<usize> {
    let mut name = [0; NAME_SIZE - 1];
    let mut len = 0;
    // Byte by byte: the text may end right before memory that is not there.
    while len < name.len() {
        let byte: u8 = UserPtr::new(address + len as u64).read()?;
        if byte == 0 {
            break;
        }
        name[len] = byte;
        len += 1;
    }
    cx.task.set_name(&name[..len]);
    Ok(0)
}

fn get_name(cx: &Context, address: u64) -> Result<usize> {
    let (name, _) = cx.task.name();
    UserPtr::new(address).write(&name)?;
    Ok(0)
}

fn set_parent_death_signal(cx: &Context, number: u64) -> Result<usize> {
    let signal = match i32::try_from(number).map_err(|_| Errno::EINVAL)? {
        0 => None,
        number => Some(Signal::new(number).ok_or(Errno::EINVAL)?),
    };
    cx.process().set_parent_death_signal(signal);
    Ok(0)
}

/// Ambient capabilities: there are none, so that clearing succeeds and raising does not.
fn ambient(action: u64, capability: u64) -> Result<usize> {
    const IS_SET: u64 = 1;
    const RAISE: u64 = 2;
    const LOWER: u64 = 3;
    const CLEAR_ALL: u64 = 4;
    if action != CLEAR_ALL && capability > CAPABILITY_LAST {
        return Err(Errno::EINVAL);
    }
    match action {
        IS_SET | LOWER | CLEAR_ALL => Ok(0),
        RAISE => Err(Errno::EPERM),
        _ => Err(Errno::EINVAL),
    }
}
