//! Changing what is done with a signal.

use super::actions::{Actions, Disposition};
use crate::Process;
use abi::types::Sigaction;
use abi::{DefaultAction, Errno, Result, Signal, SignalSet};

/// `sigaction`: sets the action for a signal, if one is given, and returns the one before. EINVAL for SIGKILL and SIGSTOP.
pub fn replace(process: &Process, signal: Signal, new: Option<&Sigaction>) -> Result<Sigaction> {
    let Some(new) = new else { return Ok(process.signals.lock().actions.get(signal)) };
    if signal.is_unstoppable() {
        return Err(Errno::EINVAL);
    }
    // Memory is taken before the lock; a table that another thread brought first is dropped after it.
    let needs_table = process.signals.lock().actions.needs_table(new);
    let table = if needs_table { Some(Actions::make_table()?) } else { None };
    let mut state = process.signals.lock();
    let before = state.actions.get(signal);
    state.actions.set(signal, new, table)?;
    let disposition = state.actions.disposition(signal);
    if matches!(disposition, Disposition::Ignore | Disposition::Default(DefaultAction::Continue)) {
        state.discard(process, SignalSet::of(&[signal]));
    }
    Ok(before)
}
