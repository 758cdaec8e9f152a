//! Size classes: which blocks the slabs hold.

use core::alloc::Layout;

/// The classes' block sizes.
pub(crate) const SIZES: [usize; COUNT] = [16, 32, 64, 128, 256, 512, 1024, 2048];
/// How many classes there are.
pub(crate) const COUNT: usize = 8;
const SMALLEST: u32 = super::slab::SMALLEST.ilog2();
const LARGEST: usize = 2048;

/// Where a layout is served from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A block of the class with this index. Blocks are aligned to their size.
    Class(usize),
    /// `1 << order` contiguous frames.
    Pages(u8),
    /// More than any allocation can have.
    Nowhere,
}

impl Place {
    /// Where a layout is served from. An alignment above the size takes the class of the alignment.
    #[inline(always)]
    pub(crate) fn of(layout: &Layout) -> Self {
        let needed = layout.size().max(layout.align());
        if needed <= LARGEST {
            // The exponent of the next power of two, but not below the smallest class.
            let exponent = usize::BITS - (needed.saturating_sub(1) | ((1 << SMALLEST) - 1)).leading_zeros();
            Place::Class((exponent - SMALLEST) as usize)
        } else {
            Self::of_pages(needed)
        }
    }

    #[cold]
    fn of_pages(bytes: usize) -> Self {
        let frames = bytes.div_ceil(arch::PAGE_SIZE);
        let order = usize::BITS - (frames - 1).leading_zeros();
        if order as usize > crate::algorithm::buddy::MAX_ORDER { Place::Nowhere } else { Place::Pages(order as u8) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_block_is_large_and_aligned_enough(size in 1usize..(1 << 20), shift in 0u32..13) {
            let layout = Layout::from_size_align(size, 1 << shift).unwrap();
            match Place::of(&layout) {
                Place::Class(class) => {
                    prop_assert!(SIZES[class] >= layout.size());
                    prop_assert_eq!(SIZES[class] % layout.align(), 0);
                    prop_assert!(class == 0 || SIZES[class - 1] < layout.size().max(layout.align()));
                }
                Place::Pages(order) => prop_assert!(4096 << order >= layout.size()),
                Place::Nowhere => prop_assert!(false),
            }
        }
    }
}
