//! A user half made by hand: one page of code, one of data, one of stack.

use arch::paging::{self, Entry, Flags, Table};
use arch::{PhysAddr, VirtAddr};
use mm::frame::Frame;

/// Where the code lies.
pub const CODE: u64 = 0x40_0000;
/// Where the data lies; the page behind it is not mapped.
pub const DATA: u64 = 0x40_1000;
/// End of the stack.
pub const STACK_END: u64 = 0x40_4000;

/// The page tables, active until dropped.
pub struct UserSpace {
    old_root: PhysAddr,
    tables: [Frame; 4],
    code: Frame,
    data: Frame,
    stack: Frame,
}

impl UserSpace {
    /// Maps everything, with `code` in place, and activates it.
    pub fn new(code: &[u8]) -> Result<Self, &'static str> {
        let frame = || Frame::zeroed().map_err(|_| "no memory");
        let space = Self {
            old_root: paging::current_root(),
            tables: [frame()?, frame()?, frame()?, frame()?],
            code: frame()?,
            data: frame()?,
            stack: frame()?,
        };
        space.code.write(0, code);
        let user = Flags::PRESENT | Flags::USER;
        let table = |index: usize| {
            // SAFETY: the frames are this structure's, and only used as tables.
            unsafe { Table::at(space.tables[index].addr()) }
        };
        paging::copy_kernel_half(table(0));
        for level in 0..3 {
            let next = Entry::new(space.tables[level + 1].addr(), user | Flags::WRITABLE);
            table(level).store(paging::index(VirtAddr::new(CODE), 4 - level as u32), next);
        }
        let map = |address: u64, frame: &Frame, flags: Flags| {
            table(3).store(paging::index(VirtAddr::new(address), 1), Entry::new(frame.addr(), user | flags));
        };
        map(CODE, &space.code, Flags::empty());
        map(DATA, &space.data, Flags::WRITABLE | Flags::NO_EXECUTE);
        map(STACK_END - 0x1000, &space.stack, Flags::WRITABLE | Flags::NO_EXECUTE);
        // SAFETY: the root maps the kernel half and lives until `drop` has activated another.
        unsafe { paging::activate(space.tables[0].addr()) };
        Ok(space)
    }

    /// The data page.
    pub fn data(&self) -> &Frame {
        &self.data
    }
}

impl Drop for UserSpace {
    fn drop(&mut self) {
        // SAFETY: the root was active before.
        unsafe { paging::activate(self.old_root) };
    }
}
