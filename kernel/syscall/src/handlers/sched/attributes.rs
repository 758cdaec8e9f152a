//! `sched_setattr` and `sched_getattr`: everything about how a thread is scheduled, in a structure that grows.

use super::policy::{numbers_of, policy_of, set_policy};
use super::priority::may_have_nice;
use super::{find, is_superuser, thread_of};
use abi::types::SchedAttr;
use abi::{Errno, Result};
use alloc::vec::Vec;
use mm::user::UserPtr;
use process::Context;
use sched::{Nice, Policy};

/// The flags that are known: reset on fork, keep policy, keep parameters, and utilisation hints.
const ATTRIBUTE_FLAGS: u64 = 0x1 | 0x8 | 0x10 | 0x20 | 0x40;
const KEEP_POLICY: u64 = 0x8;
const KEEP_PARAMETERS: u64 = 0x10;
/// Size of the first version of `struct sched_attr`.
const ATTRIBUTES_FIRST: u32 = 48;

/// `sched_setattr`.
pub fn sched_setattr(cx: &mut Context, pid: i32, attributes: UserPtr<SchedAttr>, flags: u32) -> Result<usize> {
    if pid < 0 || flags != 0 || attributes.is_null() {
        return Err(Errno::EINVAL);
    }
    let size: u32 = UserPtr::new(attributes.address()).read()?;
    let wanted = read_attributes(attributes, size)?;
    let task = find(cx, pid)?;
    if wanted.flags & !ATTRIBUTE_FLAGS != 0 {
        return Err(Errno::EINVAL);
    }
    let thread = thread_of(&task)?;
    let (policy, priority) = numbers_of(thread.policy());
    let keeps_parameters = wanted.flags & KEEP_PARAMETERS != 0;
    let new = policy_of(
        if wanted.flags & KEEP_POLICY != 0 { policy } else { wanted.policy },
        if keeps_parameters { priority } else { wanted.priority as i32 },
    )?;
    let nice = if keeps_parameters { thread.nice() } else { Nice::clamped(wanted.nice) };
    let has_nice = matches!(new, Policy::Normal | Policy::Batch);
    if has_nice && nice < thread.nice() && !is_superuser(cx) && !may_have_nice(&task, nice) {
        return Err(Errno::EPERM);
    }
    set_policy(cx, &task, new)?;
    if has_nice {
        thread.set_nice(nice);
    }
    Ok(0)
}

/// Reads attributes of whatever version the caller has. E2BIG, with the size that is known told, for a later one that
/// says something.
fn read_attributes(attributes: UserPtr<SchedAttr>, size: u32) -> Result<SchedAttr> {
    let known = size_of::<SchedAttr>() as u32;
    let size = if size == 0 { ATTRIBUTES_FIRST } else { size };
    if !(ATTRIBUTES_FIRST..=4096).contains(&size) {
        attributes_size(attributes).write(&known)?;
        return Err(Errno::E2BIG);
    }
    if size > known {
        let rest: Vec<u8> =
            UserPtr::new(attributes.address() + u64::from(known)).read_slice((size - known) as usize)?;
        if rest.iter().any(|&byte| byte != 0) {
            attributes_size(attributes).write(&known)?;
            return Err(Errno::E2BIG);
        }
    }
    if size >= known {
        return attributes.read();
    }
    // The first version ends before the hints.
    let words: [u64; 6] = UserPtr::new(attributes.address()).read()?;
    Ok(SchedAttr {
        size,
        policy: (words[0] >> 32) as u32,
        flags: words[1],
        nice: words[2] as i32,
        priority: (words[2] >> 32) as u32,
        runtime: words[3],
        deadline: words[4],
        period: words[5],
        ..SchedAttr::default()
    })
}

fn attributes_size(attributes: UserPtr<SchedAttr>) -> UserPtr<u32> {
    UserPtr::new(attributes.address())
}

/// `sched_getattr`.
pub fn sched_getattr(
    cx: &mut Context,
    pid: i32,
    attributes: UserPtr<SchedAttr>,
    size: u32,
    flags: u32,
) -> Result<usize> {
    let is_sized = (ATTRIBUTES_FIRST..=4096).contains(&size);
    if pid < 0 || flags != 0 || attributes.is_null() || !is_sized {
        return Err(Errno::EINVAL);
    }
    let task = find(cx, pid)?;
    let thread = thread_of(&task)?;
    let (policy, priority) = numbers_of(thread.policy());
    let known = size_of::<SchedAttr>() as u32;
    let has_nice = matches!(thread.policy(), Policy::Normal | Policy::Batch);
    let shown = SchedAttr {
        size: size.min(known),
        policy,
        nice: if has_nice { thread.nice().get() } else { 0 },
        priority: priority as u32,
        utilization_max: 1024,
        ..SchedAttr::default()
    };
    let bytes = zerocopy::IntoBytes::as_bytes(&shown);
    UserPtr::new(attributes.address()).write_slice(&bytes[..shown.size as usize])?;
    Ok(0)
}
