//! What a thread lays out for a core: its registers.

use super::notes::{EXTENDED, Notes, THREAD, VECTORS};
use crate::context::Context;
use crate::signal::details::Details;
use crate::usage::ResourceUse;
use crate::{Process, Task};
use abi::types::{ThreadStatus, Timeval, UserRegisters};
use abi::{Errno, Result};
use alloc::vec::Vec;
use arch::fpu::SignalImage;
use arch::user::Registers;
use zerocopy::IntoBytes;

/// Bytes of the state that FXSAVE stores.
const LEGACY: usize = 512;
/// Where the legacy state has room for software: in a core, which components the processor has in use.
const COMPONENTS: usize = 464;
/// Where signal frames, from which the state is taken, have the same.
const FRAME_COMPONENTS: usize = 472;
/// What closes the state in a signal frame.
const FRAME_END: usize = 4;

/// A thread as it was when the process ended.
pub(crate) struct ThreadImage {
    id: i32,
    registers: UserRegisters,
    /// Empty where there was no memory for it.
    vectors: Vec<u8>,
    pending: u64,
    blocked: u64,
    used: ResourceUse,
}

impl ThreadImage {
    /// The calling thread's.
    pub fn capture(cx: &mut Context) -> Self {
        cx.user.capture_segments();
        let task = &cx.task;
        Self {
            id: task.id(),
            registers: shown(cx.user.regs()),
            vectors: vectors().unwrap_or_default(),
            pending: task.pending().bits(),
            blocked: task.blocked().bits(),
            used: ResourceUse::of_thread(&sched::current()),
        }
    }

    /// Adds the notes that describe the thread; `between` are those that stand between the first and the rest.
    pub fn add_to(
        &self,
        notes: &mut Notes,
        process: &Process,
        details: &Details,
        between: impl FnOnce(&mut Notes) -> Result<()>,
    ) -> Result<()> {
        let children = process.children_used();
        let status = ThreadStatus {
            signal: details.signal,
            code: details.code,
            errno: details.errno,
            current_signal: details.signal as i16,
            pending: self.pending,
            blocked: self.blocked,
            id: self.id,
            parent: process.parent_id(),
            group: process.group_id(),
            session: process.session_id(),
            user: time(self.used.user_ns),
            system: time(self.used.system_ns),
            children_user: time(children.user_ns),
            children_system: time(children.system_ns),
            registers: self.registers,
            has_vector_state: i32::from(!self.vectors.is_empty()),
            ..ThreadStatus::default()
        };
        notes.add("CORE", THREAD, status.as_bytes())?;
        between(notes)?;
        if let Some(legacy) = self.vectors.get(..LEGACY) {
            notes.add("CORE", VECTORS, legacy)?;
        }
        if self.vectors.len() > LEGACY {
            notes.add("LINUX", EXTENDED, &self.vectors)?;
        }
        Ok(())
    }
}

/// The vector registers of the calling thread, as debuggers expect them.
fn vectors() -> Result<Vec<u8>> {
    let mut image = SignalImage::new();
    image.capture().map_err(|_| Errno::ENOMEM)?;
    let bytes = image.bytes();
    let is_extended = bytes.len() > LEGACY;
    let mut state = mm::alloc::try_to_vec(&bytes[..bytes.len() - if is_extended { FRAME_END } else { 0 }])?;
    if is_extended {
        state.copy_within(FRAME_COMPONENTS..FRAME_COMPONENTS + 8, COMPONENTS);
        state[FRAME_COMPONENTS..LEGACY].fill(0);
    }
    Ok(state)
}

/// Registers as cores and tracers have them.
pub(crate) fn shown(registers: &Registers) -> UserRegisters {
    UserRegisters {
        r15: registers.r15,
        r14: registers.r14,
        r13: registers.r13,
        r12: registers.r12,
        rbp: registers.rbp,
        rbx: registers.rbx,
        r11: registers.r11,
        r10: registers.r10,
        r9: registers.r9,
        r8: registers.r8,
        rax: registers.rax,
        rcx: registers.rcx,
        rdx: registers.rdx,
        rsi: registers.rsi,
        rdi: registers.rdi,
        orig_rax: registers.error_code,
        rip: registers.rip,
        cs: u64::from(crate::signal::handler::USER_CODE),
        rflags: registers.rflags,
        rsp: registers.rsp,
        ss: u64::from(crate::signal::handler::USER_DATA),
        fs_base: registers.fs_base,
        gs_base: registers.gs_base,
        ..UserRegisters::default()
    }
}

fn time(ns: u64) -> Timeval {
    Timeval { seconds: (ns / 1_000_000_000) as i64, microseconds: (ns / 1000 % 1_000_000) as i64 }
}

impl Task {
    /// Keeps what the thread laid out.
    pub(super) fn lay_out(&self, image: ThreadImage) {
        self.own.lock().image = Some(image);
    }

    /// Takes what the thread laid out.
    pub(super) fn take_image(&self) -> Option<ThreadImage> {
        self.own.lock().image.take()
    }
}
