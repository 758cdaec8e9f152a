//! Test cases that run inside the kernel: `selftest=NAME` on the command line runs one. Those of the
//! lowest floor run on the boot processor before there are threads, with all other processors halted;
//! the rest run in a thread at the end of boot. The verdict goes to the host as an exit frame on the host
//! link, 0 for success; then the machine is switched off. `selftest=list` logs the names.
//!
//! A case that must end in a panic says what the panic's message contains; any other end fails it.

mod descriptors;
mod files;
mod fpu;
mod hang;
mod inheritance;
mod ipi;
mod memory;
mod memory_costs;
mod observe;
mod pipes;
mod sched;
mod sched_costs;
mod shootdown;
mod stack;
mod tables;
mod timer;
mod user_mode;
mod user_space;
mod usercopy;

use core::fmt::Write;
use core::sync::atomic::{AtomicPtr, Ordering};

use abi::host_link::{Channel, encode_header};
use arch::cpu::{self, CpuId};
use arch::{Hooks, VirtAddr, debug};

/// What a case returns: why it failed.
type Verdict = Result<(), &'static str>;

/// How a case must end.
enum Expected {
    /// By returning `Ok`.
    Return,
    /// By a panic whose message contains this.
    Panic(&'static str),
}

/// When a case runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before there are threads: the machine is the case's own.
    Bare,
    /// In a thread.
    Thread,
}

struct Case {
    name: &'static str,
    run: fn() -> Verdict,
    expected: Expected,
    stage: Stage,
}

const fn returns(name: &'static str, run: fn() -> Verdict) -> Case {
    Case { name, run, expected: Expected::Return, stage: Stage::Thread }
}

const fn bare_returns(name: &'static str, run: fn() -> Verdict) -> Case {
    Case { name, run, expected: Expected::Return, stage: Stage::Bare }
}

const fn bare_panics(name: &'static str, run: fn() -> Verdict, message: &'static str) -> Case {
    Case { name, run, expected: Expected::Panic(message), stage: Stage::Bare }
}

/// All cases. A name says what must hold.
static CASES: &[Case] = &[
    bare_panics("kernel_stack_overflow_hits_the_guard_page", stack::overflow, "kernel stack overflow"),
    bare_panics("boot_stack_overflow_hits_the_guard_page", stack::overflow_boot_stack, "kernel stack overflow"),
    bare_panics("double_fault_has_its_own_stack", stack::double_fault, "double fault"),
    bare_panics("stray_user_access_is_a_kernel_bug", usercopy::stray_access, "page fault"),
    bare_panics("text_is_not_writable", descriptors::write_text, "page fault"),
    bare_panics("data_is_not_executable", descriptors::execute_data, "page fault"),
    bare_panics("text_is_not_writable_through_the_direct_map", descriptors::write_text_alias, "page fault"),
    bare_returns("ipi_reaches_every_processor_and_comes_back", ipi::round_trip),
    bare_returns("hanging_processors_are_stopped_for_a_panic", ipi::hanging_processors_are_stopped),
    bare_returns("timer_fires_on_time_and_never_early", timer::accuracy),
    bare_returns("timer_rate_measured_agrees_with_the_one_told", timer::measured_rate),
    bare_returns("clocks_of_all_processors_agree", timer::clocks_agree),
    bare_returns("fpu_state_survives_switches", fpu::switches),
    bare_returns("fpu_state_round_trips_through_a_signal_frame", fpu::signal_frame),
    bare_returns("forged_signal_frames_are_refused", fpu::forged_frames),
    bare_returns("user_copies_count_exactly_what_was_not_copied", usercopy::partial),
    bare_returns("user_copies_refuse_kernel_addresses", usercopy::kernel_addresses),
    bare_returns("system_calls_keep_all_registers", user_mode::registers),
    bare_returns("system_call_costs_few_instructions", user_mode::cost),
    bare_returns("user_exceptions_come_back_with_their_cause", user_mode::exceptions),
    bare_returns("user_mode_is_left_for_attention", user_mode::attention),
    bare_returns("wild_user_registers_cannot_harm", user_mode::wild_registers),
    bare_returns("segment_bases_belong_to_their_thread", user_mode::segments),
    returns("frames_are_zeroed_counted_and_returned", memory::frames_are_zeroed_counted_and_returned),
    returns("heap_blocks_are_aligned_and_distinct", memory::heap_blocks_are_aligned_and_distinct),
    returns("stacks_lie_above_holes_and_are_returned", memory::stacks_lie_above_holes_and_are_returned),
    returns("untouched_pages_read_as_zero", memory::untouched_pages_read_as_zero),
    returns("forked_spaces_do_not_see_each_others_writes", memory::forked_spaces_do_not_see_each_others_writes),
    returns("shared_mappings_are_seen_by_the_child", memory::shared_mappings_are_seen_by_the_child),
    returns("protection_is_obeyed_by_user_copies", memory::protection_is_obeyed_by_user_copies),
    returns("moved_pages_keep_their_bytes", memory::moved_pages_keep_their_bytes),
    returns("stacks_of_users_grow_to_their_limit", memory::stacks_of_users_grow_to_their_limit),
    returns("the_break_moves_both_ways", memory::the_break_moves_both_ways),
    returns("wild_requests_are_refused", memory::wild_requests_are_refused),
    returns("every_failed_allocation_is_survived", memory::every_failed_allocation_is_survived),
    returns("memory_runs_out_without_a_panic", memory::memory_runs_out_without_a_panic),
    returns("memory_costs_few_instructions", memory_costs::costs),
    returns("unmapped_pages_are_gone_on_every_processor", shootdown::unmapped_pages_are_gone_on_every_processor),
    returns("copied_pages_are_seen_on_every_processor", shootdown::copied_pages_are_seen_on_every_processor),
    returns("flushes_disturb_only_who_runs_the_space", shootdown::flushes_disturb_only_who_runs_the_space),
    returns("processors_that_shoot_at_each_other_go_on", shootdown::processors_that_shoot_at_each_other_go_on),
    returns("faults_at_one_page_agree", shootdown::faults_at_one_page_agree),
    returns("blocks_freed_elsewhere_come_back", shootdown::blocks_freed_elsewhere_come_back),
    returns("spaces_churn_on_all_processors", shootdown::spaces_churn_on_all_processors),
    returns("archives_are_unpacked", files::archives_are_unpacked),
    returns("files_keep_their_bytes", files::files_keep_their_bytes),
    returns("mappings_and_files_are_one", files::mappings_and_files_are_one),
    returns("renames_follow_the_rules", files::renames_follow_the_rules),
    returns("directories_list_every_entry", files::directories_list_every_entry),
    returns("deep_trees_are_given_back", files::deep_trees_are_given_back),
    returns("pipes_carry_bytes", pipes::pipes_carry_bytes),
    returns("epoll_tells_what_is_ready", pipes::epoll_tells_what_is_ready),
    returns("event_counters_count", pipes::event_counters_count),
    returns("a_byte_through_a_pipe_costs_little", pipes::a_byte_through_a_pipe_costs_little),
    returns("checks_of_a_look_up_cost_little", tables::checks_of_a_look_up_cost_little),
    returns("look_ups_meet_closes_on_all_processors", tables::look_ups_meet_closes_on_all_processors),
    returns("threads_wake_each_other", sched::ping_pong_ends),
    returns("busy_threads_use_all_processors", sched::all_processors_are_used),
    returns("as_many_threads_as_processors_spread", sched::busy_threads_spread),
    returns("affinity_holds_when_the_call_returns", sched::affinity_moves),
    returns("timers_fire_in_order_and_never_early", sched::timers_fire_in_order),
    returns("sleeps_end_on_time", sched::sleeps_end_on_time),
    returns("no_wake_up_is_lost", sched::no_wake_up_is_lost),
    returns("sleeping_mutexes_exclude", sched::mutexes_exclude),
    returns("mutexes_lend_urgency_to_their_owners", inheritance::mutexes_lend_urgency),
    returns("threads_leave_nothing_behind", sched::threads_leave_nothing),
    returns("cpu_time_goes_to_who_runs", sched::time_is_accounted),
    returns("operations_cost_little", sched_costs::costs),
    returns("an_event_costs_few_instructions", observe::costs),
    returns("long_regions_are_found", observe::regions),
    returns("waits_for_locks_are_counted", observe::locks),
    returns("hang_until_somebody_notices", hang::hang),
];

/// The case that runs.
static RUNNING: AtomicPtr<Case> = AtomicPtr::new(core::ptr::null_mut());

/// The hooks for a case that has the machine for itself, if the command line asks for one.
pub fn bare_hooks(command_line: &str) -> Option<Hooks> {
    requested(command_line).filter(|case| case.stage == Stage::Bare)?;
    Some(Hooks {
        timer: timer::fired,
        reschedule: ipi::count_reschedule,
        shootdown: || {},
        device: |_| {},
        kernel_fault: |_| false,
        preempt: || {},
        preempt_later: || {},
        nmi: crate::panic::non_maskable_interrupt,
    })
}

/// Runs the case that the command line asks for, if it is one without threads. `list` is answered too.
pub fn run_bare(command_line: &str, new_stack: fn(CpuId) -> VirtAddr) {
    let Some(name) = requested_name(command_line) else { return };
    if name == "list" {
        CASES.iter().for_each(|case| log::info!("selftest {}", case.name));
        finish(0);
    }
    let Some(case) = requested(command_line) else {
        log::error!("selftest {name}: no such case");
        finish(2);
    };
    if case.stage == Stage::Bare {
        cpu::start_all(wait_for_interrupts, new_stack);
        run(case);
    }
}

/// Runs the case that the command line asks for, if it is one for a thread.
pub fn run_in_thread(command_line: &str) {
    if let Some(case) = requested(command_line) {
        run(case);
    }
}

/// Whether the machine counts instructions, one a nanosecond: only then do costs and shares of time mean anything, for
/// the host's other work takes no part in them.
fn is_exact() -> bool {
    arch::clock::tsc_hz().abs_diff(1_000_000_000) < 1_000_000
}

fn wait_for_interrupts(_cpu: CpuId) -> ! {
    loop {
        cpu::halt_until_interrupt();
    }
}

fn requested_name(command_line: &str) -> Option<&str> {
    command_line.split_ascii_whitespace().find_map(|word| word.strip_prefix("selftest="))
}

fn requested(command_line: &str) -> Option<&'static Case> {
    let name = requested_name(command_line)?;
    CASES.iter().find(|case| case.name == name)
}

fn run(case: &'static Case) -> ! {
    RUNNING.store((&raw const *case).cast_mut(), Ordering::Relaxed);
    let name = case.name;
    match ((case.run)(), &case.expected) {
        (Ok(()), Expected::Return) => {
            log::info!("selftest {name}: ok");
            finish(0)
        }
        (Ok(()), Expected::Panic(_)) => log::error!("selftest {name}: should have panicked"),
        (Err(reason), _) => log::error!("selftest {name}: FAILED: {reason}"),
    }
    finish(1)
}

/// To be called by the panic handler after its report: ends the machine where the panic is what the case
/// wants.
pub fn panicked(message: &core::panic::PanicMessage<'_>) {
    let case = RUNNING.load(Ordering::Relaxed);
    if case.is_null() {
        return;
    }
    // SAFETY: only addresses of `CASES` are stored there.
    let case = unsafe { &*case };
    let Expected::Panic(wanted) = case.expected else { return };
    let mut text = Text { bytes: [0; 512], len: 0 };
    let _ = write!(text, "{message}");
    let is_wanted = core::str::from_utf8(&text.bytes[..text.len]).is_ok_and(|text| text.contains(wanted));
    if is_wanted {
        log::info!("selftest {}: ok, panicked as it must", case.name);
        finish(0);
    }
}

/// A message, as far as it fits.
struct Text {
    bytes: [u8; 512],
    len: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let space = self.bytes.len() - self.len;
        // Cut at a character's end, so that the whole stays text.
        let len = (0..=text.len().min(space)).rev().find(|len| text.is_char_boundary(*len)).unwrap_or(0);
        self.bytes[self.len..][..len].copy_from_slice(&text.as_bytes()[..len]);
        self.len += len;
        Ok(())
    }
}

fn finish(code: u8) -> ! {
    debug::HOST_LINK.write(&encode_header(Channel::Exit, 1));
    debug::HOST_LINK.write(&[code]);
    debug::drain_serial();
    arch::power::power_off()
}

/// Fails a case with a reason unless the condition holds.
fn check(condition: bool, reason: &'static str) -> Verdict {
    if condition { Ok(()) } else { Err(reason) }
}
