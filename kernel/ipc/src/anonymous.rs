//! What objects without a file have in common.

use abi::types::Stat;

/// Device number that they report; no file system has it.
const DEVICE: u64 = 0xf;

/// The attributes of an object that has none.
pub fn stat() -> Stat {
    Stat { device: DEVICE, inode: 1, links: 1, mode: 0o600, block_size: 4096, ..Stat::default() }
}
