//! Into a handler and back: building the signal frame and undoing it.

use super::actions;
use super::details::Details;
use super::frame::{CONTEXT_FLAGS, Placement, SignalFrame, Stack};
use super::mask;
use crate::context::Context;
use crate::task::{STACK_DISABLED, Task};
use abi::types::{Sigaction, Sigaltstack, Sigcontext, Ucontext};
use abi::{Errno, Result, Signal};
use arch::fpu::{FpuState, SignalImage};
use arch::layout::USER_END;
use arch::user::Registers;
use mm::user::UserPtr;

/// SS_ONSTACK.
const ON_STACK: i32 = 1;
/// SS_AUTODISARM.
const AUTO_DISARM: i32 = 1 << 31;

pub use arch::user::NO_CALL;

/// Selectors of user code and data, as Linux has them; programs see them in signal frames.
pub(crate) const USER_CODE: u16 = 0x33;
pub(crate) const USER_DATA: u16 = 0x2b;

/// The flags that a program may set itself: carry, parity, adjust, zero, sign, trap, direction, overflow, resume,
/// nested alignment check.
const USER_FLAGS: u64 = 0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;
/// Direction, trap and resume: cleared for a handler.
const HANDLER_CLEARS: u64 = 0x400 | 0x100 | 0x1_0000;

/// Builds a frame for `signal` on the right stack and points the registers at its handler. EFAULT where the stack
/// cannot hold it.
pub(crate) fn enter(cx: &mut Context, signal: Signal, details: &Details, action: &Sigaction) -> Result<()> {
    if action.flags & actions::RESTORER == 0 {
        return Err(Errno::EFAULT);
    }
    let blocked = cx.task.blocked();
    // Filled in where it stands: it is large, and copies of it would show.
    let mut frame = SignalFrame { restorer: action.restorer, ..SignalFrame::default() };
    let place = {
        let mut own = cx.task.own.lock();
        let pointer = cx.user.regs().rsp;
        let stack = choose_stack(&own.alternate_stack, pointer, action);
        let place = Placement::new(stack, SignalImage::size()).ok_or(Errno::EFAULT)?;
        if !fits(&own.alternate_stack, stack, place) {
            return Err(Errno::EFAULT);
        }
        let context = &mut frame.context;
        context.flags = CONTEXT_FLAGS;
        context.stack = shown_stack(&own.alternate_stack, pointer);
        context.mask = own.saved_mask.take().unwrap_or(blocked);
        context.registers.trap_number = own.trap.vector;
        context.registers.error_code = own.trap.error_code;
        context.registers.cr2 = own.trap.address;
        if own.alternate_stack.flags & AUTO_DISARM != 0 {
            own.alternate_stack = Sigaltstack { flags: STACK_DISABLED, ..Sigaltstack::default() };
        }
        place
    };
    save_registers(&mut frame.context.registers, cx.user.regs());
    frame.context.registers.old_mask = frame.context.mask.bits();
    frame.context.registers.fp_state = place.fp_state;
    details.fill(&mut frame.details);
    save_fp_state(place.fp_state)?;
    UserPtr::new(place.frame).write(&frame)?;
    point_at_handler(cx, signal, action, place.frame);
    let mut masked = blocked.union(action.mask);
    if action.flags & actions::NO_DEFER == 0 {
        masked.insert(signal);
    }
    mask::set(&cx.task, masked);
    Ok(())
}

/// `rt_sigreturn`: restores what the frame above the stack pointer says. Nothing in it can give privileges: selectors are
/// the user's, flags are masked, and addresses beyond user memory are refused. The result is the value of rax.
pub fn leave(cx: &mut Context) -> Result<u64> {
    // The handler's return has taken the restorer's address off the stack; the context lies there now.
    let context: Ucontext = UserPtr::<Ucontext>::new(cx.user.regs().rsp).read()?;
    let saved = &context.registers;
    if saved.rip >= USER_END {
        return Err(Errno::EFAULT);
    }
    load_fp_state(saved.fp_state)?;
    let registers = cx.user.regs_mut();
    restore_registers(registers, saved);
    // What is in rax now is the program's own: it must not be taken for the result of an interrupted call.
    registers.error_code = NO_CALL;
    mask::set(&cx.task, context.mask);
    // A bad stack description in the frame is not worth failing for.
    let pointer = cx.user.regs().rsp;
    let _ = set_alternate_stack(&cx.task, pointer, &context.stack, 0);
    Ok(saved.rax)
}

/// The signal stack as `sigaltstack` and frames show it.
pub fn shown_stack(stack: &Sigaltstack, pointer: u64) -> Sigaltstack {
    let mut shown = *stack;
    if is_on(stack, pointer) {
        shown.flags |= ON_STACK;
    }
    shown
}

/// Sets the signal stack: EPERM while running on it, ENOMEM if it is smaller than `minimum`.
pub fn set_alternate_stack(task: &Task, pointer: u64, stack: &Sigaltstack, minimum: usize) -> Result<()> {
    let mut own = task.own.lock();
    if is_on(&own.alternate_stack, pointer) {
        return Err(Errno::EPERM);
    }
    let mode = stack.flags & !AUTO_DISARM;
    own.alternate_stack = match mode {
        STACK_DISABLED => Sigaltstack { flags: STACK_DISABLED, ..Sigaltstack::default() },
        0 | ON_STACK if stack.size < minimum as u64 => return Err(Errno::ENOMEM),
        0 | ON_STACK => Sigaltstack { flags: stack.flags & AUTO_DISARM, padding: 0, ..*stack },
        _ => return Err(Errno::EINVAL),
    };
    Ok(())
}

/// The signal stack of a task.
pub fn alternate_stack(task: &Task) -> Sigaltstack {
    task.own.lock().alternate_stack
}

fn is_on(stack: &Sigaltstack, pointer: u64) -> bool {
    // With SS_AUTODISARM nobody is "on" the stack: it is disarmed while a handler runs.
    stack.flags & (AUTO_DISARM | STACK_DISABLED) == 0 && pointer > stack.base && pointer - stack.base <= stack.size
}

fn choose_stack(stack: &Sigaltstack, pointer: u64, action: &Sigaction) -> Stack {
    let usable = stack.flags & STACK_DISABLED == 0 && stack.size != 0 && !is_on(stack, pointer);
    if action.flags & actions::ON_STACK != 0 && usable {
        return Stack::Alternate(stack.base.wrapping_add(stack.size));
    }
    Stack::Interrupted(pointer)
}

/// Whether a frame that starts on the signal stack also ends on it.
fn fits(alternate: &Sigaltstack, stack: Stack, place: Placement) -> bool {
    let inside = match stack {
        Stack::Alternate(_) => place.frame >= alternate.base,
        Stack::Interrupted(pointer) => !is_on(alternate, pointer) || place.frame >= alternate.base,
    };
    inside && place.frame < USER_END && place.fp_state < USER_END
}

fn save_registers(saved: &mut Sigcontext, registers: &Registers) {
    saved.r8 = registers.r8;
    saved.r9 = registers.r9;
    saved.r10 = registers.r10;
    saved.r11 = registers.r11;
    saved.r12 = registers.r12;
    saved.r13 = registers.r13;
    saved.r14 = registers.r14;
    saved.r15 = registers.r15;
    saved.rdi = registers.rdi;
    saved.rsi = registers.rsi;
    saved.rbp = registers.rbp;
    saved.rbx = registers.rbx;
    saved.rdx = registers.rdx;
    saved.rax = registers.rax;
    saved.rcx = registers.rcx;
    saved.rsp = registers.rsp;
    saved.rip = registers.rip;
    saved.rflags = registers.rflags;
    saved.cs = USER_CODE;
    saved.ss = USER_DATA;
}

fn restore_registers(registers: &mut Registers, saved: &Sigcontext) {
    registers.r8 = saved.r8;
    registers.r9 = saved.r9;
    registers.r10 = saved.r10;
    registers.r11 = saved.r11;
    registers.r12 = saved.r12;
    registers.r13 = saved.r13;
    registers.r14 = saved.r14;
    registers.r15 = saved.r15;
    registers.rdi = saved.rdi;
    registers.rsi = saved.rsi;
    registers.rbp = saved.rbp;
    registers.rbx = saved.rbx;
    registers.rdx = saved.rdx;
    registers.rax = saved.rax;
    registers.rcx = saved.rcx;
    registers.rsp = saved.rsp;
    registers.rip = saved.rip;
    registers.rflags = registers.rflags & !USER_FLAGS | saved.rflags & USER_FLAGS;
}

fn point_at_handler(cx: &mut Context, signal: Signal, action: &Sigaction, frame: u64) {
    let registers = cx.user.regs_mut();
    registers.rip = action.handler;
    registers.rsp = frame;
    registers.rdi = signal.number() as u64;
    registers.rsi = frame + core::mem::offset_of!(SignalFrame, details) as u64;
    registers.rdx = frame + core::mem::offset_of!(SignalFrame, context) as u64;
    registers.rax = 0;
    registers.rflags &= !HANDLER_CLEARS;
}

/// Puts the vector registers into the frame.
fn save_fp_state(address: u64) -> Result<()> {
    let mut image = SignalImage::new();
    image.capture().map_err(|_| Errno::ENOMEM)?;
    image.write_to(address).map_err(|_| Errno::EFAULT)
}

/// Takes the vector registers from the frame; without them, they are as a program starts.
fn load_fp_state(address: u64) -> Result<()> {
    if address == 0 {
        return sched::current().change_fpu(FpuState::reset).ok_or(Errno::EFAULT);
    }
    let mut image = SignalImage::new();
    image.read_from(address).map_err(|_| Errno::EFAULT)?;
    image.load().map_err(|_| Errno::EFAULT)
}
