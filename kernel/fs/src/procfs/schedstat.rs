//! What the scheduler and the locks tell of themselves: `/proc/schedstat`, `/proc/lock_stat`, `/proc/trace`, and the two
//! files of a process.

use super::ProcFs;
use super::process::Subject;
use super::text::Text;
use abi::{Errno, Result};
use alloc::vec::Vec;
use core::fmt::{self, Write};
use sync::trace::{self, EVENTS, LongRegion, MEASURES};

/// Ticks of Linux's clock in a second, in which the time stamp counts.
const TICK_NS: u64 = 10_000_000;

/// `/proc/schedstat`, version 15, without domains: all CPUs are alike.
pub fn schedstat(_: &ProcFs) -> Result<Vec<u8>> {
    Text::build(|text| {
        writeln!(text, "version 15\ntimestamp {}", arch::clock::now_ns() / TICK_NS)?;
        for cpu in arch::cpu::online().iter() {
            let stats = sched::stats::cpu(cpu);
            let busy_ns = stats.user_ns + stats.nice_ns + stats.system_ns;
            let runs = stats.switches - stats.idle_switches;
            write!(text, "cpu{} {} 0 {} {}", cpu.index(), stats.yields, stats.switches, stats.idle_switches)?;
            write!(text, " {} {} {busy_ns}", stats.wakes, stats.local_wakes)?;
            writeln!(text, " {} {runs}", stats.wait_ns)?;
        }
        Ok(())
    })
}

/// `/proc/PID/schedstat`: time on a CPU, time waiting for one, turns.
pub fn of_process(subject: &Subject) -> Result<Vec<u8>> {
    let status = subject.status()?;
    Text::build(|text| writeln!(text, "{} {} {}", status.user_ns + status.system_ns, status.wait_ns, status.turns))
}

/// `/proc/PID/sched`.
pub fn describe_process(subject: &Subject) -> Result<Vec<u8>> {
    let status = subject.status()?;
    let [voluntary, involuntary] = status.switches;
    // As Linux counts: real-time priorities below 100, nice values around 120.
    let priority = match status.real_time_priority {
        0 => i64::from(120 + status.nice),
        priority => 99 - i64::from(priority),
    };
    Text::build(|text| {
        text.push(&status.name)?;
        writeln!(text, " ({}, #threads: {})\n{:-<67}", status.id, status.threads, "")?;
        time(text, "se.sum_exec_runtime", status.user_ns + status.system_ns)?;
        time(text, "se.statistics.wait_sum", status.wait_ns)?;
        number(text, "se.statistics.wait_count", status.turns)?;
        number(text, "nr_switches", voluntary + involuntary)?;
        number(text, "nr_voluntary_switches", voluntary)?;
        number(text, "nr_involuntary_switches", involuntary)?;
        number(text, "policy", status.policy)?;
        number(text, "prio", priority)?;
        number(text, "current_cpu", status.cpu)
    })
}

fn number(text: &mut Text, name: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(text, "{name:<45}:{value:>21}")
}

/// Milliseconds with six digits.
fn time(text: &mut Text, name: &str, ns: u64) -> fmt::Result {
    writeln!(text, "{name:<45}:{:>14}.{:06}", ns / 1_000_000, ns % 1_000_000)
}

/// `/proc/lock_stat`: how locks were used, by class, while that was measured.
pub fn lock_stat(_: &ProcFs) -> Result<Vec<u8>> {
    Text::build(|text| {
        writeln!(text, "{:<24} {:>12} {:>12} {:>16} {:>16}", "class", "taken", "waited", "wait ns", "longest ns")?;
        for (name, counts) in sync::lock_counts() {
            let sync::trace::LockCounts { taken, waited, wait_ns, longest_ns } = counts;
            writeln!(text, "{name:<24} {taken:>12} {waited:>12} {wait_ns:>16} {longest_ns:>16}")?;
        }
        Ok(())
    })
}

/// `/proc/trace`: what is on, what each CPU recorded, and its longest regions without interrupts or preemption with the
/// addresses that opened them.
pub fn trace(proc: &ProcFs) -> Result<Vec<u8>> {
    proc.source().demand_watching()?;
    Text::build(|text| {
        let flag = |bit: u32| if trace::flags() & bit == 0 { "off" } else { "on" };
        let memory = if trace::is_installed() { "there" } else { "none" };
        writeln!(text, "memory: {memory}\nevents: {}\nmeasures: {}", flag(EVENTS), flag(MEASURES))?;
        for cpu in arch::cpu::online().iter() {
            let Some(block) = trace::block(cpu) else { continue };
            let (written, lost) = block.counts();
            writeln!(text, "cpu{}: {written} records, {lost} lost", cpu.index())?;
            trace::longest_irq_off(cpu).try_for_each(|region| long_region(text, "interrupts", region))?;
            trace::longest_preempt_off(cpu).try_for_each(|region| long_region(text, "preemption", region))?;
        }
        Ok(())
    })
}

fn long_region(text: &mut Text, what: &str, region: LongRegion) -> fmt::Result {
    write!(text, "  {what} off for {} ns:", region.ns)?;
    region.callers.iter().filter(|caller| **caller != 0).try_for_each(|caller| write!(text, " {caller:#x}"))?;
    writeln!(text)
}

/// Writing to `/proc/trace`: `1` records and measures, `measure` only measures, `0` does neither. ENOMEM without memory
/// for it, which the kernel's command line gives.
pub fn set_trace(proc: &ProcFs, word: &[u8]) -> Result<()> {
    proc.source().demand_watching()?;
    let bits = match word.trim_ascii() {
        b"1" => EVENTS | MEASURES,
        b"measure" => MEASURES,
        b"0" => {
            trace::stop(EVENTS | MEASURES);
            return Ok(());
        }
        _ => return Err(Errno::EINVAL),
    };
    if !trace::is_installed() {
        return Err(Errno::ENOMEM);
    }
    trace::start(bits);
    Ok(())
}
