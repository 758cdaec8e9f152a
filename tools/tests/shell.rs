//! The shell on a terminal, as a person uses it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::terminal::Terminal;
use common::tool;
use rustix::termios::LocalModes;

const PROMPT: &str = "tessera:/# ";

/// Boots to the shell on a terminal and waits for its prompt.
fn shell() -> Terminal {
    let mut command = tool();
    command.args(["--smp", "8", "--log", "/dev/null"]);
    let terminal = Terminal::start(command);
    terminal.wait_for(PROMPT);
    terminal
}

fn leave(mut terminal: Terminal) {
    // The second in case the first is answered by a reminder of stopped jobs.
    terminal.type_keys("exit 0\rexit 0\r");
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.settings().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO), "still raw");
}

#[test]
fn pipelines_redirections_and_exit_codes_work() {
    let mut terminal = shell();
    assert_eq!(terminal.enter("seq 1 100 | grep 7 | wc -l", PROMPT).trim(), "19");
    terminal.enter("echo kept >file; echo more >>file", PROMPT);
    assert_eq!(terminal.enter("wc -l <file", PROMPT).trim(), "2");
    terminal.enter("sh -c 'exit 5'", PROMPT);
    assert_eq!(terminal.enter("echo code $?", PROMPT).trim(), "code 5");
    assert_eq!(terminal.enter("nproc", PROMPT).trim(), "8");
    leave(terminal);
}

/// The settings are those of standard input, which is the terminal only for the first of a pipeline.
#[test]
fn settings_of_the_terminal_are_shown_in_front_of_a_pipe_and_not_behind_one() {
    let mut terminal = shell();
    assert!(terminal.enter("stty -a | head -n 1", PROMPT).contains("rows 24; columns 80"));
    assert!(terminal.enter("true | stty -a", PROMPT).contains("Inappropriate ioctl for device"));
    leave(terminal);
}

#[test]
fn the_shells_exit_code_is_the_commands() {
    let mut terminal = shell();
    terminal.type_keys("exit 7\r");
    assert_eq!(terminal.wait(), 7);
}

#[test]
fn control_c_interrupts_the_foreground_and_not_the_shell() {
    let mut terminal = shell();
    // Pressed again as long as nothing happens: between two programs the terminal is the shell's for a moment.
    terminal.type_keys("echo wait; sleep 1000\r");
    terminal.wait_for("wait\r\n");
    terminal.type_keys_until("\x03", PROMPT);
    terminal.type_keys("echo code $?\r");
    terminal.wait_for("code 130\r\n");
    terminal.type_keys("echo run; while :; do :; done\r");
    terminal.wait_for("run\r\n");
    terminal.type_keys_until("\x03", PROMPT);
    terminal.type_keys("echo code $?\r");
    terminal.wait_for("code 130\r\n");
    leave(terminal);
}

#[test]
fn jobs_stop_go_on_in_the_background_and_come_back() {
    let mut terminal = shell();
    terminal.type_keys("echo one; sleep 1000\r");
    terminal.wait_for("one\r\n");
    terminal.type_keys_until("\x1a", "Stopped");
    terminal.settle(PROMPT);
    assert!(terminal.enter("jobs", PROMPT).contains("Stopped"));
    terminal.enter("bg", PROMPT);
    let jobs = terminal.enter("jobs", PROMPT);
    assert!(!jobs.contains("Stopped") && jobs.contains("sleep 1000"), "{jobs}");
    terminal.type_keys("fg\r");
    terminal.wait_for("sleep 1000\r\n");
    // The shell says so before it hands the terminal over, and until then the key is for the shell.
    terminal.type_keys_until("\x03", PROMPT);
    terminal.settle(PROMPT);
    terminal.enter("sleep 1000 &", PROMPT);
    terminal.enter("kill %1; wait", PROMPT);
    // Told once more that it was terminated, then gone.
    terminal.enter("jobs", PROMPT);
    assert_eq!(terminal.enter("jobs", PROMPT).trim(), "");
    leave(terminal);
}

#[test]
fn a_background_job_that_reads_the_terminal_stops() {
    let mut terminal = shell();
    terminal.enter("cat &", PROMPT);
    terminal.enter("sleep 1", PROMPT);
    assert!(terminal.enter("jobs", PROMPT).contains("Stopped"));
    terminal.enter("kill -9 %1; wait", PROMPT);
    leave(terminal);
}

#[test]
fn lines_are_edited_and_end_of_file_is_control_d() {
    let mut terminal = shell();
    // Only once the shell has said so does it not edit the line itself any more.
    terminal.type_keys("echo now; cat\r");
    terminal.wait_for("now\r\n");
    terminal.type_keys("abx\x7fc\r");
    terminal.wait_for("abc\r\n");
    terminal.type_keys("gone\x15kept\r");
    terminal.wait_for("kept\r\n");
    terminal.type_keys("\x04");
    terminal.wait_for(PROMPT);
    assert_eq!(terminal.enter("echo code $?", PROMPT).trim(), "code 0");
    leave(terminal);
}

#[test]
fn the_windows_size_is_the_terminals_and_follows_it() {
    let mut terminal = shell();
    assert_eq!(terminal.enter("stty size", PROMPT).trim(), "24 80");
    terminal.type_keys("sh -c 'trap \"echo resized; exit\" WINCH; echo now; while :; do sleep 0.1; done'\r");
    terminal.wait_for("now\r\n");
    terminal.resize(50, 132);
    terminal.wait_for("resized\r\n");
    terminal.wait_for(PROMPT);
    assert!(terminal.enter("stty size", PROMPT).contains("50 132"));
    leave(terminal);
}

#[test]
fn vi_opens_edits_and_saves() {
    let mut terminal = shell();
    terminal.enter("printf 'first\\nsecond\\n' >text", PROMPT);
    terminal.type_keys("vi text\r");
    terminal.wait_for("second");
    terminal.wait_for("text");
    // A person pauses after Escape; what follows it at once is taken for a key that sends a sequence.
    terminal.type_keys("jcwchanged\x1b");
    terminal.wait_for("- text [Modified]");
    terminal.type_keys("othird\x1b");
    terminal.wait_for("- text [Modified]");
    terminal.type_keys(":wq\r");
    terminal.wait_for(PROMPT);
    let shown = terminal.enter("cat text; echo end", "end\r\n");
    assert!(shown.ends_with("first\r\nchanged\r\nthird\r\n"), "{shown:?}");
    leave(terminal);
}

#[test]
fn control_a_x_leaves_and_gives_the_terminal_back() {
    let mut terminal = shell();
    assert!(!terminal.settings().local_modes.contains(LocalModes::ICANON), "not raw");
    terminal.type_keys("\x01x");
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.settings().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO), "still raw");
}

#[test]
fn a_killed_tool_gives_the_terminal_back() {
    let mut terminal = shell();
    terminal.signal(rustix::process::Signal::TERM);
    assert_eq!(terminal.wait(), 128 + 15);
    assert!(terminal.settings().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO), "still raw");
}

#[test]
fn exec_on_a_terminal_gives_the_program_the_terminal() {
    let mut command = tool();
    command.args(["exec", "--smp", "2", "--log", "/dev/null", "/bin/busybox", "sh", "-c"]);
    command.arg("tty; stty size; read -r line; echo \"<$line>\"; exit 3");
    let mut terminal = Terminal::start(command);
    terminal.wait_for("/dev/");
    terminal.wait_for("24 80\r\n");
    terminal.type_keys("typed\r");
    terminal.wait_for("<typed>");
    assert_eq!(terminal.wait(), 3);
}
