//! What one process or thread reports of itself, and the three files that show it.

use super::cpu_list;
use super::text::Text;
use abi::Result;
use alloc::vec::Vec;
use core::fmt::{self, Write};

/// Nanoseconds of a clock tick: `sysconf(_SC_CLK_TCK)` is 100.
const TICK_NS: u64 = 10_000_000;
const PAGE: u64 = 4096;

/// Sizes of an address space, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryUse {
    /// All mappings.
    pub size: u64,
    /// Largest size so far.
    pub peak_size: u64,
    /// Pages present.
    pub resident: u64,
    /// Largest resident size so far.
    pub peak_resident: u64,
    /// Present pages of shared and file mappings.
    pub shared: u64,
    /// Private writable mappings without the stack.
    pub data: u64,
    /// The stack.
    pub stack: u64,
    /// Executable mappings of the program.
    pub text: u64,
    /// Page tables.
    pub tables: u64,
}

/// Signals of a thread and its process, as 64-bit sets with signal 1 in bit 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignalSets {
    /// Pending for the thread.
    pub pending: u64,
    /// Pending for the process.
    pub shared_pending: u64,
    /// Blocked by the thread.
    pub blocked: u64,
    /// Ignored by the process.
    pub ignored: u64,
    /// Handled by the process.
    pub caught: u64,
    /// How many are queued.
    pub queued: u64,
}

/// A consistent reading of one process, or of one thread of it.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Thread id; of a process, its pid.
    pub id: i32,
    /// Process id.
    pub pid: i32,
    /// Parent's process id.
    pub parent: i32,
    /// Process group.
    pub group: i32,
    /// Session.
    pub session: i32,
    /// Device number of the controlling terminal; 0 without.
    pub terminal: u32,
    /// Foreground process group of that terminal; -1 without.
    pub foreground: i32,
    /// Short name, at most 15 bytes.
    pub name: Vec<u8>,
    /// `R`, `S`, `D`, `T`, `t`, `Z` or `X`.
    pub state: char,
    /// Real, effective, saved and file-system user.
    pub uids: [u32; 4],
    /// Real, effective, saved and file-system group.
    pub gids: [u32; 4],
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Number of threads.
    pub threads: u32,
    /// Slots that its table has room for.
    pub slots: u32,
    /// Time in user mode.
    pub user_ns: u64,
    /// Time in the kernel.
    pub system_ns: u64,
    /// The same of reaped children.
    pub children_user_ns: u64,
    /// The same of reaped children.
    pub children_system_ns: u64,
    /// Faults without I/O: own and of reaped children.
    pub minor_faults: [u64; 2],
    /// Faults with I/O: own and of reaped children.
    pub major_faults: [u64; 2],
    /// How long it waited for busy CPUs.
    pub wait_ns: u64,
    /// How often it was given a CPU.
    pub turns: u64,
    /// Nice value.
    pub nice: i32,
    /// Real-time priority, 0 for none.
    pub real_time_priority: u32,
    /// SCHED_* number.
    pub policy: u32,
    /// When it started, since boot.
    pub start_ns: u64,
    /// Memory.
    pub memory: MemoryUse,
    /// Limit on the resident size, bytes.
    pub resident_limit: u64,
    /// Signals.
    pub signals: SignalSets,
    /// Limit on queued signals.
    pub queue_limit: u64,
    /// Signal sent to the parent at exit.
    pub exit_signal: i32,
    /// CPU it last ran on.
    pub cpu: u32,
    /// File mode creation mask.
    pub umask: u32,
    /// CPUs it may use, ascending.
    pub affinity: Vec<u32>,
    /// Times it slept, and times it was preempted.
    pub switches: [u64; 2],
    /// Wait status, once it is dead.
    pub exit_code: i32,
    /// Kernel thread or no address space.
    pub is_kernel: bool,
    /// Whether new privileges are off.
    pub no_new_privileges: bool,
    /// Process id of its tracer, 0 without.
    pub tracer: i32,
}

impl Status {
    /// `/proc/PID/stat`: one line of 52 fields.
    pub fn stat(&self) -> Result<Vec<u8>> {
        Text::build(|text| {
            write!(text, "{} (", self.id)?;
            text.push(&self.name)?;
            write!(
                text,
                ") {} {} {} {} {} {} {}",
                self.state, self.parent, self.group, self.session, self.terminal, self.foreground, 0x40_0000,
            )?;
            write!(
                text,
                " {} {} {} {}",
                self.minor_faults[0], self.minor_faults[1], self.major_faults[0], self.major_faults[1],
            )?;
            write!(
                text,
                " {} {} {} {}",
                self.user_ns / TICK_NS,
                self.system_ns / TICK_NS,
                self.children_user_ns / TICK_NS,
                self.children_system_ns / TICK_NS,
            )?;
            self.stat_scheduling(text)
        })
    }

    /// Fields 18 to 52. Addresses are shown as 0, as Linux does to whoever may not see them.
    fn stat_scheduling(&self, text: &mut Text) -> fmt::Result {
        let priority = match self.real_time_priority {
            0 => 20 + self.nice,
            real_time => -1 - real_time as i32,
        };
        write!(text, " {priority} {} {} 0 {}", self.nice, self.threads, self.start_ns / TICK_NS)?;
        write!(text, " {} {} {}", self.memory.size, self.memory.resident / PAGE, self.resident_limit)?;
        write!(text, " 0 0 0 0 0")?;
        let low = |set: u64| set & 0x7fff_ffff;
        let signals = &self.signals;
        write!(
            text,
            " {} {} {} {}",
            low(signals.pending | signals.shared_pending),
            low(signals.blocked),
            low(signals.ignored),
            low(signals.caught),
        )?;
        write!(text, " 0 0 0 {} {}", self.exit_signal, self.cpu)?;
        write!(text, " {} {} 0 0 0", self.real_time_priority, self.policy)?;
        writeln!(text, " 0 0 0 0 0 0 0 {}", self.exit_code)
    }

    /// `/proc/PID/statm`: sizes in pages.
    pub fn statm(&self) -> Result<Vec<u8>> {
        let memory = &self.memory;
        let pages = |bytes: u64| bytes / PAGE;
        Text::build(|text| {
            writeln!(
                text,
                "{} {} {} {} 0 {} 0",
                pages(memory.size),
                pages(memory.resident),
                pages(memory.shared),
                pages(memory.text),
                pages(memory.data + memory.stack),
            )
        })
    }

    /// `/proc/PID/status`: one named value a line. `cpus` is how many CPUs there can be.
    pub fn status(&self, cpus: usize) -> Result<Vec<u8>> {
        Text::build(|text| {
            self.status_identity(text)?;
            if !self.is_kernel {
                self.status_memory(text)?;
            }
            self.status_signals(text)?;
            writeln!(text, "NoNewPrivs:\t{}", u8::from(self.no_new_privileges))?;
            let affinity = self.affinity.iter().map(|cpu| *cpu as usize).filter(|cpu| *cpu < cpus);
            write!(text, "Cpus_allowed:\t")?;
            cpu_list::write_mask(text, affinity.clone(), cpus)?;
            write!(text, "\nCpus_allowed_list:\t")?;
            cpu_list::write_list(text, affinity)?;
            writeln!(text, "\nMems_allowed:\t1\nMems_allowed_list:\t0")?;
            writeln!(text, "voluntary_ctxt_switches:\t{}", self.switches[0])?;
            writeln!(text, "nonvoluntary_ctxt_switches:\t{}", self.switches[1])
        })
    }

    fn status_identity(&self, text: &mut Text) -> fmt::Result {
        text.push(b"Name:\t")?;
        text.push_escaped(&self.name)?;
        let state = match self.state {
            'R' => "running",
            'D' => "disk sleep",
            'T' => "stopped",
            't' => "tracing stop",
            'Z' => "zombie",
            'X' => "dead",
            _ => "sleeping",
        };
        writeln!(text, "\nUmask:\t{:04o}\nState:\t{} ({state})", self.umask, self.state)?;
        writeln!(text, "Tgid:\t{}\nNgid:\t0\nPid:\t{}\nPPid:\t{}", self.pid, self.id, self.parent)?;
        writeln!(text, "TracerPid:\t{}", self.tracer)?;
        let (u, g) = (&self.uids, &self.gids);
        writeln!(text, "Uid:\t{}\t{}\t{}\t{}", u[0], u[1], u[2], u[3])?;
        writeln!(text, "Gid:\t{}\t{}\t{}\t{}", g[0], g[1], g[2], g[3])?;
        write!(text, "FDSize:\t{}\nGroups:\t", self.slots)?;
        self.groups.iter().try_for_each(|group| write!(text, "{group} "))?;
        writeln!(text, "\nKthread:\t{}", u8::from(self.is_kernel))
    }

    fn status_memory(&self, text: &mut Text) -> fmt::Result {
        let memory = &self.memory;
        let rows = [
            ("VmPeak", memory.peak_size),
            ("VmSize", memory.size),
            ("VmLck", 0),
            ("VmPin", 0),
            ("VmHWM", memory.peak_resident),
            ("VmRSS", memory.resident),
            ("RssAnon", memory.resident.saturating_sub(memory.shared)),
            ("RssFile", memory.shared),
            ("RssShmem", 0),
            ("VmData", memory.data),
            ("VmStk", memory.stack),
            ("VmExe", memory.text),
            ("VmLib", 0),
            ("VmPTE", memory.tables),
            ("VmSwap", 0),
        ];
        rows.iter().try_for_each(|(name, bytes)| writeln!(text, "{name}:\t{:8} kB", bytes / 1024))
    }

    fn status_signals(&self, text: &mut Text) -> fmt::Result {
        let signals = &self.signals;
        writeln!(text, "Threads:\t{}\nSigQ:\t{}/{}", self.threads, signals.queued, self.queue_limit)?;
        let rows = [
            ("SigPnd", signals.pending),
            ("ShdPnd", signals.shared_pending),
            ("SigBlk", signals.blocked),
            ("SigIgn", signals.ignored),
            ("SigCgt", signals.caught),
        ];
        rows.iter().try_for_each(|(name, set)| writeln!(text, "{name}:\t{set:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Status {
        Status {
            id: 12,
            pid: 12,
            parent: 1,
            state: 'S',
            name: b"a b) c".to_vec(),
            threads: 3,
            start_ns: 70 * TICK_NS,
            affinity: vec![0, 1, 2, 3],
            cpu: 2,
            policy: 1,
            ..Status::default()
        }
    }

    #[test]
    fn stat_has_fifty_two_fields_at_their_places() {
        let line = String::from_utf8(sample().stat().unwrap()).unwrap();
        let after = line.rsplit_once(')').unwrap().1;
        let fields: Vec<&str> = after.split_whitespace().collect();
        assert_eq!(fields.len(), 50);
        let field = |number: usize| fields[number - 3];
        assert_eq!((field(3), field(4), field(20), field(22)), ("S", "1", "3", "70"));
        assert_eq!((field(39), field(41)), ("2", "1"));
    }

    #[test]
    fn status_names_affinity_and_state() {
        let page = String::from_utf8(sample().status(8).unwrap()).unwrap();
        assert!(page.contains("State:\tS (sleeping)\n"));
        assert!(page.contains("Cpus_allowed:\t0f\nCpus_allowed_list:\t0-3\n"));
        assert!(page.starts_with("Name:\ta\\040b)\\040c\n"));
    }
}
