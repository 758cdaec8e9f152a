//! What a process does with each signal.
//!
//! Most processes catch nothing, so two sets say which signals are ignored and caught, and the table of full
//! actions exists only where one has more to say than "default" or "ignore".

use abi::types::Sigaction;
use abi::{DefaultAction, Errno, Result, Signal, SignalSet};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Handler value: the default action.
pub const DEFAULT: u64 = 0;
/// Handler value: ignore.
pub const IGNORE: u64 = 1;

/// SA_NOCLDSTOP: no SIGCHLD for stopped or continued children.
pub const NO_CHILD_STOP: u64 = 1;
/// SA_NOCLDWAIT: children leave no zombie.
pub const NO_CHILD_WAIT: u64 = 2;
/// SA_SIGINFO: the handler takes three arguments.
pub const WITH_DETAILS: u64 = 4;
/// SA_UNSUPPORTED: never set in what a program reads back.
pub const UNSUPPORTED: u64 = 0x400;
/// SA_EXPOSE_TAGBITS.
pub const EXPOSE_TAG_BITS: u64 = 0x800;
/// SA_RESTORER: the restorer is valid.
pub const RESTORER: u64 = 0x0400_0000;
/// SA_ONSTACK: run on the signal stack.
pub const ON_STACK: u64 = 0x0800_0000;
/// SA_RESTART: restart interrupted calls.
pub const RESTART: u64 = 0x1000_0000;
/// SA_NODEFER: do not block the signal while its handler runs.
pub const NO_DEFER: u64 = 0x4000_0000;
/// SA_RESETHAND: back to default when the handler starts.
pub const RESET: u64 = 0x8000_0000;

const KNOWN: u64 =
    NO_CHILD_STOP | NO_CHILD_WAIT | WITH_DETAILS | EXPOSE_TAG_BITS | RESTORER | ON_STACK | RESTART | NO_DEFER | RESET;

type Table = Box<[Sigaction]>;

/// The actions of a process for all signals.
#[derive(Default)]
pub struct Actions {
    ignored: SignalSet,
    caught: SignalSet,
    table: Option<Table>,
}

/// Which way a signal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Dropped.
    Ignore,
    /// Its default action, which is not to ignore it.
    Default(DefaultAction),
    /// To a handler.
    Catch,
}

impl Actions {
    /// Everything at its default.
    pub const fn new() -> Self {
        Self { ignored: SignalSet::EMPTY, caught: SignalSet::EMPTY, table: None }
    }

    /// The signals explicitly ignored.
    pub const fn ignored(&self) -> SignalSet {
        self.ignored
    }

    /// The signals that have handlers.
    pub const fn caught(&self) -> SignalSet {
        self.caught
    }

    /// Which way a signal goes.
    pub fn disposition(&self, signal: Signal) -> Disposition {
        if self.caught.contains(signal) {
            return Disposition::Catch;
        }
        match signal.default_action() {
            _ if self.ignored.contains(signal) => Disposition::Ignore,
            DefaultAction::Ignore => Disposition::Ignore,
            default => Disposition::Default(default),
        }
    }

    /// The action for a signal.
    pub fn get(&self, signal: Signal) -> Sigaction {
        match &self.table {
            Some(table) => table[signal.index()],
            None if self.ignored.contains(signal) => Sigaction { handler: IGNORE, ..Sigaction::default() },
            None => Sigaction::default(),
        }
    }

    /// Whether setting this action needs the full table.
    pub fn needs_table(&self, action: &Sigaction) -> bool {
        let plain = action.handler <= IGNORE && action.flags == 0 && action.restorer == 0 && action.mask.is_empty();
        self.table.is_none() && !plain
    }

    /// The full table as it would be now, to be given to [`set`](Self::set).
    pub fn make_table() -> Result<Table> {
        let mut table = Vec::new();
        table.try_reserve_exact(Signal::COUNT).map_err(|_| Errno::ENOMEM)?;
        table.resize(Signal::COUNT, Sigaction::default());
        Ok(table.into_boxed_slice())
    }

    /// Sets the action for a signal that is not SIGKILL or SIGSTOP. `table` is used where one is needed; without
    /// one, such an action is not set and the answer is ENOMEM.
    pub fn set(&mut self, signal: Signal, action: &Sigaction, table: Option<Table>) -> Result<()> {
        if self.needs_table(action) {
            let mut table = table.ok_or(Errno::ENOMEM)?;
            for signal in self.ignored.iter() {
                table[signal.index()].handler = IGNORE;
            }
            self.table = Some(table);
        }
        self.ignored.remove(signal);
        self.caught.remove(signal);
        match action.handler {
            DEFAULT => {}
            IGNORE => self.ignored.insert(signal),
            _ => self.caught.insert(signal),
        }
        if let Some(table) = &mut self.table {
            let mut kept = *action;
            kept.flags &= KNOWN;
            kept.mask = kept.mask.difference(SignalSet::UNSTOPPABLE);
            table[signal.index()] = kept;
        }
        Ok(())
    }

    /// Back to default, as SA_RESETHAND asks.
    pub fn reset(&mut self, signal: Signal) {
        self.ignored.remove(signal);
        self.caught.remove(signal);
        if let Some(table) = &mut self.table {
            table[signal.index()].handler = DEFAULT;
        }
    }

    /// As exec leaves them: caught signals at their default, ignored ones ignored.
    pub fn reset_caught(&mut self) {
        self.caught = SignalSet::EMPTY;
        self.table = None;
    }

    /// A copy, for fork.
    pub fn try_clone(&self) -> Result<Self> {
        let table = match &self.table {
            Some(table) => {
                let mut copy = Vec::new();
                copy.try_reserve_exact(Signal::COUNT).map_err(|_| Errno::ENOMEM)?;
                copy.extend_from_slice(table);
                Some(copy.into_boxed_slice())
            }
            None => None,
        };
        Ok(Self { ignored: self.ignored, caught: self.caught, table })
    }

    /// Whether a child that ends leaves no zombie: SIGCHLD ignored, or SA_NOCLDWAIT.
    pub fn reaps_children(&self) -> bool {
        let flags = self.table.as_ref().map_or(0, |table| table[Signal::CHLD.index()].flags);
        self.ignored.contains(Signal::CHLD) || flags & NO_CHILD_WAIT != 0
    }

    /// Whether SIGCHLD is sent for stopped and continued children.
    pub fn reports_child_stops(&self) -> bool {
        self.table.as_ref().is_none_or(|table| table[Signal::CHLD.index()].flags & NO_CHILD_STOP == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handler(address: u64, flags: u64) -> Sigaction {
        Sigaction { handler: address, flags, ..Sigaction::default() }
    }

    #[test]
    fn plain_actions_need_no_table() {
        let mut actions = Actions::new();
        actions.set(Signal::INT, &handler(IGNORE, 0), None).unwrap();
        assert_eq!(actions.disposition(Signal::INT), Disposition::Ignore);
        assert_eq!(actions.get(Signal::INT).handler, IGNORE);
        actions.set(Signal::INT, &handler(DEFAULT, 0), None).unwrap();
        assert_eq!(actions.disposition(Signal::INT), Disposition::Default(DefaultAction::Terminate));
        assert_eq!(actions.set(Signal::INT, &handler(0x1000, 0), None), Err(Errno::ENOMEM));
        assert_eq!(actions.disposition(Signal::WINCH), Disposition::Ignore);
    }

    #[test]
    fn handlers_are_kept_with_known_flags_and_without_unstoppable_signals_in_the_mask() {
        let mut actions = Actions::new();
        actions.set(Signal::HUP, &handler(IGNORE, 0), None).unwrap();
        let action = Sigaction { mask: SignalSet::ALL, ..handler(0x1000, RESTART | UNSUPPORTED | 1 << 20) };
        assert!(actions.needs_table(&action));
        actions.set(Signal::TERM, &action, Some(Actions::make_table().unwrap())).unwrap();
        let kept = actions.get(Signal::TERM);
        assert_eq!((kept.handler, kept.flags), (0x1000, RESTART));
        assert!(!kept.mask.contains(Signal::KILL) && kept.mask.contains(Signal::TERM));
        assert_eq!(actions.get(Signal::HUP).handler, IGNORE);
        assert_eq!(actions.disposition(Signal::TERM), Disposition::Catch);
    }

    #[test]
    fn exec_keeps_what_is_ignored_and_forgets_handlers() {
        let mut actions = Actions::new();
        actions.set(Signal::HUP, &handler(IGNORE, RESTART), Some(Actions::make_table().unwrap())).unwrap();
        actions.set(Signal::TERM, &handler(0x1000, 0), None).unwrap();
        let mut copy = actions.try_clone().unwrap();
        assert_eq!(copy.caught(), SignalSet::of(&[Signal::TERM]));
        copy.reset_caught();
        assert_eq!(copy.disposition(Signal::TERM), Disposition::Default(DefaultAction::Terminate));
        assert_eq!(copy.get(Signal::HUP), handler(IGNORE, 0));
    }

    #[test]
    fn children_are_reaped_for_those_who_ignore_them() {
        let mut actions = Actions::new();
        assert!(!actions.reaps_children() && actions.reports_child_stops());
        actions.set(Signal::CHLD, &handler(IGNORE, 0), None).unwrap();
        assert!(actions.reaps_children());
        let table = Some(Actions::make_table().unwrap());
        actions.set(Signal::CHLD, &handler(DEFAULT, NO_CHILD_WAIT | NO_CHILD_STOP), table).unwrap();
        assert!(actions.reaps_children() && !actions.reports_child_stops());
        actions.set(Signal::CHLD, &handler(0x1000, 0), None).unwrap();
        assert!(!actions.reaps_children());
    }
}
