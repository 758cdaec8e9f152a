//! Page-table words and the registers that go with them. The walks live in `mm`.

use core::arch::asm;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::{PhysAddr, VirtAddr, phys_to_virt};

bitflags::bitflags! {
    /// The flag bits of a page-table entry (Intel SDM volume 3, section 4.5).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Flags: u64 {
        /// The entry maps something.
        const PRESENT = 1;
        /// Writes are allowed.
        const WRITABLE = 1 << 1;
        /// User mode may use it.
        const USER = 1 << 2;
        /// Write-through caching.
        const WRITE_THROUGH = 1 << 3;
        /// No caching: device registers.
        const NO_CACHE = 1 << 4;
        /// Set by the processor at the first use.
        const ACCESSED = 1 << 5;
        /// Set by the processor at the first write.
        const DIRTY = 1 << 6;
        /// Maps a 2 MiB or 1 GiB page rather than a table.
        const HUGE = 1 << 7;
        /// Survives a change of the root.
        const GLOBAL = 1 << 8;
        /// Free for software.
        const SOFT_0 = 1 << 9;
        /// Free for software.
        const SOFT_1 = 1 << 10;
        /// Free for software.
        const SOFT_2 = 1 << 11;
        /// Free for software.
        const SOFT_3 = 1 << 52;
        /// Instructions may not be fetched from it.
        const NO_EXECUTE = 1 << 63;
    }
}

const ADDRESS_MASK: u64 = 0x000f_ffff_ffff_f000;

/// One page-table word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Entry(u64);

impl Entry {
    /// The word that maps nothing.
    pub const EMPTY: Self = Self(0);

    /// Maps `address` (a frame or the next table) with `flags`.
    pub const fn new(address: PhysAddr, flags: Flags) -> Self {
        Self(address.as_u64() & ADDRESS_MASK | flags.bits())
    }

    /// The word itself; a word without [`Flags::PRESENT`] may hold anything else.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// A word from its bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The frame or table that the word points to.
    pub const fn address(self) -> PhysAddr {
        PhysAddr::new_truncate(self.0 & ADDRESS_MASK)
    }

    /// The flag bits.
    pub const fn flags(self) -> Flags {
        Flags::from_bits_truncate(self.0)
    }

    /// Whether the word maps something.
    pub const fn is_present(self) -> bool {
        self.0 & Flags::PRESENT.bits() != 0
    }
}

/// How many words [`Table::is_clear`] looks at.
pub const GROUP: usize = 16;

/// One page of page-table words. Atomic, since processors and other CPUs change words under us.
#[repr(C, align(4096))]
pub struct Table([AtomicU64; 512]);

impl Table {
    /// An empty table.
    pub const fn empty() -> Self {
        Self([const { AtomicU64::new(0) }; 512])
    }

    /// The table in the frame at `address`.
    ///
    /// # Safety
    /// The frame must hold a page table for as long as the reference is used.
    #[inline]
    pub unsafe fn at<'a>(address: PhysAddr) -> &'a Self {
        // SAFETY: the direct map covers the frame; the caller vouches for what it holds.
        unsafe { &*phys_to_virt(address).cast() }
    }

    /// Reads word `index`.
    #[inline]
    pub fn load(&self, index: usize) -> Entry {
        Entry(self.0[index].load(Ordering::Acquire))
    }

    /// Whether the [`GROUP`] words from `first` on, a multiple of it, are all empty: one instruction a word.
    #[inline]
    pub fn is_clear(&self, first: usize) -> bool {
        self.0[first..first + GROUP].iter().fold(0, |all, word| all | word.load(Ordering::Relaxed)) == 0
    }

    /// Writes word `index`.
    #[inline]
    pub fn store(&self, index: usize, entry: Entry) {
        self.0[index].store(entry.0, Ordering::Release);
    }

    /// Exchanges word `index`.
    #[inline]
    pub fn swap(&self, index: usize, entry: Entry) -> Entry {
        Entry(self.0[index].swap(entry.0, Ordering::AcqRel))
    }

    /// Sets bits of word `index`.
    #[inline]
    pub fn set_bits(&self, index: usize, bits: u64) {
        self.0[index].fetch_or(bits, Ordering::AcqRel);
    }

    /// Clears bits of word `index`.
    #[inline]
    pub fn clear_bits(&self, index: usize, bits: u64) {
        self.0[index].fetch_and(!bits, Ordering::AcqRel);
    }

    /// Writes `new` to word `index` if it still holds `old`; otherwise says what it holds.
    #[inline]
    pub fn compare_exchange(&self, index: usize, old: Entry, new: Entry) -> Result<(), Entry> {
        match self.0[index].compare_exchange(old.0, new.0, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(found) => Err(Entry(found)),
        }
    }
}

/// The index of `address` in its table of `level`: 4 is the root, 1 holds 4 KiB pages.
#[inline]
pub const fn index(address: VirtAddr, level: u32) -> usize {
    (address.as_u64() >> (12 + 9 * (level - 1)) & 511) as usize
}

static KERNEL_ROOT: AtomicU64 = AtomicU64::new(0);

/// The root that maps the kernel and nothing of a user.
pub fn kernel_root() -> PhysAddr {
    PhysAddr::new_truncate(KERNEL_ROOT.load(Ordering::Relaxed))
}

/// Keeps the root that `boot` has built.
pub(crate) fn set_kernel_root(root: PhysAddr) {
    KERNEL_ROOT.store(root.as_u64(), Ordering::Relaxed);
}

/// Copies the kernel half into the root table `root`. All of its top-level words are there from
/// boot on and never change, so every root shares what lies below them.
pub fn copy_kernel_half(root: &Table) {
    // SAFETY: the kernel root is a page table from boot on.
    let kernel = unsafe { Table::at(kernel_root()) };
    for index in 256..512 {
        root.store(index, kernel.load(index));
    }
}

/// Makes `root` the page tables of this CPU. Flushes every mapping that is not global.
///
/// # Safety
/// The table must map the kernel half ([`copy_kernel_half`]) and live until another is active.
#[inline]
pub unsafe fn activate(root: PhysAddr) {
    // SAFETY: the caller vouches for the table.
    unsafe { asm!("mov cr3, {}", in(reg) root.as_u64(), options(nostack, preserves_flags)) };
}

/// The root that is active on this CPU.
#[inline]
pub fn current_root() -> PhysAddr {
    let root: u64;
    // SAFETY: reading CR3 has no effect.
    unsafe { asm!("mov {}, cr3", out(reg) root, options(nomem, nostack, preserves_flags)) };
    PhysAddr::new_truncate(root & ADDRESS_MASK)
}

/// Forgets this CPU's translation of the page at `address`, global ones too.
#[inline]
pub fn flush_page(address: VirtAddr) {
    // SAFETY: dropping a cached translation only costs time.
    unsafe { asm!("invlpg [{}]", in(reg) address.as_u64(), options(nostack, preserves_flags)) };
}

/// Forgets all of this CPU's translations that are not global.
#[inline]
pub fn flush_all() {
    // SAFETY: the active root stays active.
    unsafe { asm!("mov {0}, cr3", "mov cr3, {0}", out(reg) _, options(nostack, preserves_flags)) };
}
