//! The tests that run inside the kernel, each in a boot of its own and by its own name.

mod common;

use common::{Outcome, run, tool};
use common::scratch::Scratch;

fn boot(name: &str, processors: u32) -> Outcome {
    let scratch = Scratch::new("selftest");
    let log = scratch.path("log");
    let mut command = tool();
    command.args(["selftest", "--smp", &processors.to_string(), "--timeout", "600", "--log"]).arg(&log).arg(name);
    let mut outcome = run(command, b"");
    outcome.log = std::fs::read_to_string(&log).unwrap_or_default();
    outcome
}

macro_rules! cases {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                for processors in [1, 8] {
                    boot(stringify!($name), processors).expect_code(0);
                }
            }
        )*

        /// A case that is added to the kernel must be added here.
        #[test]
        fn every_case_of_the_kernel_is_run() {
            let outcome = boot("list", 1).expect_code(0);
            let listed: Vec<&str> = outcome.log.lines().filter_map(|line| line.split_once(" selftest ")).map(|(_, name)| name).collect();
            let mut known = vec![$(stringify!($name)),*];
            known.push("hang_until_somebody_notices");
            let unknown: Vec<&&str> = listed.iter().filter(|name| !known.contains(name)).collect();
            let gone: Vec<&&str> = known.iter().filter(|name| !listed.contains(name)).collect();
            assert!(unknown.is_empty() && gone.is_empty(), "not run: {unknown:?}; not in the kernel: {gone:?}");
        }
    };
}

cases! {
    kernel_stack_overflow_hits_the_guard_page
}
