//! `/proc/PID/maps`.

use super::text::Text;
use abi::{Protection, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use mm::AddressSpace;
use mm::space::{Label, RegionInfo, Sharing};

/// Column at which names start.
const NAME_COLUMN: usize = 73;

/// One line a region; empty for a process without memory.
pub fn maps(space: Option<Arc<AddressSpace>>) -> Result<Vec<u8>> {
    let Some(space) = space else { return Ok(Vec::new()) };
    let regions = space.regions()?;
    Text::build(|text| regions.iter().try_for_each(|region| line(text, region)))
}

fn line(text: &mut Text, region: &RegionInfo) -> fmt::Result {
    let start = text.len();
    let flag = |protection, letter| if region.protection.contains(protection) { letter } else { '-' };
    let sharing = if region.sharing == Sharing::Shared { 's' } else { 'p' };
    let (device, inode) = region.inode;
    write!(
        text,
        "{:08x}-{:08x} {}{}{}{sharing} {:08x} {:02x}:{:02x} {inode} ",
        region.start,
        region.end,
        flag(Protection::READ, 'r'),
        flag(Protection::WRITE, 'w'),
        flag(Protection::EXECUTE, 'x'),
        region.offset,
        device >> 8 & 0xfff,
        device & 0xff,
    )?;
    let label: &[u8] = match region.label {
        Label::Heap => b"[heap]",
        Label::Stack => b"[stack]",
        Label::Vdso => b"[vdso]",
        Label::None => b"",
    };
    let name = region.path.as_deref().unwrap_or(label);
    if !name.is_empty() {
        while text.len() - start < NAME_COLUMN {
            text.push(b" ")?;
        }
        // Only what would break the line is escaped here.
        for byte in name {
            match byte {
                b'\n' => text.push(b"\\012")?,
                _ => text.push(&[*byte])?,
            }
        }
    }
    text.push(b"\n")
}
