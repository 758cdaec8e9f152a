//! The user loop: a thread's life between the kernel and user mode.
//!
//! Into user mode, out again for a reason, deal with the reason, and in again. Signals, preemption and the end of the
//! thread need no look on the way of a call: whoever wants the thread's attention sets a bit, and `run` returns at once
//! while one is set.

use crate::{Context, dispatch};
use abi::Errno;
use arch::user::Exit;
use core::sync::atomic::Ordering::Relaxed;
use process::grace::Rest;
use process::signal::{After, InterruptedCall, attend, fault};
use sched::attention;

/// Runs a user thread until it is to end.
pub fn user_main(cx: &mut Context) {
    loop {
        let after = match cx.user.run(&sched::current()) {
            Exit::Syscall => {
                dispatch(cx);
                match interrupted_call(cx) {
                    None => After::Resume,
                    call => attend(cx, call),
                }
            }
            Exit::Exception(exception) => {
                fault::resolve(cx, exception);
                After::Resume
            }
            Exit::Interrupt => look_around(cx),
        };
        if after == After::End {
            return;
        }
    }
}

/// The call that has just returned, if its result is one of the kernel's own.
#[inline(always)]
fn interrupted_call(cx: &Context) -> Option<InterruptedCall> {
    const FIRST: i64 = Errno::ERESTART_RESTARTBLOCK.to_return();
    const LAST: i64 = Errno::ERESTARTSYS.to_return();
    if (FIRST..=LAST).contains(&(cx.user.regs().rax as i64)) { InterruptedCall::of(&cx.user) } else { None }
}

/// Something asked for attention, or an interrupt came.
fn look_around(cx: &mut Context) -> After {
    let bits = sched::current().attention().load(Relaxed);
    if bits & attention::RESCHEDULE != 0 {
        let _rest = Rest::begin(&cx.task);
        sched::preempt_if_needed();
    }
    if bits & (attention::SIGNAL | attention::KILL | attention::REVOKED) != 0 {
        return attend(cx, None);
    }
    After::Resume
}
