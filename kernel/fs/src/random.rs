//! Random bytes: ChaCha20 keyed by the processor's entropy.
//!
//! After each request the generator replaces its own key by output that nobody else sees, so what was given out cannot be
//! computed from a later state; now and then fresh entropy is mixed into the new key.

use abi::Result;
use mm::user::Sink;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sync::SpinLock;
use sync::ranks::ObjectState;

/// Bytes made under one hold of the lock.
const CHUNK: usize = 256;
/// Requests between two mixings of fresh entropy.
const MIXING_PERIOD: u32 = 256;

struct Generator {
    stream: ChaCha20Rng,
    requests: u32,
}

static GENERATOR: SpinLock<Option<Generator>, ObjectState> = SpinLock::new(None);

/// Fills `bytes`.
pub fn fill(bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(CHUNK) {
        let mut generator = GENERATOR.lock();
        generator.get_or_insert_with(Generator::seeded).fill(chunk);
    }
}

/// Fills what room `to` has; how many bytes that were.
pub fn fill_sink(to: &mut Sink<'_>) -> Result<usize> {
    let mut done = 0;
    while to.remaining() > 0 {
        let mut bytes = [0; CHUNK];
        let count = to.remaining().min(CHUNK);
        fill(&mut bytes[..count]);
        match to.write(&bytes[..count]) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

impl Generator {
    fn seeded() -> Self {
        let mut seed = [0; 32];
        for word in seed.chunks_exact_mut(8) {
            word.copy_from_slice(&arch::random::entropy().to_le_bytes());
        }
        Self { stream: ChaCha20Rng::from_seed(seed), requests: 0 }
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        let mut key = [0; 32];
        self.stream.fill_bytes(&mut key);
        self.stream.fill_bytes(bytes);
        self.requests = self.requests.wrapping_add(1);
        if self.requests.is_multiple_of(MIXING_PERIOD) {
            let fresh = arch::random::entropy().to_le_bytes();
            key.iter_mut().zip(fresh).for_each(|(byte, fresh)| *byte ^= fresh);
        }
        self.stream = ChaCha20Rng::from_seed(key);
    }
}
