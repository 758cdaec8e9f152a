//! Entropy.

use core::arch::asm;

use crate::{clock, features};

/// A word from the processor's random number generator, or where there is none from the jitter of
/// the TSC. Input for a generator, not a key by itself.
pub fn entropy() -> u64 {
    if features::get().rdrand {
        // The SDM's advice: ten tries before the generator counts as broken.
        for _ in 0..10 {
            if let Some(word) = rdrand() {
                return word ^ clock::read_tsc();
            }
        }
    }
    (0..64).fold(clock::read_tsc(), |word: u64, _| {
        // The finaliser of SplitMix64 spreads what little each reading varies.
        let word = (word ^ clock::read_tsc()).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word ^ word >> 31
    })
}

fn rdrand() -> Option<u64> {
    let (word, is_valid): (u64, u8);
    // SAFETY: the caller has checked that the instruction exists.
    unsafe { asm!("rdrand {}", "setc {}", out(reg) word, out(reg_byte) is_valid, options(nomem, nostack)) };
    (is_valid != 0).then_some(word)
}
