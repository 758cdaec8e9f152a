//! From processor exceptions to signals.

use super::details::Details;
use super::{details, send};
use crate::context::Context;
use crate::task::Trap;
use crate::tracing::tracee::Mode;
use abi::Signal;
use arch::VirtAddr;
use arch::user::{Exception, Stepping};
use mm::{Access, FaultError};

const DIVIDE: u8 = 0;
const DEBUG: u8 = 1;
const BREAKPOINT: u8 = 3;
const INVALID_OPCODE: u8 = 6;
const PAGE_FAULT: u8 = 14;
const FLOAT: u8 = 16;
const ALIGNMENT: u8 = 17;
const VECTOR_FLOAT: u8 = 19;

/// Resolves an exception that user code caused: a page fault may just need its page; everything else is a signal.
pub fn resolve(cx: &mut Context, exception: Exception) {
    if exception.vector == DEBUG && !cx.task.is_traced() && cx.task.trace.clear(Mode::Stepping) {
        // Whoever wanted it to step has let it go meanwhile.
        cx.user.set_stepping(Stepping::Off);
        return;
    }
    let raised = match exception.vector {
        PAGE_FAULT => match page_fault(cx, &exception) {
            Ok(()) => return,
            Err(raised) => raised,
        },
        _ => raise(cx, &exception),
    };
    cx.task.own.lock().trap =
        Trap { vector: u64::from(exception.vector), error_code: exception.error_code, address: exception.address };
    let (signal, details) = raised;
    let regs = cx.user.regs();
    log::debug!(
        "process {}: {signal:?} by exception {}, error {:#x}, address {:#x}, at {:#x}, stack {:#x}",
        cx.process().id(),
        exception.vector,
        exception.error_code,
        exception.address,
        regs.rip,
        regs.rsp,
    );
    send::force(&cx.task, signal, details);
}

fn page_fault(cx: &Context, exception: &Exception) -> Result<(), (Signal, Details)> {
    let access = match exception.error_code {
        code if code & 0x10 != 0 => Access::Execute,
        code if code & 2 != 0 => Access::Write,
        _ => Access::Read,
    };
    let fault = |signal, code| Err((signal, details::from_fault(signal, code, exception.address)));
    let Ok(address) = VirtAddr::try_new(exception.address) else { return fault(Signal::SEGV, details::UNMAPPED) };
    match cx.space.fault(address, access) {
        Ok(()) => Ok(()),
        Err(FaultError::Unmapped) => fault(Signal::SEGV, details::UNMAPPED),
        Err(FaultError::Denied) => fault(Signal::SEGV, details::DENIED),
        Err(FaultError::BeyondEnd) => fault(Signal::BUS, details::BEYOND_END),
        Err(FaultError::OutOfMemory) => {
            log::warn!("out of memory: ending process {}", cx.process().id());
            cx.process().signals.lock().begin_kill(Signal::KILL);
            Ok(())
        }
    }
}

fn raise(cx: &Context, exception: &Exception) -> (Signal, Details) {
    let at = cx.user.regs().rip;
    match exception.vector {
        DIVIDE => (Signal::FPE, details::from_fault(Signal::FPE, details::DIVISION, at)),
        DEBUG => (Signal::TRAP, details::from_fault(Signal::TRAP, details::TRACE, at)),
        BREAKPOINT => (Signal::TRAP, details::from_kernel(Signal::TRAP)),
        INVALID_OPCODE => (Signal::ILL, details::from_fault(Signal::ILL, details::ILLEGAL_OPERAND, at)),
        FLOAT | VECTOR_FLOAT => (Signal::FPE, details::from_fault(Signal::FPE, details::FLOAT_INVALID, at)),
        ALIGNMENT => (Signal::BUS, details::from_fault(Signal::BUS, details::MISALIGNED, 0)),
        _ => (Signal::SEGV, details::from_kernel(Signal::SEGV)),
    }
}
