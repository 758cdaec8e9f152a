//! Building the memory map: loader's regions in, page-aligned usable memory with holes cut out.

use crate::boot::MemoryRegion;
use crate::{PAGE_SIZE, PhysAddr};

const CAPACITY: usize = 192;

/// A memory map under construction, without a heap.
pub struct MemoryMap {
    regions: [MemoryRegion; CAPACITY],
    count: usize,
}

impl MemoryMap {
    /// No memory.
    pub const fn new() -> Self {
        const NOTHING: MemoryRegion = MemoryRegion { start: PhysAddr::zero(), len: 0, usable: false };
        Self { regions: [NOTHING; CAPACITY], count: 0 }
    }

    /// Adds a region; usable ones shrink to whole pages. What does not fit in the table is lost, which
    /// is safe: unknown memory is not used.
    pub fn add(&mut self, start: u64, len: u64, usable: bool) {
        let end = start.saturating_add(len).min(1 << 52);
        let page = PAGE_SIZE as u64;
        let (start, end) = if usable { (start.next_multiple_of(page), end & !(page - 1)) } else { (start, end) };
        if start < end && self.count < CAPACITY {
            self.regions[self.count] = MemoryRegion { start: PhysAddr::new(start), len: end - start, usable };
            self.count += 1;
        }
    }

    /// Marks the pages that `start..end` touches as not usable.
    pub fn reserve(&mut self, start: u64, end: u64) {
        let page = PAGE_SIZE as u64;
        let (start, end) = (start & !(page - 1), end.next_multiple_of(page));
        for index in 0..self.count {
            let region = self.regions[index];
            let (first, last) = (region.start.as_u64(), region.start.as_u64() + region.len);
            if !region.usable || end <= first || last <= start {
                continue;
            }
            self.regions[index].len = 0;
            self.add(first, start.saturating_sub(first), true);
            self.add(end, last.saturating_sub(end), true);
        }
        self.add(start, end - start, false);
        self.sort();
    }

    /// Takes one page from the end of the highest usable region below 4 GiB.
    pub fn take_page(&mut self) -> Option<PhysAddr> {
        let page = PAGE_SIZE as u64;
        let region = self.regions[..self.count]
            .iter_mut()
            .rev()
            .find(|region| region.usable && region.len >= page && region.start.as_u64() + region.len <= 1 << 32)?;
        region.len -= page;
        Some(region.start + region.len)
    }

    /// The regions, ascending.
    pub fn regions(&self) -> &[MemoryRegion] {
        &self.regions[..self.count]
    }

    fn sort(&mut self) {
        let regions = &mut self.regions[..self.count];
        regions.sort_unstable_by_key(|region| (region.len == 0, region.start));
        self.count = regions.iter().take_while(|region| region.len != 0).count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usable(map: &MemoryMap) -> alloc::vec::Vec<(u64, u64)> {
        let regions = map.regions().iter().filter(|region| region.usable);
        regions.map(|region| (region.start.as_u64(), region.start.as_u64() + region.len)).collect()
    }

    #[test]
    fn reserving_splits_and_rounds_outward() {
        let mut map = MemoryMap::new();
        map.add(0x10_0000, 0x10_0000, true);
        map.reserve(0x11_0800, 0x11_1801);
        assert_eq!(usable(&map), [(0x10_0000, 0x11_0000), (0x11_2000, 0x20_0000)]);
    }

    #[test]
    fn usable_memory_rounds_inward_and_pages_come_from_its_end() {
        let mut map = MemoryMap::new();
        map.add(0x1001, 0x3000, true);
        map.reserve(0, 0);
        assert_eq!(usable(&map), [(0x2000, 0x4000)]);
        assert_eq!(map.take_page(), Some(PhysAddr::new(0x3000)));
        assert_eq!(map.take_page(), Some(PhysAddr::new(0x2000)));
        assert_eq!(map.take_page(), None);
    }

    #[test]
    fn reserving_a_whole_region_leaves_nothing() {
        let mut map = MemoryMap::new();
        map.add(0x1000, 0x1000, true);
        map.add(0x4000, 0x1000, true);
        map.reserve(0, 0x8000);
        assert_eq!(usable(&map), []);
    }
}
