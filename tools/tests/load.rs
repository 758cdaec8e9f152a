//! What tells of load: /proc/stat, /proc/schedstat, a process's sched files, and the programs that read them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{Outcome, exec, shell, trial};

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

#[test]
fn top_shows_each_processors_use() {
    let host = exec(&["/usr/bin/top", "-b", "-n", "1", "-1"]);
    let text = host.smp(4).option("--env", "TERM=dumb").option("--env", "HOME=/").run().expect_code(0).text();
    let cpus = text.lines().filter(|line| line.starts_with("%Cpu")).count();
    assert!(cpus >= 2, "{text}");
}

#[test]
fn the_privileged_alone_record_traces() {
    trial(&["watching"]).smp(2).option("--append", "trace=ready").expect_to_hold();
}
