use super::*;

fn terminal() -> LineDiscipline {
    LineDiscipline::new(Settings::new()).unwrap()
}

fn terminal_with(change: impl FnOnce(&mut Settings)) -> LineDiscipline {
    let mut settings = Settings::new();
    change(&mut settings);
    LineDiscipline::new(settings).unwrap()
}

fn raw(minimum: u8, time: u8) -> LineDiscipline {
    terminal_with(|settings| {
        settings.local = Local::empty();
        settings.input = Input::empty();
        settings.output = Output::empty();
        settings.characters[Character::Minimum as usize] = minimum;
        settings.characters[Character::Time as usize] = time;
    })
}

fn type_bytes(terminal: &mut LineDiscipline, bytes: &[u8]) -> Vec<KeySignal> {
    bytes.iter().filter_map(|&byte| terminal.receive(byte)).collect()
}

fn echo(terminal: &mut LineDiscipline) -> Vec<u8> {
    let mut bytes = [0; 4096];
    let count = terminal.take_echo(&mut bytes);
    bytes[..count].to_vec()
}

fn read(terminal: &mut LineDiscipline, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let taken = terminal.take(&mut bytes);
    bytes.truncate(taken.count);
    bytes
}

#[test]
fn line_is_delivered_only_when_complete() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"ls");
    assert!(!terminal.has_input());
    assert_eq!(terminal.input_len(), 0);
    type_bytes(&mut terminal, b"\r");
    assert!(terminal.has_input());
    assert_eq!(terminal.input_len(), 3);
    assert_eq!(read(&mut terminal, 100), b"ls\n");
    assert_eq!(echo(&mut terminal), b"ls\r\n");
}

#[test]
fn reads_stop_at_line_ends_and_continue_a_long_line() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"one\ntwo\n");
    assert_eq!(read(&mut terminal, 2), b"on");
    assert_eq!(read(&mut terminal, 100), b"e\n");
    assert_eq!(read(&mut terminal, 100), b"two\n");
    assert!(!terminal.has_input());
}

#[test]
fn end_of_file_on_an_empty_line_reads_zero_bytes() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"\x04");
    assert!(terminal.has_input());
    assert_eq!(terminal.input_len(), 0);
    let mut bytes = [0; 8];
    assert_eq!(terminal.take(&mut bytes), Taken { count: 0, has_ended: true });
    assert_eq!(terminal.take(&mut bytes), Taken { count: 0, has_ended: false });
    assert!(echo(&mut terminal).is_empty());
}

#[test]
fn end_of_file_within_a_line_delivers_it_without_another_end() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"abc\x04");
    assert_eq!(read(&mut terminal, 3), b"abc");
    assert!(!terminal.has_input());
}

#[test]
fn erase_removes_a_character_from_line_and_screen() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"ab\x7f\n");
    assert_eq!(read(&mut terminal, 9), b"a\n");
    assert_eq!(echo(&mut terminal), b"ab\x08 \x08\r\n");
}

#[test]
fn erase_never_reaches_into_a_finished_line() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"a\n\x7f\x7f\x15\x17b\n");
    assert_eq!(read(&mut terminal, 9), b"a\n");
    assert_eq!(read(&mut terminal, 9), b"b\n");
}

#[test]
fn erase_takes_a_whole_utf8_character() {
    let mut terminal = terminal_with(|settings| settings.input |= Input::IUTF8);
    type_bytes(&mut terminal, "aé\x7f\n".as_bytes());
    assert_eq!(read(&mut terminal, 9), b"a\n");
    assert!(echo(&mut terminal).ends_with(b"\x08 \x08\r\n"));
}

#[test]
fn erase_of_a_control_character_takes_two_columns() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"\x16\x03\x7f");
    assert_eq!(echo(&mut terminal), b"^\x08^C\x08 \x08\x08 \x08");
}

#[test]
fn erase_of_a_tab_moves_back_to_where_it_stood() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"ab\t\x7f");
    assert_eq!(echo(&mut terminal), b"ab\t\x08\x08\x08\x08\x08\x08");
}

#[test]
fn erase_of_a_tab_counts_from_the_prompt() {
    let mut terminal = terminal();
    let mut out = [0; 64];
    terminal.process_output(b"$ ", &mut out);
    type_bytes(&mut terminal, b"ab\t\x7f");
    assert_eq!(echo(&mut terminal), b"ab\t\x08\x08\x08\x08");
}

#[test]
fn word_erase_takes_the_word_and_the_spaces_behind_it() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"cat one_2  \x17\n");
    assert_eq!(read(&mut terminal, 20), b"cat \n");
}

#[test]
fn kill_clears_the_line() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"abc\x15d\n");
    assert_eq!(read(&mut terminal, 20), b"d\n");
    assert_eq!(echo(&mut terminal), b"abc\x08 \x08\x08 \x08\x08 \x08d\r\n");
}

#[test]
fn kill_without_wiping_shows_itself_and_a_new_line() {
    let mut terminal = terminal_with(|settings| settings.local -= Local::ECHOKE);
    type_bytes(&mut terminal, b"ab\x15");
    assert_eq!(echo(&mut terminal), b"ab^U\r\n");
}

#[test]
fn erase_without_wiping_shows_itself() {
    let mut terminal = terminal_with(|settings| settings.local -= Local::ECHOE);
    type_bytes(&mut terminal, b"a\x7f");
    assert_eq!(echo(&mut terminal), b"a^?");
}

#[test]
fn printing_erase_shows_erased_characters_between_slashes() {
    let mut terminal = terminal_with(|settings| settings.local |= Local::ECHOPRT);
    type_bytes(&mut terminal, b"abc\x7f\x7fd\n");
    assert_eq!(echo(&mut terminal), b"abc\\cb/d\r\n");
    assert_eq!(read(&mut terminal, 9), b"ad\n");
}

#[test]
fn literal_next_takes_any_byte() {
    let mut terminal = terminal();
    assert!(type_bytes(&mut terminal, b"\x16\x03\x16\x04\n").is_empty());
    assert_eq!(read(&mut terminal, 9), b"\x03\x04\n");
}

#[test]
fn reprint_shows_the_line_again() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"ab\x12");
    assert_eq!(echo(&mut terminal), b"ab^R\r\nab");
}

#[test]
fn keys_send_signals_and_flush_the_input() {
    let mut terminal = terminal();
    assert_eq!(type_bytes(&mut terminal, b"junk\n\x03"), [KeySignal::Interrupt]);
    assert!(!terminal.has_input());
    assert_eq!(echo(&mut terminal), b"^C");
    assert_eq!(type_bytes(&mut terminal, b"\x1a\x1c"), [KeySignal::Suspend, KeySignal::Quit]);
}

#[test]
fn noflsh_keeps_the_input() {
    let mut terminal = terminal_with(|settings| settings.local |= Local::NOFLSH);
    type_bytes(&mut terminal, b"kept\n\x03");
    assert_eq!(read(&mut terminal, 9), b"kept\n");
}

#[test]
fn without_isig_the_keys_are_input() {
    let mut terminal = terminal_with(|settings| settings.local -= Local::ISIG);
    assert!(type_bytes(&mut terminal, b"\x03\n").is_empty());
    assert_eq!(read(&mut terminal, 9), b"\x03\n");
}

#[test]
fn a_character_set_to_zero_is_off() {
    let mut terminal = terminal_with(|settings| settings.characters[Character::Interrupt as usize] = 0);
    assert!(type_bytes(&mut terminal, b"\x00\x03\n").is_empty());
    assert_eq!(read(&mut terminal, 9), b"\x00\x03\n");
}

#[test]
fn stop_and_start_hold_the_output() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"\x13");
    assert!(terminal.is_stopped());
    type_bytes(&mut terminal, b"a");
    assert!(terminal.is_stopped());
    type_bytes(&mut terminal, b"\x11");
    assert!(!terminal.is_stopped());
    type_bytes(&mut terminal, b"\x13\x03");
    assert!(!terminal.is_stopped(), "an interrupt restarts the output");
}

#[test]
fn ixany_restarts_with_any_byte() {
    let mut terminal = terminal_with(|settings| settings.input |= Input::IXANY);
    type_bytes(&mut terminal, b"\x13a");
    assert!(!terminal.is_stopped());
}

#[test]
fn return_is_mapped_as_asked() {
    let mut ignoring = terminal_with(|settings| settings.input |= Input::IGNCR);
    type_bytes(&mut ignoring, b"a\r\n");
    assert_eq!(read(&mut ignoring, 9), b"a\n");
    let mut inverse = terminal_with(|settings| settings.input = Input::INLCR);
    type_bytes(&mut inverse, b"a\n");
    assert!(!inverse.has_input());
}

#[test]
fn further_line_ends_work() {
    let mut terminal = terminal_with(|settings| settings.characters[Character::EndOfLine as usize] = b';');
    type_bytes(&mut terminal, b"a;b");
    assert_eq!(read(&mut terminal, 9), b"a;");
    assert!(!terminal.has_input());
}

#[test]
fn raw_mode_passes_every_byte() {
    let mut terminal = raw(1, 0);
    let all: Vec<u8> = (0..=255).collect();
    assert!(type_bytes(&mut terminal, &all).is_empty());
    assert_eq!(read(&mut terminal, 300), all);
    assert!(echo(&mut terminal).is_empty());
}

#[test]
fn raw_mode_is_readable_from_its_minimum_on() {
    let mut terminal = raw(3, 0);
    type_bytes(&mut terminal, b"ab");
    assert!(!terminal.is_readable());
    type_bytes(&mut terminal, b"c");
    assert!(terminal.is_readable());
    let mut timed = raw(3, 5);
    type_bytes(&mut timed, b"a");
    assert!(timed.is_readable());
    assert_eq!(timed.raw_wait(), RawWait { minimum: 3, tenths: 5 });
}

#[test]
fn leaving_raw_mode_makes_typed_bytes_readable() {
    let mut terminal = raw(1, 0);
    type_bytes(&mut terminal, b"ab");
    terminal.set_settings(Settings::new());
    assert!(terminal.has_input());
    assert_eq!(read(&mut terminal, 9), b"ab");
}

#[test]
fn entering_raw_mode_makes_an_unfinished_line_readable() {
    let mut terminal = terminal();
    type_bytes(&mut terminal, b"ab");
    terminal.set_settings(raw(1, 0).settings().clone());
    assert_eq!(read(&mut terminal, 9), b"ab");
}

#[test]
fn a_full_line_still_takes_its_end() {
    let mut terminal = terminal();
    for _ in 0..3 * CAPACITY {
        assert!(terminal.room() > 0);
        terminal.receive(b'x');
    }
    terminal.receive(b'\n');
    let line = read(&mut terminal, 2 * CAPACITY);
    assert_eq!(line.len(), CAPACITY);
    assert!(line.ends_with(b"x\n"));
}

#[test]
fn complete_lines_are_not_overwritten() {
    let mut terminal = terminal();
    let mut fed = 0;
    while terminal.room() > 0 && fed < 3 * CAPACITY {
        terminal.receive(if fed % 10 == 9 { b'\n' } else { b'x' });
        fed += 1;
    }
    assert!(fed >= CAPACITY - 1 && fed <= CAPACITY);
    let mut seen = 0;
    while terminal.has_input() {
        seen += read(&mut terminal, 100).len();
    }
    assert_eq!(seen, fed / 10 * 10);
    assert!(terminal.room() > 0);
}

#[test]
fn output_maps_new_lines_and_passes_escapes() {
    let mut terminal = terminal();
    let mut out = [0; 64];
    let (taken, made) = terminal.process_output(b"a\n\x1b[1m\tb", &mut out);
    assert_eq!((taken, &out[..made]), (8, &b"a\r\n\x1b[1m\tb"[..]));
}

#[test]
fn output_writes_tabs_as_spaces_where_asked() {
    let mut terminal = terminal_with(|settings| settings.output |= Output::XTABS);
    let mut out = [0; 64];
    let (_, made) = terminal.process_output(b"ab\tc", &mut out);
    assert_eq!(&out[..made], b"ab      c");
}

#[test]
fn output_stops_where_its_room_ends_and_loses_nothing() {
    let mut terminal = terminal();
    let text = b"line\n".repeat(50);
    let mut sent = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let mut out = [0; 16];
        let (taken, made) = terminal.process_output(&text[at..], &mut out);
        assert!(taken > 0);
        sent.extend_from_slice(&out[..made]);
        at += taken;
    }
    assert_eq!(sent, b"line\r\n".repeat(50));
}

#[test]
fn breaks_interrupt_or_read_as_zero() {
    let mut interrupting = terminal_with(|settings| settings.input |= Input::BRKINT);
    assert_eq!(interrupting.receive_break(), Some(KeySignal::Interrupt));
    let mut ignoring = terminal_with(|settings| settings.input |= Input::IGNBRK);
    assert_eq!(ignoring.receive_break(), None);
    assert!(ignoring.queue.len() == 0);
    let mut plain = raw(1, 0);
    plain.receive_break();
    assert_eq!(read(&mut plain, 9), b"\0");
}

#[test]
fn echo_beyond_its_bound_is_dropped() {
    let mut terminal = terminal();
    for _ in 0..ECHO_CAPACITY {
        terminal.receive(b'\n');
        terminal.flush_input();
    }
    assert!(terminal.echo.len() <= ECHO_CAPACITY);
    assert!(echo(&mut terminal).starts_with(b"\r\n\r\n"));
}

#[test]
fn random_input_keeps_the_bounds() {
    let mut state = 12345_u32;
    let mut terminal = terminal_with(|settings| settings.input |= Input::IUTF8);
    for step in 0..200_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if terminal.room() > 0 {
            terminal.receive((state >> 24) as u8 % 0x90);
        }
        if step % 4096 == 0 {
            read(&mut terminal, (state >> 16) as usize % 600);
            echo(&mut terminal);
        }
        assert!(terminal.queue.len() <= CAPACITY);
        assert!(terminal.queue.committed() <= terminal.queue.len());
    }
}
