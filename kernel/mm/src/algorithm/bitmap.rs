//! A bitmap with summaries: finding the first set bit takes one step a layer, whatever the size.

/// Layers of summary; six 6-bit steps reach 2^36 bits.
const LAYERS: usize = 6;

/// A fixed number of bits in borrowed words. Layer 0 holds the bits; a bit of layer `n + 1` says that the word of
/// layer `n` with its number is not zero.
pub struct Bitmap<'a> {
    layers: [&'a mut [u64]; LAYERS],
    top: usize,
    bits: usize,
}

impl<'a> Bitmap<'a> {
    /// How many words `bits` bits need, summaries included.
    pub const fn words_needed(bits: usize) -> usize {
        let mut words = bits.div_ceil(64);
        let mut sum = words;
        while words > 1 {
            words = words.div_ceil(64);
            sum += words;
        }
        sum
    }

    /// An all-clear bitmap in `words`, of which it takes the first [`Self::words_needed`] and returns the rest. The
    /// words
    /// must be zero.
    pub fn new(bits: usize, mut words: &'a mut [u64]) -> (Self, &'a mut [u64]) {
        let mut layers: [&'a mut [u64]; LAYERS] = Default::default();
        let mut count = bits.div_ceil(64);
        let mut top = 0;
        for (number, layer) in layers.iter_mut().enumerate() {
            let (head, tail) = words.split_at_mut(count);
            (*layer, words, top) = (head, tail, number);
            if count <= 1 {
                break;
            }
            count = count.div_ceil(64);
        }
        (Self { layers, top, bits }, words)
    }

    /// How many bits there are.
    pub fn len(&self) -> usize {
        self.bits
    }

    /// Whether there are no bits at all.
    pub fn is_empty(&self) -> bool {
        self.bits == 0
    }

    /// Whether `bit` is set; false beyond the end.
    #[inline]
    pub fn get(&self, bit: usize) -> bool {
        self.layers[0].get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 != 0)
    }

    /// Sets `bit`.
    #[inline]
    pub fn set(&mut self, bit: usize) {
        let mut position = bit;
        for layer in &mut self.layers[..=self.top] {
            let word = &mut layer[position / 64];
            let was_empty = *word == 0;
            *word |= 1 << (position % 64);
            if !was_empty {
                return;
            }
            position /= 64;
        }
    }

    /// Clears `bit`.
    #[inline]
    pub fn clear(&mut self, bit: usize) {
        let mut position = bit;
        for layer in &mut self.layers[..=self.top] {
            let word = &mut layer[position / 64];
            *word &= !(1 << (position % 64));
            if *word != 0 {
                return;
            }
            position /= 64;
        }
    }

    /// The lowest set bit.
    #[inline]
    pub fn first(&self) -> Option<usize> {
        let mut position = 0;
        for layer in self.layers[..=self.top].iter().rev() {
            let word = *layer.get(position)?;
            if word == 0 {
                return None;
            }
            position = position * 64 + word.trailing_zeros() as usize;
        }
        Some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn agrees_with_a_set(bits in 1usize..9000, steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 0..400)) {
            let mut words = vec![0; Bitmap::words_needed(bits) + 3];
            let (mut bitmap, rest) = Bitmap::new(bits, &mut words);
            prop_assert_eq!(rest.len(), 3);
            let mut model = BTreeSet::new();
            for (set, index) in steps {
                let bit = index.index(bits);
                if set { bitmap.set(bit); model.insert(bit); } else { bitmap.clear(bit); model.remove(&bit); }
                prop_assert_eq!(bitmap.get(bit), set);
                prop_assert_eq!(bitmap.first(), model.first().copied());
            }
        }
    }

    #[test]
    fn an_empty_bitmap_has_no_first_bit() {
        let (bitmap, _) = Bitmap::new(0, &mut []);
        assert_eq!(bitmap.first(), None);
        assert!(!bitmap.get(0));
    }
}
