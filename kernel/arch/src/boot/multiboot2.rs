//! The Multiboot2 boot information (specification 1.6, section 3.6), as GRUB passes it.

use super::raw::{Raw, read};
use crate::layout::virt_to_phys;

const TYPE_AVAILABLE: u32 = 1;

/// Walks the tags at `info`: total size, a reserved word, then tags of type, size and content, each
/// 8-byte aligned.
pub(super) fn parse(info: u64, raw: &mut Raw) -> Result<(), &'static str> {
    let end = info + u64::from(read::<u32>(info));
    let mut tag = info + 8;
    let mut has_memory = false;
    while tag + 8 <= end {
        let (kind, size) = (read::<u32>(tag), u64::from(read::<u32>(tag + 4)));
        match kind {
            0 => break,
            1 => raw.set_command_line(tag + 8),
            3 if raw.initramfs.is_none() => {
                raw.initramfs = Some((read::<u32>(tag + 8).into(), read::<u32>(tag + 12).into()));
            }
            6 => {
                has_memory = true;
                add_memory(tag, size, raw);
            }
            // The ACPI 1.0 pointer does not displace the newer one.
            14 if raw.rsdp.is_none() => copy_rsdp(tag, size, raw),
            15 => copy_rsdp(tag, size, raw),
            _ => {}
        }
        tag += size.max(8).next_multiple_of(8);
    }
    if has_memory { Ok(()) } else { Err("the Multiboot2 information has no memory map") }
}

fn add_memory(tag: u64, size: u64, raw: &mut Raw) {
    let step = u64::from(read::<u32>(tag + 8)).max(24);
    let mut entry = tag + 16;
    while entry + step <= tag + size {
        raw.memory.add(read(entry), read(entry + 8), read::<u32>(entry + 16) == TYPE_AVAILABLE);
        entry += step;
    }
}

/// The tag holds the structure itself, in memory that will be reused: keep a copy in the image.
fn copy_rsdp(tag: u64, size: u64, raw: &mut Raw) {
    let len = (size.saturating_sub(8) as usize).min(raw.rsdp_copy.len());
    for (offset, byte) in raw.rsdp_copy[..len].iter_mut().enumerate() {
        *byte = read(tag + 8 + offset as u64);
    }
    raw.rsdp = Some(virt_to_phys(raw.rsdp_copy.as_ptr()));
}
