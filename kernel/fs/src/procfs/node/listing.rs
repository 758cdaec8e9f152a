//! What stands in directories.

use super::{Emit, ProcNode, kind_of};
use crate::procfs::numbers::{
    Decimal, FIRST_PID, OF_THREAD, SLOT_TEXTS, SLOTS, fixed_number, number_in, process_number,
};
use crate::procfs::process::{ENTRIES, Subject};
use crate::procfs::slots;
use crate::procfs::tree::{Entry, ProcessWhat};
use abi::{Errno, Promises, Result};
use object::NodeKind;
use object::directory::FIRST_ENTRY;

impl ProcNode {
    pub(super) fn list_fixed(&self, entries: &'static [Entry], number: u64, from: u64, emit: Emit<'_>) -> Result<()> {
        let skipped = from.saturating_sub(FIRST_ENTRY) as usize;
        for (index, entry) in entries.iter().enumerate().skip(skipped) {
            let next = FIRST_ENTRY + index as u64 + 1;
            if emit(fixed_number(number, index), kind_of(entry), entry.name.as_bytes(), next).is_break() {
                return Ok(());
            }
        }
        if number != 1 {
            return Ok(());
        }
        // To list the directory breaks no promise; without `ps` there is nobody else to be seen in it.
        let own = object::caller().filter(|caller| !caller.has_one(Promises::PS)).map(|caller| caller.process_id());
        for pid in self.proc.source().pids()? {
            let cursor = FIRST_PID + pid as u64;
            if cursor < from || own.is_some_and(|own| own != pid) {
                continue;
            }
            let number = process_number(pid, 0, 0);
            if emit(number, NodeKind::Directory, Decimal::of(pid).text(), cursor + 1).is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn list_entry(&self, subject: &Subject, index: usize, from: u64, emit: Emit<'_>) -> Result<()> {
        let (ids, kind) = match ENTRIES[index].what {
            ProcessWhat::Slots => (slots::numbers(subject)?, NodeKind::Symlink),
            ProcessWhat::SlotTexts => (slots::numbers(subject)?, NodeKind::File),
            ProcessWhat::Threads => (subject.process.thread_ids()?, NodeKind::Directory),
            _ => return Err(Errno::ENOTDIR),
        };
        for id in ids {
            let cursor = FIRST_ENTRY + id as u64;
            if cursor < from {
                continue;
            }
            let number = match kind {
                NodeKind::Symlink => number_in(subject, SLOTS, id),
                NodeKind::File => number_in(subject, SLOT_TEXTS, id),
                _ => OF_THREAD | process_number(id, 0, 0),
            };
            if emit(number, kind, Decimal::of(id).text(), cursor + 1).is_break() {
                break;
            }
        }
        Ok(())
    }
}
