//! `sched_setattr` and `sched_getattr`: everything about how a thread is scheduled, in a structure that grows.

use super::policy::{change, numbers_of, policy_of};
use super::{find, thread_of};
use abi::types::SchedAttr;
use abi::{Errno, Result};
use alloc::vec::Vec;
use mm::user::UserPtr;
use process::Context;
use sched::{Heirs, Nice, Parameters, Policy, Slice};

/// The flags that are known: reset on fork, keep policy, keep parameters, and utilisation hints.
const ATTRIBUTE_FLAGS: u64 = RESET_ON_FORK | KEEP_POLICY | KEEP_PARAMETERS | 0x20 | 0x40;
const RESET_ON_FORK: u64 = 0x1;
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
    let old = thread_of(&task)?.parameters();
    let (policy, priority) = numbers_of(old.policy);
    let keeps_parameters = wanted.flags & KEEP_PARAMETERS != 0;
    let policy = policy_of(
        if wanted.flags & KEEP_POLICY != 0 { policy } else { wanted.policy },
        if keeps_parameters { priority } else { wanted.priority as i32 },
    )?;
    let heirs = if wanted.flags & RESET_ON_FORK != 0 { Heirs::Ordinary } else { Heirs::Alike };
    let has_nice = matches!(policy, Policy::Normal | Policy::Batch) && !keeps_parameters;
    change(cx, &task, |old| Parameters {
        policy,
        nice: if has_nice { Nice::clamped(wanted.nice) } else { old.nice },
        slice: if keeps_parameters { old.slice } else { Slice::clamped(wanted.runtime) },
        heirs,
    })?;
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
    let parameters = thread_of(&task)?.parameters();
    let (policy, priority) = numbers_of(parameters.policy);
    let known = size_of::<SchedAttr>() as u32;
    let has_nice = matches!(parameters.policy, Policy::Normal | Policy::Batch);
    let is_fair = has_nice || parameters.policy == Policy::Idle;
    let shown = SchedAttr {
        size: size.min(known),
        policy,
        flags: if parameters.heirs == Heirs::Ordinary { RESET_ON_FORK } else { 0 },
        nice: if has_nice { parameters.nice.get() } else { 0 },
        priority: priority as u32,
        runtime: if is_fair { parameters.slice.ns() } else { 0 },
        utilization_max: 1024,
        ..SchedAttr::default()
    };
    let bytes = zerocopy::IntoBytes::as_bytes(&shown);
    UserPtr::new(attributes.address()).write_slice(&bytes[..shown.size as usize])?;
    Ok(0)
}
