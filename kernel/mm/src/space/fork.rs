//! Copying a space for a child.
//!
//! Private pages are shared until one side writes: the words of both become read-only, and the frames' counts go up.
//! Pages of shared mappings are not copied at all: the child's first touch finds them at the pager.

use super::gather::Gather;
use super::region::{ForkPolicy, VmRegion};
use super::request::Sharing;
use super::zap::for_each_in_run;
use super::{AddressSpace, Layout, PAGE, word};
use crate::algorithm::region_map::Region;
use crate::error::OutOfMemory;
use crate::frame::metadata;
use crate::page_table::USER_TABLE;
use arch::VirtAddr;
use heap_crate::sync::Arc;

impl AddressSpace {
    /// A copy: private memory is shared copy-on-write, shared memory stays shared.
    pub fn fork(&self) -> Result<Arc<Self>, OutOfMemory> {
        // Held for writing, so that no fault changes a word between its reading and its copying.
        let layout = self.layout.write();
        let regions = layout.regions.try_clone(|region| region.value.fork == ForkPolicy::Copy)?;
        let child = Self::with_layout(Layout {
            regions,
            limits: layout.limits,
            mmap_top: layout.mmap_top,
            brk_start: layout.brk_start,
            brk: layout.brk,
        })?;
        for pager in layout.regions.as_slice().iter().filter_map(|region| region.value.pager()) {
            pager.mapped(&child);
        }
        let mut gather = Gather::new(self);
        let result = layout
            .regions
            .as_slice()
            .iter()
            .filter(|region| region.value.fork == ForkPolicy::Copy && region.value.sharing == Sharing::Private)
            .try_for_each(|region| self.copy_words(region, &child, &mut gather));
        // Even if the child came to nothing, this space's words may have changed.
        drop(gather);
        drop(layout);
        result.map(|()| child)
    }

    fn copy_words(
        &self,
        region: &Region<VmRegion>,
        child: &AddressSpace,
        gather: &mut Gather<'_>,
    ) -> Result<(), OutOfMemory> {
        let tables = self.tables();
        let child_tables = child.tables();
        let mut address = region.start;
        while let Some(run) = tables.next_run(address, region.end) {
            let target = child_tables.leaf_or_make(VirtAddr::new_truncate(run.start), USER_TABLE)?;
            let (mut counted, mut from_pager, mut has_changed) = (0, 0, false);
            for_each_in_run(&run, |at, _, entry| {
                let shared = word::made_read_only(entry);
                if shared != entry {
                    run.table.store(at, shared);
                    has_changed = true;
                }
                if let Some(number) = word::frame_number(entry) {
                    metadata::add_one(number);
                    counted += 1;
                    from_pager += isize::from(word::is_from_pager(entry));
                }
                target.store(at, shared);
            });
            child.note_resident(counted, from_pager);
            if has_changed {
                gather.note(run.start);
                gather.note(run.end - PAGE);
            }
            address = run.end;
        }
        Ok(())
    }
}
