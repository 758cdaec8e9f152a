//! Threads that meet so that one of them can write a core.

use super::{ThreadImage, file};
use crate::audit::record::Record;
use crate::context::Context;
use crate::grace::Rest;
use crate::limits::Resource;
use crate::process::Flag;
use crate::signal::details::{self, Details};
use crate::signal::state::SignalState;
use crate::{Process, Task};
use abi::{CoreWritten, ExitStatus, Result, Signal};
use alloc::sync::Arc;
use alloc::vec::Vec;
use sched::Wait;

/// A core that is due.
pub(crate) struct Dump {
    /// The thread that took the signal, which writes.
    writer: i32,
    /// What is known of the signal.
    pub details: Details,
    /// The denial that ended the process, if one did.
    pub denial: Option<Record>,
    /// How many threads have laid themselves out.
    arrived: usize,
    is_over: bool,
}

impl SignalState {
    /// Settles that the process ends by a signal which `task` took, and that it leaves a core, if nothing forbids that.
    pub(crate) fn begin_dump(&mut self, task: &Task, signal: Signal, details: Details, denial: Option<Record>) {
        let process = task.process();
        let may_dump = process.limit(Resource::Core) > 0 && process.has(Flag::Dumpable);
        if self.exit.is_none() && may_dump {
            self.dump = Some(Dump { writer: task.id(), details, denial, arrived: 0, is_over: false });
        }
        self.begin_kill(signal);
    }
}

/// Ends a process of which the calling thread has broken a promise: by SIGABRT, whatever it does about signals, and with the
/// record of that denial in its core.
pub(crate) fn abort(process: &Process) {
    let signal = Signal::ABRT;
    match crate::current().filter(|task| core::ptr::eq(Arc::as_ptr(task.process()), process)) {
        Some(task) => {
            let denial = task.own.lock().denial;
            process.signals.lock().begin_dump(&task, signal, details::from_kernel(signal), denial);
        }
        None => process.signals.lock().begin_kill(signal),
    }
}

/// What a thread has to do with the core of its process.
enum Part {
    Write,
    LayOut,
}

/// The calling thread is about to leave its process: if there is to be a core, it writes it or waits until it is written.
pub(crate) fn take_part(cx: &mut Context) {
    let part = {
        let state = cx.process().signals.lock();
        let Some(dump) = state.dump.as_ref().filter(|dump| !dump.is_over) else { return };
        if dump.writer == cx.task.id() { Part::Write } else { Part::LayOut }
    };
    let image = ThreadImage::capture(cx);
    let process = Arc::clone(cx.process());
    match part {
        Part::LayOut => {
            cx.task.lay_out(image);
            // It uses nothing of its table any more.
            let _rest = Rest::begin(&cx.task);
            if let Some(dump) = &mut process.signals.lock().dump {
                dump.arrived += 1;
            }
            process.thinned.wake_all();
            wait(&process, |state| state.dump.as_ref().is_none_or(|dump| dump.is_over));
        }
        Part::Write => {
            // Those that were on their way out before leave; all others lay themselves out.
            wait(&process, |state| state.dump.as_ref().is_none_or(|dump| dump.arrived + 1 >= state.tasks.len()));
            let written = write(cx, image);
            let mut state = process.signals.lock();
            if let (Some(ExitStatus::Killed { signal, .. }), Ok(())) = (state.exit, written) {
                state.exit = Some(ExitStatus::Killed { signal, core: CoreWritten::Yes });
            }
            if let Some(dump) = &mut state.dump {
                dump.is_over = true;
            }
            drop(state);
            process.thinned.wake_all();
        }
    }
}

fn wait(process: &Process, condition: impl Fn(&SignalState) -> bool) {
    // It cannot fail: nothing interrupts it. Each thread was told to end, and is on its way here.
    let _ = process.thinned.wait_until(Wait::UNINTERRUPTIBLE, || condition(&process.signals.lock()).then_some(()));
}

fn write(cx: &Context, own: ThreadImage) -> Result<()> {
    let process = cx.process();
    let tasks = process.tasks()?;
    let mut images = mm::alloc::try_vec(tasks.len() + 1)?;
    images.push(own);
    images.extend(tasks.iter().filter_map(|task| task.take_image()));
    let (details, denial) = {
        let state = process.signals.lock();
        let Some(dump) = &state.dump else { return Ok(()) };
        (dump.details, dump.denial)
    };
    let written = file::write(cx, &details, denial.as_ref(), &images);
    if let Err(errno) = written {
        log::info!("process {}: no core: {errno}", process.id());
    }
    drop::<Vec<_>>(images);
    written
}
