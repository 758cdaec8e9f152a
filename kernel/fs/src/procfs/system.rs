//! The root directory's fixed entries.

use super::ProcFs;
use super::interrupts;
use super::machine;
use super::schedstat;
use super::text::Text;
use super::tree::{Entry, What};
use abi::{Errno, Result};
use alloc::vec::Vec;
use core::fmt::Write;

/// The root.
pub static ROOT: Entry = directory(
    "",
    &[
        file("cmdline", |proc| Text::build(|text| writeln!(text, "{}", proc.source().command_line()))),
        file("cpuinfo", machine::cpu_info),
        file("meminfo", machine::memory_info),
        file("slabinfo", machine::slab_info),
        file("vmstat", machine::vm_stat),
        file("stat", machine::stat),
        file("loadavg", machine::load_average),
        file("uptime", machine::uptime),
        file("interrupts", interrupts::interrupts),
        file("schedstat", schedstat::schedstat),
        file("lock_stat", schedstat::lock_stat),
        Entry { name: "trace", what: What::Setting(schedstat::trace, schedstat::set_trace) },
        file("version", version),
        constant("filesystems", "nodev\ttmpfs\nnodev\tdevtmpfs\nnodev\tproc\nnodev\tsysfs\n"),
        constant("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
        constant("devices", "Character devices:\n  1 mem\n  4 ttyS\n  5 tty\n136 pts\n\nBlock devices:\n"),
        constant("partitions", "major minor  #blocks  name\n\n"),
        constant("diskstats", ""),
        constant("modules", ""),
        Entry { name: "mounts", what: What::Link(|_| Text::build(|text| text.push(b"self/mounts"))) },
        Entry { name: "self", what: What::Link(own_directory) },
        Entry { name: "thread-self", what: What::Link(own_thread_directory) },
        directory("net", &[file("unix", |proc| proc.source().sockets())]),
        directory(
            "sys",
            &[
                directory("kernel", KERNEL),
                directory(
                    "vm",
                    &[
                        constant("overcommit_memory", "1\n"),
                        constant("overcommit_ratio", "50\n"),
                        constant("max_map_count", "1048576\n"),
                        constant("mmap_min_addr", "65536\n"),
                        constant("swappiness", "0\n"),
                    ],
                ),
                directory(
                    "fs",
                    &[
                        constant("file-max", "9223372036854775807\n"),
                        constant("nr_open", "1048576\n"),
                        constant("pipe-max-size", "1048576\n"),
                        constant("protected_hardlinks", "0\n"),
                        constant("protected_symlinks", "0\n"),
                    ],
                ),
            ],
        ),
    ],
);

const KERNEL: &[Entry] = &[
    Entry { name: "hostname", what: What::Setting(|proc| name(&proc.source().names().node), set_host_name) },
    file("domainname", |proc| name(&proc.source().names().domain)),
    file("osrelease", |proc| name(&proc.source().names().release)),
    file("ostype", |proc| name(&proc.source().names().system)),
    file("version", |proc| name(&proc.source().names().version)),
    constant("pid_max", "32768\n"),
    constant("threads-max", "32767\n"),
    constant("ngroups_max", "65536\n"),
    constant("cap_last_cap", "40\n"),
    constant("overflowuid", "65534\n"),
    constant("overflowgid", "65534\n"),
    constant("randomize_va_space", "2\n"),
    Entry { name: "core_pattern", what: What::Setting(|proc| name(&proc.source().core_pattern()?), set_core_pattern) },
    constant("printk", "4\t4\t1\t7\n"),
    directory(
        "random",
        &[
            constant("entropy_avail", "256\n"),
            constant("poolsize", "256\n"),
            file("uuid", |_| uuid(random_bits())),
            file("boot_id", |proc| uuid(proc.boot_id())),
        ],
    ),
];

const fn file(name: &'static str, make: fn(&ProcFs) -> Result<Vec<u8>>) -> Entry {
    Entry { name, what: What::File(make) }
}

const fn constant(name: &'static str, text: &'static str) -> Entry {
    Entry { name, what: What::Constant(text) }
}

const fn directory(name: &'static str, entries: &'static [Entry]) -> Entry {
    Entry { name, what: What::Directory(entries) }
}

fn version(proc: &ProcFs) -> Result<Vec<u8>> {
    let names = proc.source().names();
    Text::build(|text| {
        text.push(until_nul(&names.system))?;
        text.push(b" version ")?;
        text.push(until_nul(&names.release))?;
        text.push(b" (Tessera) ")?;
        text.push(until_nul(&names.version))?;
        text.push(b"\n")
    })
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn name(field: &[u8]) -> Result<Vec<u8>> {
    Text::build(|text| {
        text.push(until_nul(field))?;
        text.push(b"\n")
    })
}

fn set_host_name(proc: &ProcFs, name: &[u8]) -> Result<()> {
    proc.source().set_host_name(name.strip_suffix(b"\n").unwrap_or(name))
}

fn set_core_pattern(proc: &ProcFs, pattern: &[u8]) -> Result<()> {
    proc.source().set_core_pattern(pattern.strip_suffix(b"\n").unwrap_or(pattern))
}

fn own_directory(proc: &ProcFs) -> Result<Vec<u8>> {
    let (pid, _) = proc.source().current().ok_or(Errno::ENOENT)?;
    Text::build(|text| write!(text, "{pid}"))
}

fn own_thread_directory(proc: &ProcFs) -> Result<Vec<u8>> {
    let (pid, tid) = proc.source().current().ok_or(Errno::ENOENT)?;
    Text::build(|text| write!(text, "{pid}/task/{tid}"))
}

/// 128 random bits.
pub fn random_bits() -> u128 {
    let mut bytes = [0; 16];
    crate::random::fill(&mut bytes);
    u128::from_ne_bytes(bytes)
}

/// A version 4 UUID of these bits.
fn uuid(bits: u128) -> Result<Vec<u8>> {
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | 4 << 76 | 2 << 62;
    let field = |shift: u32, mask: u64| (bits >> shift) as u64 & mask;
    Text::build(|text| {
        writeln!(
            text,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            field(96, 0xffff_ffff),
            field(80, 0xffff),
            field(64, 0xffff),
            field(48, 0xffff),
            field(0, 0xffff_ffff_ffff),
        )
    })
}
