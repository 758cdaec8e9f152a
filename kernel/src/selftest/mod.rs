//! Test cases that run inside the kernel: `selftest=NAME` on the command line runs one, on the boot
//! processor, after all processors have started. The verdict goes to the host as an exit frame on the host
//! link, 0 for success; then the machine is switched off. `selftest=list` logs the names.
//!
//! A case that must end in a panic says what the panic's message contains; any other end fails it.

mod descriptors;
mod files;
mod fpu;
mod ipi;
mod memory;
mod memory_costs;
mod pipes;
mod sched;
mod stack;
mod timer;
mod user_mode;
mod user_space;
mod usercopy;

use core::fmt::Write;
use core::sync::atomic::{AtomicPtr, Ordering};

use abi::host_link::{Channel, encode_header};
use arch::debug;

pub use ipi::count_reschedule;
pub use timer::fired as note_timer;

/// What a case returns: why it failed.
type Verdict = Result<(), &'static str>;

/// How a case must end.
enum Expected {
    /// By returning `Ok`.
    Return,
    /// By a panic whose message contains this.
    Panic(&'static str),
}

struct Case {
    name: &'static str,
    run: fn() -> Verdict,
    expected: Expected,
}

const fn returns(name: &'static str, run: fn() -> Verdict) -> Case {
    Case { name, run, expected: Expected::Return }
}

const fn panics(name: &'static str, run: fn() -> Verdict, message: &'static str) -> Case {
    Case { name, run, expected: Expected::Panic(message) }
}

/// All cases. A name says what must hold.
static CASES: &[Case] = &[
    panics("kernel_stack_overflow_hits_the_guard_page", stack::overflow, "kernel stack overflow"),
    panics("boot_stack_overflow_hits_the_guard_page", stack::overflow_boot_stack, "kernel stack overflow"),
    panics("double_fault_has_its_own_stack", stack::double_fault, "double fault"),
    panics("stray_user_access_is_a_kernel_bug", usercopy::stray_access, "page fault"),
    panics("text_is_not_writable", descriptors::write_text, "page fault"),
    panics("data_is_not_executable", descriptors::execute_data, "page fault"),
    panics("text_is_not_writable_through_the_direct_map", descriptors::write_text_alias, "page fault"),
    returns("ipi_reaches_every_processor_and_comes_back", ipi::round_trip),
    returns("timer_fires_on_time_and_never_early", timer::accuracy),
    returns("timer_rate_measured_agrees_with_the_one_told", timer::measured_rate),
    returns("clocks_of_all_processors_agree", timer::clocks_agree),
    returns("fpu_state_survives_switches", fpu::switches),
    returns("fpu_state_round_trips_through_a_signal_frame", fpu::signal_frame),
    returns("forged_signal_frames_are_refused", fpu::forged_frames),
    returns("user_copies_count_exactly_what_was_not_copied", usercopy::partial),
    returns("user_copies_refuse_kernel_addresses", usercopy::kernel_addresses),
    returns("system_calls_keep_all_registers", user_mode::registers),
    returns("system_call_costs_few_instructions", user_mode::cost),
    returns("user_exceptions_come_back_with_their_cause", user_mode::exceptions),
    returns("user_mode_is_left_for_attention", user_mode::attention),
    returns("wild_user_registers_cannot_harm", user_mode::wild_registers),
    returns("segment_bases_belong_to_their_thread", user_mode::segments),
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
    returns("archives_are_unpacked", files::archives_are_unpacked),
    returns("files_keep_their_bytes", files::files_keep_their_bytes),
    returns("mappings_and_files_are_one", files::mappings_and_files_are_one),
    returns("renames_follow_the_rules", files::renames_follow_the_rules),
    returns("directories_list_every_entry", files::directories_list_every_entry),
    returns("pipes_carry_bytes", pipes::pipes_carry_bytes),
    returns("epoll_tells_what_is_ready", pipes::epoll_tells_what_is_ready),
    returns("event_counters_count", pipes::event_counters_count),
    returns("a_byte_through_a_pipe_costs_little", pipes::a_byte_through_a_pipe_costs_little),
    returns("threads_wake_each_other", sched::ping_pong_ends),
    returns("busy_threads_use_all_processors", sched::all_processors_are_used),
    returns("as_many_threads_as_processors_spread", sched::busy_threads_spread),
    returns("affinity_holds_when_the_call_returns", sched::affinity_moves),
    returns("timers_fire_in_order_and_never_early", sched::timers_fire_in_order),
    returns("sleeps_end_on_time", sched::sleeps_end_on_time),
    returns("no_wake_up_is_lost", sched::no_wake_up_is_lost),
    returns("sleeping_mutexes_exclude", sched::mutexes_exclude),
    returns("threads_leave_nothing_behind", sched::threads_leave_nothing),
    returns("cpu_time_goes_to_who_runs", sched::time_is_accounted),
];

/// The case that runs.
static RUNNING: AtomicPtr<Case> = AtomicPtr::new(core::ptr::null_mut());

/// Runs the case that the command line asks for, if it asks for one.
pub fn run_requested(command_line: &str) {
    let Some(name) = command_line.split_ascii_whitespace().find_map(|word| word.strip_prefix("selftest=")) else {
        return;
    };
    if name == "list" {
        CASES.iter().for_each(|case| log::info!("selftest {}", case.name));
        finish(0);
    }
    let Some(case) = CASES.iter().find(|case| case.name == name) else {
        log::error!("selftest {name}: no such case");
        finish(2);
    };
    RUNNING.store((&raw const *case).cast_mut(), Ordering::Relaxed);
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
