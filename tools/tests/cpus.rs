//! Any number of processors, and work on all of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{assert_trial, exec, program, shell};

fn boots_with(processors: u32, cpu: &str) {
    let outcome = exec(&["/bin/busybox", "nproc"]).smp(processors).option("--cpu", cpu).run().expect_code(0);
    assert_eq!(outcome.text(), format!("{processors}\n"), "{}", outcome.report());
}

#[test]
fn one_processor_boots() {
    boots_with(1, "max");
}

#[test]
fn two_processors_boot() {
    boots_with(2, "max");
}

#[test]
fn eight_processors_boot() {
    boots_with(8, "max");
}

#[test]
fn sixty_four_processors_boot() {
    boots_with(64, "max");
}

#[test]
fn two_hundred_and_fifty_five_processors_boot_to_the_first_program() {
    boots_with(255, "max");
}

#[test]
fn processors_without_x2apic_boot() {
    boots_with(8, "max,-x2apic");
}

#[test]
fn the_oldest_processor_model_boots() {
    boots_with(8, "qemu64");
}

#[test]
fn counted_instructions_boot_and_repeat() {
    let run = || exec(&["/bin/busybox", "nproc"]).smp(2).flag("--icount").run().expect_code(0).text();
    assert_eq!((run(), run()), ("2\n".to_owned(), "2\n".to_owned()));
}

#[test]
fn eight_busy_processes_occupy_eight_processors() {
    let hogs = program("hogs");
    let outcome = exec(&[hogs.to_str().unwrap()]).smp(8).run().expect_code(0);
    assert_eq!(outcome.text(), "[0, 1, 2, 3, 4, 5, 6, 7]\n", "{}", outcome.report());
}

#[test]
fn taskset_pins_a_process_and_its_children() {
    let place = program("where");
    let script = format!("taskset 8 {0}; taskset 81 {0} | cut -d' ' -f-3", place.display());
    let scratch = common::scratch::Scratch::new("taskset");
    scratch.write_program(place.strip_prefix("/").unwrap().to_str().unwrap(), std::fs::read(&place).unwrap());
    let outcome = shell(&script).smp(8).option("--root", scratch.root()).run().expect_code(0);
    assert_eq!(outcome.text(), "allowed [3] seen {3}\nallowed [0, 7]\n", "{}", outcome.report());
}

#[test]
fn affinity_holds_as_seen_from_inside() {
    assert_trial("affinity", &[8]);
}

#[test]
fn interrupts_are_counted_for_each_processor() {
    // Asleep until a timer fires on whichever processor the shell is on.
    let script = "sleep 0.05; cat /proc/interrupts; grep ^intr /proc/stat";
    let outcome = shell(script).smp(4).run().expect_code(0);
    let text = outcome.text();
    let row = |label: &str| -> Vec<u64> {
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix(label));
        let words = line.unwrap_or_else(|| panic!("no row {label}\n{text}")).split_whitespace();
        words.map_while(|word| word.parse().ok()).collect()
    };
    let head: Vec<&str> = text.lines().next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(head, ["CPU0", "CPU1", "CPU2", "CPU3"], "{text}");
    let sums: Vec<u64> = ["4:", "LOC:", "RES:", "TLB:"].iter().map(|label| row(label).iter().sum()).collect();
    assert!(row("LOC:").len() == 4 && sums[0] > 0 && sums[1] > 0 && sums[2] > 0, "{text}");
    assert!(row("intr")[0] >= sums.iter().sum::<u64>(), "{text}");
}
