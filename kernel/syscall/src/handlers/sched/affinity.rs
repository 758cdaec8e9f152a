//! Which processors a thread may run on.

use super::{check_owner, find, thread_of};
use abi::{Errno, Result};
use arch::CpuSet;
use arch::cpu::CpuId;
use mm::user::{Sink, Source, UserPtr};
use process::Context;

/// How many bytes a mask of all processors of this machine takes.
fn mask_size() -> usize {
    arch::cpu::count().div_ceil(64) * 8
}

/// `sched_setaffinity`.
pub fn sched_setaffinity(cx: &mut Context, pid: i32, mut mask: Source<'_>) -> Result<usize> {
    let mut bytes = [0; arch::cpu::MAX_CPUS.div_ceil(64) * 8];
    // A short mask is filled with zeros, of a long one what no processor can have is ignored.
    mask.truncate(bytes.len());
    let count = mask.remaining();
    if mask.copy_to(&mut bytes[..count])? < count {
        return Err(Errno::EFAULT);
    }
    let task = find(cx, pid)?;
    check_owner(cx, &task)?;
    let allowed = task.process().allowed_cpus().intersect(&arch::cpu::online());
    let wanted = CpuSet::from_bytes(&bytes).intersect(&allowed);
    if wanted.is_empty() {
        return Err(Errno::EINVAL);
    }
    thread_of(&task)?.set_affinity(wanted)?;
    Ok(0)
}

/// `sched_getaffinity`: returns how many bytes of the mask were written.
pub fn sched_getaffinity(cx: &mut Context, pid: i32, mut mask: Sink<'_>) -> Result<usize> {
    let size = mask.remaining();
    if size * 8 < arch::cpu::count() || !size.is_multiple_of(8) {
        return Err(Errno::EINVAL);
    }
    let task = find(cx, pid)?;
    let allowed = thread_of(&task)?.affinity().intersect(&arch::cpu::online());
    let bytes = allowed.to_bytes();
    let count = size.min(mask_size());
    if mask.write(&bytes[..count])? < count { Err(Errno::EFAULT) } else { Ok(count) }
}

/// `getcpu`.
pub fn getcpu(_cx: &mut Context, cpu: UserPtr<u32>, node: UserPtr<u32>) -> Result<usize> {
    let current: CpuId = arch::cpu::current();
    if let Some(cpu) = cpu.non_null() {
        cpu.write(&current.as_u32())?;
    }
    if let Some(node) = node.non_null() {
        node.write(&0)?;
    }
    Ok(0)
}

/// `membarrier`: a memory barrier on every CPU. The caller visits them all, and being switched to is a barrier.
pub fn membarrier(_cx: &mut Context, command: i32, flags: u32, _cpu: i32) -> Result<usize> {
    const QUERY: i32 = 0;
    const GLOBAL: i32 = 1;
    match command {
        QUERY if flags == 0 => Ok(GLOBAL as usize),
        GLOBAL if flags == 0 => {
            let thread = sched::current();
            let allowed = thread.affinity();
            for cpu in arch::cpu::online().iter() {
                thread.set_affinity(CpuSet::of(cpu))?;
            }
            thread.set_affinity(allowed)?;
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}
