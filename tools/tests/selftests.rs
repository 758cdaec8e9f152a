//! The tests that run inside the kernel, each in a boot of its own and by its own name.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::scratch::Scratch;
use common::{Outcome, run, tool};

/// What the machine's clock follows.
#[derive(Clone, Copy)]
enum Clock {
    /// The host's time: what other programs do on the host can be noticed.
    Host,
    /// The instructions executed: each run is like the other, but one processor runs at a time.
    Instructions,
}

fn boot(name: &str, processors: u32, clock: Clock) -> Outcome {
    boot_with(name, processors, clock, "")
}

/// With more words for the kernel's command line.
fn boot_with(name: &str, processors: u32, clock: Clock, words: &str) -> Outcome {
    let scratch = Scratch::new("selftest");
    let log = scratch.path("log");
    let mut command = tool();
    command.args(["selftest", "--smp", &processors.to_string(), "--timeout", "600", "--log"]).arg(&log);
    if let Clock::Instructions = clock {
        command.arg("--icount");
    }
    command.args(["--append", words, name]);
    let mut outcome = run(command, b"");
    outcome.log = std::fs::read_to_string(&log).unwrap_or_default();
    outcome
}

macro_rules! cases {
    ($($name:ident)*; counted: $($counted:ident)*; traced: $($traced:ident)*) => {
        $(
            #[test]
            fn $name() {
                for processors in [1, 8] {
                    boot(stringify!($name), processors, Clock::Host).expect_code(0);
                }
            }
        )*

        $(
            #[test]
            fn $counted() {
                for processors in [1, 8] {
                    boot(stringify!($counted), processors, Clock::Instructions).expect_code(0);
                }
                // Without counting there is nothing to judge, but all processors run at once.
                boot(stringify!($counted), 8, Clock::Host).expect_code(0);
            }
        )*

        $(
            #[test]
            fn $traced() {
                for processors in [1, 8] {
                    boot_with(stringify!($traced), processors, Clock::Instructions, "trace=ready").expect_code(0);
                }
                boot_with(stringify!($traced), 8, Clock::Host, "trace=ready").expect_code(0);
            }
        )*

        /// A case that is added to the kernel must be added here.
        #[test]
        fn every_case_of_the_kernel_is_run() {
            let outcome = boot("list", 1, Clock::Host).expect_code(0);
            let listed: Vec<&str> = outcome.log.lines().filter_map(|line| line.split_once(" selftest ")).map(|(_, name)| name).collect();
            let mut known = vec![$(stringify!($name),)* $(stringify!($counted),)* $(stringify!($traced)),*];
            // Ends only when the host notices: see the tests of the host.
            known.push("hang_until_somebody_notices");
            let unknown: Vec<&&str> = listed.iter().filter(|name| !known.contains(name)).collect();
            let gone: Vec<&&str> = known.iter().filter(|name| !listed.contains(name)).collect();
            assert!(unknown.is_empty() && gone.is_empty(), "not run: {unknown:?}; not in the kernel: {gone:?}");
        }
    };
}

cases! {
    kernel_stack_overflow_hits_the_guard_page
    boot_stack_overflow_hits_the_guard_page
    double_fault_has_its_own_stack
    stray_user_access_is_a_kernel_bug
    text_is_not_writable
    data_is_not_executable
    text_is_not_writable_through_the_direct_map
    ipi_reaches_every_processor_and_comes_back
    hanging_processors_are_stopped_for_a_panic
    timer_fires_on_time_and_never_early
    timer_rate_measured_agrees_with_the_one_told
    clocks_of_all_processors_agree
    fpu_state_survives_switches
    fpu_state_round_trips_through_a_signal_frame
    forged_signal_frames_are_refused
    user_copies_count_exactly_what_was_not_copied
    user_copies_refuse_kernel_addresses
    system_calls_keep_all_registers
    user_exceptions_come_back_with_their_cause
    user_mode_is_left_for_attention
    wild_user_registers_cannot_harm
    segment_bases_belong_to_their_thread
    frames_are_zeroed_counted_and_returned
    heap_blocks_are_aligned_and_distinct
    stacks_lie_above_holes_and_are_returned
    untouched_pages_read_as_zero
    forked_spaces_do_not_see_each_others_writes
    shared_mappings_are_seen_by_the_child
    protection_is_obeyed_by_user_copies
    moved_pages_keep_their_bytes
    stacks_of_users_grow_to_their_limit
    the_break_moves_both_ways
    wild_requests_are_refused
    every_failed_allocation_is_survived
    memory_runs_out_without_a_panic
    unmapped_pages_are_gone_on_every_processor
    copied_pages_are_seen_on_every_processor
    flushes_disturb_only_who_runs_the_space
    processors_that_shoot_at_each_other_go_on
    faults_at_one_page_agree
    blocks_freed_elsewhere_come_back
    spaces_churn_on_all_processors
    archives_are_unpacked
    files_keep_their_bytes
    mappings_and_files_are_one
    renames_follow_the_rules
    directories_list_every_entry
    deep_trees_are_given_back
    pipes_carry_bytes
    epoll_tells_what_is_ready
    event_counters_count
    look_ups_meet_closes_on_all_processors
    threads_wake_each_other
    busy_threads_use_all_processors
    as_many_threads_as_processors_spread
    affinity_holds_when_the_call_returns
    timers_fire_in_order_and_never_early
    sleeps_end_on_time
    no_wake_up_is_lost
    sleeping_mutexes_exclude
    mutexes_lend_urgency_to_their_owners
    threads_leave_nothing_behind;

    counted:
    system_call_costs_few_instructions
    memory_costs_few_instructions
    a_byte_through_a_pipe_costs_little
    checks_of_a_look_up_cost_little
    cpu_time_goes_to_who_runs
    operations_cost_little;

    traced:
    an_event_costs_few_instructions
    long_regions_are_found
    waits_for_locks_are_counted
}
