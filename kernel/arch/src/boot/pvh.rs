//! The PVH start info (Xen `arch-x86/hvm/start_info.h`), as QEMU's `-kernel`, Firecracker and Cloud
//! Hypervisor pass it.

use super::raw::{Raw, read};
use crate::PhysAddr;

const MAGIC: u32 = 0x336e_c578;
const TYPE_RAM: u32 = 1;

/// Reads the structure at `info`. Offsets: magic 0, version 4, flags 8, module count 12, module list
/// 16, command line 24, RSDP 32, memory map 40, its length 48.
pub(super) fn parse(info: u64, raw: &mut Raw) -> Result<(), &'static str> {
    if read::<u32>(info) != MAGIC {
        return Err("the PVH start info lacks its magic number");
    }
    if read::<u32>(info + 4) < 1 {
        return Err("the PVH start info has no memory map");
    }
    let map = read::<u64>(info + 40);
    for index in 0..u64::from(read::<u32>(info + 48)) {
        let entry = map + index * 24;
        raw.memory.add(read(entry), read(entry + 8), read::<u32>(entry + 16) == TYPE_RAM);
    }
    if read::<u32>(info + 12) > 0 {
        let module = read::<u64>(info + 16);
        let start = read::<u64>(module);
        raw.initramfs = Some((start, start + read::<u64>(module + 8)));
    }
    match read::<u64>(info + 24) {
        0 => {}
        address => raw.set_command_line(address),
    }
    match read::<u64>(info + 32) {
        0 => {}
        address => raw.rsdp = Some(PhysAddr::new_truncate(address)),
    }
    Ok(())
}
