//! Calls that run programs.

use super::descriptors::descriptor_for;
use crate::Context;
use crate::arguments::{At, UserPath};
use abi::types::{SpawnArguments, SpawnSlot};
use abi::{AtFlags, Errno, Promises, Result, RootSet};
use alloc::vec::Vec;
use caps::Rights;
use mm::user::{UserPtr, read_c_string};
use object::{Held, LookupFlags, NodeKind, ObjectCapability};
use process::exec::stack::{STRING_LIMIT, Strings};
use process::exec::{Executable, execute};
use process::gate;
use process::spawn::{self, Spawn};

/// The most that arguments and environment may take together, whatever the stack's limit.
const TOTAL_LIMIT: usize = 6 << 20;

/// Runs the program at a path in place of this one; no arguments at all become a single empty one.
pub fn execve(cx: &mut Context, path: UserPath, argv: UserPtr<u64>, envp: UserPtr<u64>) -> Result<usize> {
    let path = path.read()?;
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let base = At::cwd(Rights::LOOKUP | Rights::FEXECVE).base(cx, &path)?;
    base.demand_inherited(Rights::FEXECVE)?;
    let location = base.find(&path, LookupFlags::NAMED)?;
    drop(base);
    run(cx, Executable::at(location, path)?, argv, envp)
}

/// Runs the program at a path from a directory, or with AT_EMPTY_PATH the one that is open.
/// A link that is not to be followed is ELOOP.
pub fn execveat(
    cx: &mut Context,
    directory: At,
    path: UserPath,
    argv: UserPtr<u64>,
    envp: UserPtr<u64>,
    flags: AtFlags,
) -> Result<usize> {
    if !(AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let path = path.read()?;
    if let Some(held) = directory.itself(cx, &path, flags)? {
        let file = held_executable(&held)?;
        drop(held);
        return run(cx, file, argv, envp);
    }
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let mut how = LookupFlags::NAMED;
    how.set(LookupFlags::NO_FOLLOW, flags.contains(AtFlags::SYMLINK_NOFOLLOW));
    let base = directory.base(cx, &path)?;
    base.demand_inherited(Rights::FEXECVE)?;
    let location = base.find(&path, how)?;
    drop(base);
    if location.node().kind() == NodeKind::Symlink {
        return Err(Errno::ELOOP);
    }
    run(cx, Executable::at(location, path)?, argv, envp)
}

fn run(cx: &mut Context, file: Executable, argv: UserPtr<u64>, envp: UserPtr<u64>) -> Result<usize> {
    let (arguments, environment) = read_all_strings(argv, envp)?;
    execute(cx, file, arguments, &environment)?;
    Ok(0)
}

/// A new process from the executable in the slot, with exactly the slots and root capabilities of the request; its descriptor.
pub fn spawn(cx: &mut Context, executable: Held, arguments: UserPtr<SpawnArguments>, size: usize) -> Result<usize> {
    gate::demand(cx, Promises::PROC)?;
    if size != size_of::<SpawnArguments>() {
        return Err(Errno::EINVAL);
    }
    let asked = arguments.read()?;
    if asked.reserved != 0 {
        return Err(Errno::EINVAL);
    }
    let roots = RootSet::from_bits(asked.roots).ok_or(Errno::EINVAL)?;
    let descriptor = descriptor_for(asked.flags)?;
    if asked.slot_count as usize > cx.table.limit() {
        return Err(Errno::EINVAL);
    }
    let map = UserPtr::<SpawnSlot>::new(asked.slots).read_slice(asked.slot_count as usize)?;
    let slots = gather(cx, &map)?;
    let (arguments, environment) = read_all_strings(UserPtr::new(asked.arguments), UserPtr::new(asked.environment))?;
    let executable = held_executable(&executable)?;
    let request = Spawn { executable, arguments, environment, slots, roots, descriptor };
    spawn::spawn(cx, request).map(|slot| slot as usize)
}

/// What the child's slots hold: EINVAL unless their numbers rise, EBADF for one of the caller's that is empty, ENOTCAPABLE for
/// one that may not be passed on.
fn gather(cx: &Context, map: &[SpawnSlot]) -> Result<Vec<(u32, ObjectCapability)>> {
    if !map.is_sorted_by(|before, after| before.to < after.to) {
        return Err(Errno::EINVAL);
    }
    let mut slots = Vec::new();
    slots.try_reserve_exact(map.len()).map_err(|_| Errno::ENOMEM)?;
    for SpawnSlot { from, to } in map {
        let to = u32::try_from(*to).map_err(|_| Errno::EINVAL)?;
        slots.push((to, cx.table.get(*from, Rights::TRANSFER)?.into_capability()));
    }
    Ok(slots)
}

fn read_all_strings(argv: UserPtr<u64>, envp: UserPtr<u64>) -> Result<(Strings, Strings)> {
    let mut arguments = read_strings(argv, 0)?;
    let environment = read_strings(envp, arguments.size())?;
    if arguments.count() == 0 {
        // Programs rely on argv[0] being there.
        arguments.push(b"")?;
    }
    Ok((arguments, environment))
}

/// The executable in a slot; a script finds itself again by that.
fn held_executable(held: &Held) -> Result<Executable> {
    let location = held.location().ok_or(Errno::EACCES)?.clone();
    Executable::held(location, descriptor_path(held.slot())?)
}

/// Copies in an array of strings that ends in null; a null array is an empty one. E2BIG.
fn read_strings(array: UserPtr<u64>, taken: usize) -> Result<Strings> {
    let mut strings = Strings::new();
    if array.is_null() {
        return Ok(strings);
    }
    for at in 0.. {
        let address = array.offset(at).read()?;
        if address == 0 {
            break;
        }
        let string = read_c_string(address, STRING_LIMIT).map_err(|error| match error {
            Errno::ENAMETOOLONG => Errno::E2BIG,
            error => error,
        })?;
        strings.push(&string)?;
        if taken + strings.size() > TOTAL_LIMIT {
            return Err(Errno::E2BIG);
        }
    }
    Ok(strings)
}

/// The path under which a file held by a slot can be found again.
fn descriptor_path(slot: i32) -> Result<Vec<u8>> {
    Ok(mm::alloc::try_format(format_args!("/dev/fd/{slot}"))?)
}
