//! `fcntl` on owners: who is signalled when something can be read or written.

use crate::Context;
use abi::consts::general;
use abi::types::OwnerEx;
use abi::{Errno, Result, Signal};
use alloc::sync::{Arc, Weak};
use core::any::Any;
use mm::user::UserPtr;
use object::Held;
use object::input_owner::{InputOwner, owner_of, set_owner};
use process::signal::owner::{Owner, Target};
use process::{Process, Task, gate, registry};

const THREAD: i32 = general::F_OWNER_TID as i32;
const PROCESS: i32 = general::F_OWNER_PID as i32;
const GROUP: i32 = general::F_OWNER_PGRP as i32;

/// Does one of the commands. EINVAL for others. To name others than oneself takes what `kill` takes.
pub(super) fn control(cx: &Context, held: &Held, command: u32, argument: usize) -> Result<usize> {
    match command {
        general::F_SETOWN => {
            let id = argument as i32;
            let kind = if id < 0 { GROUP } else { PROCESS };
            name(cx, held, OwnerEx { kind, id: id.checked_abs().ok_or(Errno::EINVAL)? })
        }
        general::F_SETOWN_EX => name(cx, held, UserPtr::<OwnerEx>::new(argument as u64).read()?),
        general::F_GETOWN => {
            let OwnerEx { kind, id } = named(held);
            // As the register has it: a group is a negative number.
            Ok(if kind == GROUP { -id } else { id } as usize)
        }
        general::F_GETOWN_EX => UserPtr::new(argument as u64).write(&named(held)).map(|()| 0),
        general::F_SETSIG => choose_signal(cx, held, argument),
        general::F_GETSIG => Ok(with_owner(held, |owner| owner.map_or(0, Owner::signal)) as usize),
        _ => Err(Errno::EINVAL),
    }
}

fn name(cx: &Context, held: &Held, who: OwnerEx) -> Result<usize> {
    let target = match (who.kind, who.id) {
        (THREAD | PROCESS | GROUP, 0) => Target::Nobody,
        (THREAD, id) => {
            gate::demand_naming(cx, id)?;
            Target::Thread(Arc::downgrade(&registry::find_task(id).ok_or(Errno::ESRCH)?))
        }
        (PROCESS, id) => {
            gate::demand_naming(cx, id)?;
            Target::Process(Arc::downgrade(&registry::find_process(id).ok_or(Errno::ESRCH)?))
        }
        (GROUP, id) => {
            gate::demand_others(cx)?;
            registry::find_group(id).ok_or(Errno::ESRCH)?;
            Target::Group(id)
        }
        _ => return Err(Errno::EINVAL),
    };
    let signal = with_owner(held, |owner| owner.map_or(0, Owner::signal));
    replace(cx, held, target, signal)
}

fn choose_signal(cx: &Context, held: &Held, argument: usize) -> Result<usize> {
    let signal = argument as i32;
    if signal != 0 && Signal::new(signal).is_none() {
        return Err(Errno::EINVAL);
    }
    let is_chosen = with_owner(held, |owner| owner.map(|owner| owner.choose_signal(signal)).is_some());
    if is_chosen { Ok(0) } else { replace(cx, held, Target::Nobody, signal) }
}

fn replace(cx: &Context, held: &Held, target: Target, signal: i32) -> Result<usize> {
    let owner: Arc<dyn InputOwner> = mm::alloc::try_arc(Owner::new(cx.process(), target, signal, held.slot()))?;
    set_owner(held.object().as_ref(), Some(owner)).map(|()| 0)
}

/// Who is named; nobody, id 0, where the named one has gone.
fn named(held: &Held) -> OwnerEx {
    with_owner(held, |owner| match owner.map(Owner::target) {
        Some(Target::Thread(task)) => OwnerEx { kind: THREAD, id: listed(task, Task::id, registry::find_task) },
        Some(Target::Process(process)) => {
            OwnerEx { kind: PROCESS, id: listed(process, Process::id, registry::find_process) }
        }
        Some(Target::Group(id)) => OwnerEx { kind: GROUP, id: *id },
        Some(Target::Nobody) | None => OwnerEx { kind: PROCESS, id: 0 },
    })
}

/// The id of one who is still listed under it; else 0. One that was collected may be held for a moment by what tears it down.
fn listed<T>(named: &Weak<T>, id: fn(&T) -> i32, find: fn(i32) -> Option<Arc<T>>) -> i32 {
    let Some(named) = named.upgrade() else { return 0 };
    let is_listed = find(id(&named)).is_some_and(|found| Arc::ptr_eq(&found, &named));
    if is_listed { id(&named) } else { 0 }
}

fn with_owner<T>(held: &Held, look: impl FnOnce(Option<&Owner>) -> T) -> T {
    let owner = owner_of(held.object().as_ref());
    look(owner.as_deref().and_then(|owner| (owner as &dyn Any).downcast_ref()))
}
