//! Entropy.

/// A word from the processor's random number generator, or where there is none from the jitter of
/// the TSC. Input for a generator, not a key by itself.
pub fn entropy() -> u64 {
    todo!()
}
