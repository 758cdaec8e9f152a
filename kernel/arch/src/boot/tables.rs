//! The kernel's page tables: the image with the rights of its sections, and the direct map.

use super::memory_map::MemoryMap;
use super::stacks;
use crate::layout::{DIRECT_MAP, KERNEL_BASE, KERNEL_STACKS};
use crate::paging::{self, Entry, Flags, Table};
use crate::{PAGE_SIZE, PhysAddr, VirtAddr, phys_to_virt};

unsafe extern "C" {
    safe static image_start: u8;
    safe static rodata_start: u8;
    safe static data_start: u8;
    safe static image_end: u8;
}

const PAGE: u64 = PAGE_SIZE as u64;
const FOUR_GIB: u64 = 1 << 32;
const LARGE: u64 = 2 << 20;

const DATA: Flags = Flags::PRESENT.union(Flags::WRITABLE).union(Flags::GLOBAL).union(Flags::NO_EXECUTE);
const READ_ONLY: Flags = Flags::PRESENT.union(Flags::GLOBAL).union(Flags::NO_EXECUTE);
const TEXT: Flags = Flags::PRESENT.union(Flags::GLOBAL);

/// Physical bounds of the kernel image.
pub(super) fn image() -> core::ops::Range<u64> {
    (&raw const image_start) as u64 - KERNEL_BASE..(&raw const image_end) as u64 - KERNEL_BASE
}

/// Builds the kernel's tables from pages of `memory` and returns their root, not yet active.
pub(super) fn build(memory: &mut MemoryMap, sizes: PageSizes) -> Option<PhysAddr> {
    let mut mapper = Mapper { root: zeroed_page(memory)?, memory, sizes };
    mapper.map_direct()?;
    mapper.map_image()?;
    // Root words must never change later; kernel stacks come later. So give them their table now.
    mapper.table_for(KERNEL_STACKS, 3)?;
    Some(mapper.root)
}

/// Builds a root that maps, besides the kernel, one page at its own physical address, executable: the
/// way from real mode to the high half.
pub(super) fn build_trampoline(memory: &mut MemoryMap, kernel: PhysAddr, page: u64) -> Option<PhysAddr> {
    let root = zeroed_page(memory)?;
    // SAFETY: the frame is the kernel's root table.
    let from = unsafe { Table::at(kernel) };
    // SAFETY: the frame was taken to be a table, and is empty.
    let to = unsafe { Table::at(root) };
    for index in 256..512 {
        to.store(index, from.load(index));
    }
    let mut mapper = Mapper { root, memory, sizes: PageSizes::UpTo2M };
    mapper.map(page, page, PAGE, Flags::PRESENT)?;
    Some(root)
}

/// The largest page that the processor knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PageSizes {
    UpTo2M,
    UpTo1G,
}

struct Mapper<'a> {
    root: PhysAddr,
    memory: &'a mut MemoryMap,
    sizes: PageSizes,
}

impl Mapper<'_> {
    /// Everything below 4 GiB (RAM cached, the rest as device memory) and all RAM above. The image's
    /// own code and constants are not writable here either.
    fn map_direct(&mut self) -> Option<()> {
        let ram_end = |region: &crate::boot::MemoryRegion| region.start.as_u64() + region.len;
        let low_end = self.memory.regions().iter().filter(|region| region.usable).map(ram_end);
        let low_end = low_end.filter(|end| *end <= FOUR_GIB).max()?.next_multiple_of(LARGE);
        let image = image();
        let data = (&raw const data_start) as u64 - KERNEL_BASE;
        self.map_direct_range(0, image.start, DATA)?;
        self.map_direct_range(image.start, data, READ_ONLY)?;
        self.map_direct_range(data, low_end, DATA)?;
        self.map_direct_range(low_end, FOUR_GIB, DATA | Flags::NO_CACHE | Flags::WRITE_THROUGH)?;
        for index in 0..self.memory.regions().len() {
            let region = self.memory.regions()[index];
            if region.usable && region.start.as_u64() >= FOUR_GIB {
                let start = region.start.as_u64() & !(LARGE - 1);
                self.map_direct_range(start, ram_end(&region).next_multiple_of(LARGE), DATA)?;
            }
        }
        Some(())
    }

    fn map_direct_range(&mut self, start: u64, end: u64, flags: Flags) -> Option<()> {
        self.map(DIRECT_MAP + start, start, end - start, flags)
    }

    fn map_image(&mut self) -> Option<()> {
        let bounds = [&raw const image_start, &raw const rodata_start, &raw const data_start, &raw const image_end];
        for (pair, flags) in bounds.windows(2).zip([TEXT, READ_ONLY, DATA]) {
            let (start, end) = (pair[0] as u64, (pair[1] as u64).next_multiple_of(PAGE));
            self.sizes = PageSizes::UpTo2M;
            for address in (start..end).step_by(PAGE_SIZE) {
                if !stacks::guards().any(|guard| guard == address) {
                    self.map(address, address - KERNEL_BASE, PAGE, flags)?;
                }
            }
        }
        Some(())
    }

    /// Maps `len` bytes at `virt` to `phys` with the largest pages that fit.
    fn map(&mut self, mut virt: u64, mut phys: u64, mut len: u64, flags: Flags) -> Option<()> {
        while len > 0 {
            let level = self.largest_level(virt | phys, len);
            let size = PAGE << (9 * (level - 1));
            let table = self.table_for(virt, level)?;
            let flags = if level > 1 { flags | Flags::HUGE } else { flags };
            table.store(paging::index(VirtAddr::new(virt), level), Entry::new(PhysAddr::new(phys), flags));
            (virt, phys, len) = (virt + size, phys + size, len - size);
        }
        Some(())
    }

    fn largest_level(&self, address: u64, len: u64) -> u32 {
        let size = |level: u32| PAGE << (9 * (level - 1));
        let fits = |level: u32| address.is_multiple_of(size(level)) && len >= size(level);
        match self.sizes {
            PageSizes::UpTo1G if fits(3) => 3,
            _ if fits(2) => 2,
            _ => 1,
        }
    }

    /// The table of `level` that covers `virt`, with those above it.
    fn table_for<'a>(&mut self, virt: u64, level: u32) -> Option<&'a Table> {
        let mut address = self.root;
        for above in (level + 1..=4).rev() {
            // SAFETY: `address` came from `zeroed_page` or from such a table's own word.
            let table = unsafe { Table::at(address) };
            let index = paging::index(VirtAddr::new(virt), above);
            if !table.load(index).is_present() {
                let next = zeroed_page(self.memory)?;
                table.store(index, Entry::new(next, Flags::PRESENT | Flags::WRITABLE));
            }
            address = table.load(index).address();
        }
        // SAFETY: as above.
        Some(unsafe { Table::at(address) })
    }
}

fn zeroed_page(memory: &mut MemoryMap) -> Option<PhysAddr> {
    let page = memory.take_page()?;
    // SAFETY: the page was free, and the boot tables map all memory below 4 GiB.
    unsafe { phys_to_virt(page).cast::<[u64; 512]>().write([0; 512]) };
    Some(page)
}
