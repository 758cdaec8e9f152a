//! A buddy allocator over frame numbers: which blocks are free lies in one bitmap an order, so the free memory itself
//! is
//! never touched, and the lowest free block is always taken first, which keeps high memory whole.

use super::bitmap::Bitmap;

/// The largest block is `1 << MAX_ORDER` frames (16 MiB).
pub const MAX_ORDER: usize = 12;

/// Free blocks of `1 << order` frames, each aligned to its size.
pub struct Buddy<'a> {
    free: [Bitmap<'a>; MAX_ORDER + 1],
    frames: usize,
    free_frames: usize,
}

impl<'a> Buddy<'a> {
    /// How many words of storage `frames` frames need.
    pub const fn words_needed(frames: usize) -> usize {
        let mut sum = 0;
        let mut order = 0;
        while order <= MAX_ORDER {
            sum += Bitmap::words_needed(frames >> order);
            order += 1;
        }
        sum
    }

    /// An allocator for frames `0..frames`, none of them free yet. `words` must be zero.
    pub fn new(frames: usize, words: &'a mut [u64]) -> Self {
        let mut rest = words;
        let free = core::array::from_fn(|order| {
            let (bitmap, tail) = Bitmap::new(frames >> order, core::mem::take(&mut rest));
            rest = tail;
            bitmap
        });
        Self { free, frames, free_frames: 0 }
    }

    /// How many frames are free.
    pub fn free_frames(&self) -> usize {
        self.free_frames
    }

    /// Gives the allocator frames `start..end`, which it must not hold yet; cut to its size.
    pub fn add(&mut self, start: usize, end: usize) {
        let (mut start, end) = (start, end.min(self.frames));
        while start < end {
            let aligned = (start.trailing_zeros() as usize).min(MAX_ORDER);
            let fitting = (end - start).ilog2() as usize;
            let order = aligned.min(fitting);
            self.free(start, order);
            start += 1 << order;
        }
    }

    /// Takes a block of `1 << order` frames and returns its first frame.
    pub fn allocate(&mut self, order: usize) -> Option<usize> {
        let (found, block) = (order..=MAX_ORDER).find_map(|from| Some((from, self.free[from].first()?)))?;
        self.free[found].clear(block);
        for split in (order..found).rev() {
            self.free[split].set((block << (found - split)) + 1);
        }
        self.free_frames -= 1 << order;
        Some(block << found)
    }

    /// Returns a block, merging it with its free buddies.
    pub fn free(&mut self, frame: usize, order: usize) {
        let mut order_now = order;
        let mut block = frame >> order;
        debug_assert!(!self.free[order].get(block), "frame {frame:#x} freed twice");
        while order_now < MAX_ORDER && self.free[order_now].get(block ^ 1) {
            self.free[order_now].clear(block ^ 1);
            block >>= 1;
            order_now += 1;
        }
        self.free[order_now].set(block);
        self.free_frames += 1 << order;
    }

    /// Whether the frame lies in a free block.
    pub fn is_free(&self, frame: usize) -> bool {
        (0..=MAX_ORDER).any(|order| self.free[order].get(frame >> order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn storage(frames: usize) -> Vec<u64> {
        vec![0; Buddy::words_needed(frames)]
    }

    /// The plain model: one flag a frame.
    fn check(buddy: &Buddy<'_>, used: &[bool]) -> Result<(), TestCaseError> {
        for (frame, used) in used.iter().enumerate() {
            prop_assert_eq!(buddy.is_free(frame), !used, "frame {}", frame);
        }
        prop_assert_eq!(buddy.free_frames(), used.iter().filter(|used| !**used).count());
        Ok(())
    }

    proptest! {
        #[test]
        fn blocks_never_overlap_and_all_memory_comes_back(
            frames in 1usize..6000,
            holes in prop::collection::vec((any::<prop::sample::Index>(), 1usize..50), 0..4),
            steps in prop::collection::vec((any::<bool>(), 0usize..8, any::<prop::sample::Index>()), 0..200),
        ) {
            let mut words = storage(frames);
            let mut buddy = Buddy::new(frames, &mut words);
            let mut used = vec![false; frames];
            for (at, len) in holes {
                let at = at.index(frames);
                used[at..(at + len).min(frames)].fill(true);
            }
            let reserved = used.clone();
            let mut start = 0;
            while start < frames {
                let end = (start..frames).find(|&frame| used[frame] != used[start]).unwrap_or(frames);
                if !used[start] { buddy.add(start, end); }
                start = end;
            }
            check(&buddy, &used)?;
            let mut held: Vec<(usize, usize)> = Vec::new();
            for (allocate, order, index) in steps {
                if allocate {
                    if let Some(frame) = buddy.allocate(order) {
                        prop_assert_eq!(frame % (1 << order), 0);
                        for flag in &mut used[frame..frame + (1 << order)] {
                            prop_assert!(!*flag);
                            *flag = true;
                        }
                        held.push((frame, order));
                    } else {
                        // Nothing aligned and large enough may be left.
                        for block in 0..(frames >> order) {
                            prop_assert!(used[block << order..(block + 1) << order].contains(&true));
                        }
                    }
                } else if !held.is_empty() {
                    let (frame, order) = held.swap_remove(index.index(held.len()));
                    used[frame..frame + (1 << order)].fill(false);
                    buddy.free(frame, order);
                }
            }
            check(&buddy, &used)?;
            for (frame, order) in held { buddy.free(frame, order); }
            check(&buddy, &reserved)?;
        }
    }

    #[test]
    fn freed_buddies_merge_to_the_largest_block() {
        let frames = 1 << MAX_ORDER;
        let mut words = storage(frames);
        let mut buddy = Buddy::new(frames, &mut words);
        buddy.add(0, frames);
        let single: Vec<_> = std::iter::from_fn(|| buddy.allocate(0)).collect();
        assert_eq!(single.len(), frames);
        for frame in single.into_iter().rev() {
            buddy.free(frame, 0);
        }
        assert_eq!(buddy.allocate(MAX_ORDER), Some(0));
    }
}
