//! Which pages of a space have something in them: what a core file has to hold.

use super::{AddressSpace, PAGE, word};
use arch::VirtAddr;
use arch::paging::index;

/// What a page that was touched holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Something of the space's own.
    Own,
    /// What the mapped object has there.
    Object,
}

impl AddressSpace {
    /// The first page from `start` on, below `end`, that was touched and has more in it than zeros, and what it holds. Memory that
    /// was never touched is passed over by whole tables.
    pub fn next_touched(&self, start: u64, end: u64) -> Option<(u64, Contents)> {
        let _layout = self.layout.read();
        let tables = self.tables();
        let mut at = start;
        while let Some(run) = tables.next_run(at, end) {
            let mut page = run.start;
            while page < run.end {
                let entry = run.table.load(index(VirtAddr::new_truncate(page), 1));
                if word::is_counted(entry) {
                    let is_own = !word::is_from_pager(entry);
                    return Some((page, if is_own { Contents::Own } else { Contents::Object }));
                }
                page += PAGE;
            }
            at = run.end;
        }
        None
    }
}
