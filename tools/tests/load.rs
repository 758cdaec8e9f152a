//! What tells of load: /proc/stat, /proc/schedstat, a process's sched files, and the programs that read them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::scratch::Scratch;
use common::{Outcome, exec, host_program, shell, trial};
use tools::setup::packages::Software;

/// The numbers of a line after its first word.
fn numbers(line: &str) -> Vec<u64> {
    line.split_whitespace().skip(1).map(|word| word.parse().unwrap()).collect()
}

/// The lines of an outcome that begin with `start`.
fn lines<'a>(text: &'a str, start: &'a str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(start)).collect()
}

/// One processor works, bound to it, for a second of processor time; the others have little to do.
const WORK: &str = "taskset 2 sh -c 'while [ $(cut -d\" \" -f14 /proc/$$/stat) -lt 40 ]; do :; done'; ";

fn after_work(script: &str) -> Outcome {
    shell(&format!("{WORK}{script}")).smp(4).run().expect_code(0)
}

#[test]
fn stat_tells_each_processors_time() {
    let text = after_work("cat /proc/stat").text();
    let cpus: Vec<Vec<u64>> = (0..4).map(|cpu| numbers(lines(&text, &format!("cpu{cpu} "))[0])).collect();
    let busy = |cpu: &[u64]| cpu[0] + cpu[1] + cpu[2];
    assert!(cpus.iter().all(|cpu| cpu.len() == 10), "{text}");
    assert!(busy(&cpus[1]) >= 40, "{text}");
    // All have lived equally long, whatever they did: user, nice, system, idle, waiting for devices, interrupts.
    let totals: Vec<u64> = cpus.iter().map(|cpu| cpu.iter().sum()).collect();
    let (least, most) = (totals.iter().min().unwrap(), totals.iter().max().unwrap());
    assert!(most - least <= most / 10 + 10, "{totals:?}\n{text}");
    assert!(cpus[1][3] < cpus.iter().map(|cpu| cpu[3]).max().unwrap(), "the one that worked idled less\n{text}");
    let sum: u64 = cpus.iter().map(|cpu| cpu[3]).sum();
    let idle = numbers(lines(&text, "cpu ")[0])[3];
    assert!(idle.abs_diff(sum) <= 4 + sum / 50, "the first line is the sum\n{text}");
}

#[test]
fn schedstat_counts_switches_and_waits() {
    let two = "taskset 1 sh -c 'while [ $(cut -d\" \" -f14 /proc/$$/stat) -lt 20 ]; do :; done' & ";
    let script = format!("{two}{two}wait; cat /proc/schedstat; cat /proc/self/schedstat; cat /proc/self/sched");
    let text = shell(&script).smp(2).run().expect_code(0).text();
    assert!(text.starts_with("version 15\ntimestamp "), "{text}");
    let cpus: Vec<Vec<u64>> = lines(&text, "cpu").into_iter().map(numbers).collect();
    assert!(cpus.len() == 2 && cpus.iter().all(|cpu| cpu.len() == 9), "{text}");
    let [_, _, switches, _, _, _, busy_ns, wait_ns, turns] = cpus[0][..] else { panic!("{text}") };
    assert!(busy_ns >= 300_000_000 && switches >= turns && turns > 0, "{text}");
    // Each of the two waited while the other ran.
    assert!(wait_ns >= 100_000_000, "{text}");
    let own: Vec<u64> = text.lines().nth(4).unwrap().split(' ').map(|word| word.parse().unwrap()).collect();
    assert!(own.len() == 3 && own[0] > 0 && own[2] > 0, "{text}");
    for field in ["se.sum_exec_runtime", "nr_switches", "nr_voluntary_switches", "policy", "prio"] {
        assert_eq!(lines(&text, field).len(), 1, "{field}\n{text}");
    }
}

/// A program that reads /proc, with what it must know of a terminal.
fn reader(name: &str, arguments: &[&str]) -> String {
    let program = host_program(name, Software::Procps);
    let scratch = Scratch::new("load");
    let terminal = ["/lib", "/usr/share"].map(|place| format!("{place}/terminfo/d/dumb"));
    if let Some(description) = terminal.iter().find_map(|path| std::fs::read(path).ok()) {
        scratch.write("etc/terminfo/d/dumb", description);
    }
    let words = [&[program.to_str().unwrap()], arguments].concat();
    let run = exec(&words).smp(4).option("--root", scratch.root()).option("--env", "TERM=dumb");
    run.option("--env", "HOME=/").run().expect_code(0).text()
}

#[test]
fn top_shows_each_processors_use() {
    let text = reader("top", &["-b", "-n", "1", "-1", "-w", "200"]);
    for cpu in 0..4 {
        assert!(text.contains(&format!("%Cpu{cpu} ")), "{text}");
    }
    assert!(text.lines().any(|line| line.ends_with("init") || line.contains(" top")), "{text}");
    let text = shell("top -b -n 1").smp(4).run().expect_code(0).text();
    assert!(text.contains("CPU:") && text.contains("top -b -n 1"), "{text}");
}

#[test]
fn programs_tell_load_memory_and_interrupts() {
    let text = reader("vmstat", &[]);
    assert!(text.lines().nth(1).is_some_and(|line| line.contains("us sy id wa st")), "{text}");
    assert_eq!(text.lines().nth(2).unwrap().split_whitespace().count(), 17, "{text}");
    assert!(reader("uptime", &[]).contains("load average:"));
    assert!(reader("free", &[]).contains("Mem:"));
}

#[test]
fn the_privileged_alone_record_traces() {
    trial(&["watching"]).smp(2).option("--append", "trace=ready").expect_to_hold();
}
