//! `/proc/interrupts`: which processor took how many of which kind.

use super::ProcFs;
use super::text::Text;
use abi::Result;
use alloc::vec::Vec;
use arch::cpu::CpuId;
use arch::interrupt_counts::{Kind, count};
use core::fmt::{self, Write};

/// The kinds that every processor has, with their labels and names.
const KINDS: [(Kind, &str, &str); 4] = [
    (Kind::Timer, "LOC", "Local timer interrupts"),
    (Kind::Reschedule, "RES", "Rescheduling interrupts"),
    (Kind::Shootdown, "TLB", "TLB shootdowns"),
    (Kind::Error, "ERR", "APIC errors"),
];

fn cpus() -> impl Iterator<Item = CpuId> {
    arch::cpu::online().iter()
}

/// A line for each interrupt line of a device, then one for each kind that every processor has.
pub fn interrupts(proc: &ProcFs) -> Result<Vec<u8>> {
    Text::build(|text| {
        text.write_str("    ")?;
        cpus().try_for_each(|cpu| write!(text, "       CPU{:<3}", cpu.index()))?;
        text.write_str("\n")?;
        let mut written = Ok(());
        proc.source().device_interrupts(&mut |line, taker, count| {
            written = written.and_then(|()| device_row(text, line, taker, count));
        });
        written?;
        KINDS.iter().try_for_each(|(kind, label, name)| {
            write!(text, "{label:>3}:")?;
            cpus().try_for_each(|cpu| write!(text, " {:>12}", count(cpu, *kind)))?;
            writeln!(text, "  {name}")
        })
    })
}

fn device_row(text: &mut Text, line: u8, taker: CpuId, count: u64) -> fmt::Result {
    write!(text, "{line:>3}:")?;
    cpus().try_for_each(|cpu| write!(text, " {:>12}", if cpu == taker { count } else { 0 }))?;
    writeln!(text, "  IO-APIC {line:>4}-edge")
}

/// All of them together.
pub fn total(proc: &ProcFs) -> u64 {
    let mut total = cpus().map(|cpu| KINDS.iter().map(|(kind, ..)| count(cpu, *kind)).sum::<u64>()).sum();
    proc.source().device_interrupts(&mut |_, _, count| total += count);
    total
}
