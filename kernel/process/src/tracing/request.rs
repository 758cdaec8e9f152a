//! What a tracer asks of a thread that it traces.
//!
//! Each request names a thread that the caller's process traces and that is stopped (ESRCH), and is made only where the caller's
//! table dominates that thread's now (EPERM).

use super::tracee::{Action, At, Frozen, Mode, State, Stop};
use crate::context::Context;
use crate::core_dump::shown;
use crate::signal::details::Details;
use crate::signal::send_from_kernel;
use crate::{Task, domination, registry};
use abi::types::{SyscallInfo, UserRegisters};
use abi::{Errno, Result, Signal, SignalSet, TraceOptions};
use alloc::sync::Arc;
use arch::user::Registers;
use mm::AddressSpace;
use sched::attention;

/// What `struct user` has after the registers, up to its debug registers.
const DEBUG_REGISTERS: u64 = 848;
/// The end of `struct user`.
const USER_END: u64 = 912;
const REGISTERS_END: u64 = size_of::<UserRegisters>() as u64;

/// The debug register that switches the others on, and its bits for that.
const CONTROL: usize = 7;
const ENABLED: u64 = 0xff;

/// AUDIT_ARCH_X86_64.
const MACHINE: u32 = 0xc000_003e;
/// Bytes of the vector state's legacy region, and the place in it where tracers find the enabled components.
const LEGACY_SIZE: usize = 512;
const COMPONENTS_AT: usize = 464;
/// Where a signal frame has them.
const FRAME_COMPONENTS_AT: usize = 472;
/// The number that closes a signal frame's image.
const CLOSING_SIZE: usize = 4;

/// A stopped thread in its tracer's hands.
pub struct Held {
    task: Arc<Task>,
    /// Which of its stops.
    number: u64,
}

/// The thread with this id, which the caller's process traces: ESRCH.
pub fn find(cx: &Context, id: i32) -> Result<Arc<Task>> {
    let task = registry::find_task(id).ok_or(Errno::ESRCH)?;
    if task.trace.tracer() == cx.process().id() { Ok(task) } else { Err(Errno::ESRCH) }
}

/// The same, stopped and dominated.
pub fn hold(cx: &Context, id: i32) -> Result<Held> {
    let task = find(cx, id)?;
    let number = {
        let state = task.trace.state.lock();
        state.stop.map(|_| state.stops).ok_or(Errno::ESRCH)?
    };
    // It may get wider only by going on, and then the stop is another.
    domination::demand(&cx.task, task.process())?;
    Ok(Held { task, number })
}

impl Held {
    /// The thread.
    pub const fn task(&self) -> &Arc<Task> {
        &self.task
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.task.trace.state.lock();
        state.stop_numbered(self.number).ok_or(Errno::ESRCH)?;
        f(&mut state)
    }

    fn with_stop<T>(&self, f: impl FnOnce(&mut Stop) -> Result<T>) -> Result<T> {
        self.with(|state| f(state.stop.as_mut().ok_or(Errno::ESRCH)?))
    }

    fn with_frozen<T>(&self, f: impl FnOnce(&mut Frozen) -> Result<T>) -> Result<T> {
        self.with(|state| f(state.frozen.as_deref_mut().ok_or(Errno::ENOMEM)?))
    }

    /// Lets it go on.
    pub fn resume(&self, action: Action) -> Result<()> {
        {
            let _registry = registry::lock();
            self.with(|state| {
                state.let_go(action);
                Ok(())
            })?;
        }
        self.task.trace.resumed.wake_all();
        Ok(())
    }

    /// Its address space. What is mapped there now is what it dominated the stop for.
    pub fn space(&self) -> Result<Arc<AddressSpace>> {
        let space = self.task.process().space().ok_or(Errno::ESRCH)?;
        self.with(|_| Ok(space))
    }

    /// PTRACE_SETOPTIONS.
    pub fn set_options(&self, options: TraceOptions) -> Result<()> {
        self.with(|_| {
            self.task.trace.set_options(options);
            Ok(())
        })
    }

    /// PTRACE_GETEVENTMSG.
    pub fn message(&self) -> Result<u64> {
        self.with(|state| Ok(state.message))
    }

    /// PTRACE_GETSIGINFO: EINVAL where it did not stop at a signal or for an event.
    pub fn details(&self) -> Result<Details> {
        self.with_stop(|stop| stop.details.ok_or(Errno::EINVAL))
    }

    /// PTRACE_SETSIGINFO.
    pub fn set_details(&self, details: Details) -> Result<()> {
        self.with_stop(|stop| stop.details.as_mut().map(|told| *told = details).ok_or(Errno::EINVAL))
    }

    /// PTRACE_GETSIGMASK.
    pub fn blocked(&self) -> Result<SignalSet> {
        self.with_frozen(|frozen| Ok(frozen.blocked))
    }

    /// PTRACE_SETSIGMASK.
    pub fn set_blocked(&self, blocked: SignalSet) -> Result<()> {
        self.with_frozen(|frozen| {
            (frozen.blocked, frozen.has_new_mask) = (blocked.difference(SignalSet::UNSTOPPABLE), true);
            Ok(())
        })
    }

    /// PTRACE_PEEKSIGINFO: the pending signal with this index, of the thread or of its process.
    pub fn pending(&self, index: u64, of: Queue) -> Result<Option<Details>> {
        self.with(|_| Ok(()))?;
        let index = usize::try_from(index).map_err(|_| Errno::EINVAL)?;
        Ok(match of {
            Queue::Thread => self.task.private.lock().peek(index),
            Queue::Process => self.task.process().signals.lock().shared.peek(index),
        })
    }

    /// The registers.
    pub fn registers(&self) -> Result<UserRegisters> {
        self.with_frozen(|frozen| Ok(shown(&frozen.registers)))
    }

    /// Sets them: EIO for addresses beyond user memory.
    pub fn set_registers(&self, registers: &UserRegisters) -> Result<()> {
        if [registers.fs_base, registers.gs_base].iter().any(|base| *base >= arch::layout::USER_END) {
            return Err(Errno::EIO);
        }
        self.with_frozen(|frozen| {
            take_over(&mut frozen.registers, registers);
            frozen.has_new_registers = true;
            Ok(())
        })
    }

    /// A word of `struct user`: EIO where there is none.
    pub fn user_word(&self, offset: u64) -> Result<u64> {
        if !offset.is_multiple_of(8) || offset >= USER_END {
            return Err(Errno::EIO);
        }
        let index = (offset / 8) as usize;
        match offset {
            ..REGISTERS_END => {
                let words: [u64; 27] = zerocopy::transmute!(self.registers()?);
                Ok(words[index])
            }
            DEBUG_REGISTERS.. => self.with(|state| Ok(state.debug[index - DEBUG_REGISTERS as usize / 8])),
            _ => self.with(|_| Ok(0)),
        }
    }

    /// Sets a word of `struct user`, if it is a register. EINVAL for switching a debug register on: threads have none.
    pub fn set_user_word(&self, offset: u64, word: u64) -> Result<()> {
        if !offset.is_multiple_of(8) {
            return Err(Errno::EIO);
        }
        if (DEBUG_REGISTERS..USER_END).contains(&offset) {
            let index = ((offset - DEBUG_REGISTERS) / 8) as usize;
            return match index {
                4 | 5 => Err(Errno::EIO),
                CONTROL if word & ENABLED != 0 => Err(Errno::EINVAL),
                _ => self.with(|state| {
                    state.debug[index] = word;
                    Ok(())
                }),
            };
        }
        if offset >= REGISTERS_END {
            return Err(Errno::EIO);
        }
        let mut words: [u64; 27] = zerocopy::transmute!(self.registers()?);
        words[(offset / 8) as usize] = word;
        self.set_registers(&zerocopy::transmute!(words))
    }

    /// Calls `f` with the vector state, as much as tracers know of: the legacy region, or all with the enabled components in it.
    pub fn vectors<T>(&self, part: Part, f: impl FnOnce(&[u8]) -> T) -> Result<T> {
        self.with_frozen(|frozen| {
            let bytes = frozen.vectors.bytes_mut();
            let Some(end) = end_of(part, bytes.len()) else { return Err(Errno::EINVAL) };
            let mut software = [0; LEGACY_SIZE - COMPONENTS_AT];
            software.copy_from_slice(&bytes[COMPONENTS_AT..LEGACY_SIZE]);
            let mut shown = [0; LEGACY_SIZE - COMPONENTS_AT];
            if part == Part::Whole {
                shown[..8].copy_from_slice(&software[FRAME_COMPONENTS_AT - COMPONENTS_AT..][..8]);
            }
            bytes[COMPONENTS_AT..LEGACY_SIZE].copy_from_slice(&shown);
            let result = f(&bytes[..end]);
            bytes[COMPONENTS_AT..LEGACY_SIZE].copy_from_slice(&software);
            Ok(result)
        })
    }

    /// Sets the vector state from its first bytes. What the processor does not have is refused when it is loaded.
    pub fn set_vectors(&self, part: Part, new: &[u8]) -> Result<()> {
        self.with_frozen(|frozen| {
            let bytes = frozen.vectors.bytes_mut();
            let end = end_of(part, bytes.len()).ok_or(Errno::EINVAL)?.min(new.len());
            let legacy = end.min(COMPONENTS_AT);
            bytes[..legacy].copy_from_slice(&new[..legacy]);
            if end > LEGACY_SIZE {
                bytes[LEGACY_SIZE..end].copy_from_slice(&new[LEGACY_SIZE..end]);
            } else if let Some(present) = bytes.get_mut(LEGACY_SIZE) {
                // x87 and SSE have values now.
                *present |= 3;
            }
            frozen.has_new_vectors = true;
            Ok(())
        })
    }

    /// PTRACE_GET_SYSCALL_INFO, and how much of it counts.
    pub fn call(&self) -> Result<(SyscallInfo, usize)> {
        const KNOWN: usize = 24;
        let at = self.with_stop(|stop| Ok(stop.at))?;
        let registers = self.registers()?;
        let mut info = SyscallInfo {
            machine: MACHINE,
            instruction_pointer: registers.rip,
            stack_pointer: registers.rsp,
            ..SyscallInfo::default()
        };
        let r = &registers;
        let known = match at {
            At::Entry if self.is_marked() => {
                info.kind = 1;
                info.words = [r.orig_rax, r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9];
                KNOWN + 7 * 8
            }
            At::Return if self.is_marked() => {
                let is_error = (-4095..0).contains(&(r.rax as i64));
                info.kind = 2;
                info.words = [r.rax, u64::from(is_error), 0, 0, 0, 0, 0];
                KNOWN + 8 + 1
            }
            _ => KNOWN,
        };
        Ok((info, known))
    }

    fn is_marked(&self) -> bool {
        self.task.trace.options().contains(TraceOptions::MARK_CALLS)
    }
}

/// PTRACE_INTERRUPT: EIO for a thread that was not seized.
pub fn interrupt(cx: &Context, id: i32) -> Result<()> {
    let task = find(cx, id)?;
    domination::demand(&cx.task, task.process())?;
    if !task.trace.is(Mode::Seized) {
        return Err(Errno::EIO);
    }
    task.trace.set(Mode::Interrupt);
    task.alert(attention::SIGNAL);
    // It may be listening.
    task.process().resumed.wake_all();
    Ok(())
}

/// PTRACE_KILL.
pub fn kill(cx: &Context, id: i32) -> Result<()> {
    let task = find(cx, id)?;
    domination::demand(&cx.task, task.process())?;
    send_from_kernel(task.process(), Signal::KILL);
    Ok(())
}

/// Whether the stop was at this kind of thread: LISTEN is for those that were seized.
pub fn is_seized(task: &Task) -> bool {
    task.trace.is(Mode::Seized)
}

/// Which signals that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Those for the thread.
    Thread,
    /// Those for its process.
    Process,
}

/// Which part of the vector state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What FXSAVE knows: 512 bytes.
    Legacy,
    /// All.
    Whole,
}

fn end_of(part: Part, len: usize) -> Option<usize> {
    match part {
        Part::Legacy => Some(LEGACY_SIZE),
        Part::Whole => len.checked_sub(CLOSING_SIZE).filter(|end| *end > LEGACY_SIZE),
    }
}

fn take_over(to: &mut Registers, from: &UserRegisters) {
    let from = *from;
    *to = Registers {
        r15: from.r15,
        r14: from.r14,
        r13: from.r13,
        r12: from.r12,
        rbp: from.rbp,
        rbx: from.rbx,
        r11: from.r11,
        r10: from.r10,
        r9: from.r9,
        r8: from.r8,
        rax: from.rax,
        rcx: from.rcx,
        rdx: from.rdx,
        rsi: from.rsi,
        rdi: from.rdi,
        error_code: from.orig_rax,
        rip: from.rip,
        rflags: from.rflags,
        rsp: from.rsp,
        fs_base: from.fs_base,
        gs_base: from.gs_base,
        ..*to
    };
}
