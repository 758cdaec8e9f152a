//! Line editing and echo.

use super::{Character, ECHO_CAPACITY, Input, LineDiscipline, Local, Mark, is_control};

/// How much of the line an editing key takes away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Character,
    Word,
    Line,
}

impl LineDiscipline {
    /// Handles `byte` if it edits or ends the line; false when it is plain input.
    pub(super) fn edit(&mut self, byte: u8) -> bool {
        let is_extended = self.has(Local::IEXTEN);
        let settings = &self.settings;
        if settings.is(byte, Character::Erase) {
            self.erase(Extent::Character);
        } else if settings.is(byte, Character::Kill) {
            self.kill();
        } else if is_extended && settings.is(byte, Character::WordErase) {
            self.erase(Extent::Word);
        } else if is_extended && settings.is(byte, Character::LiteralNext) {
            self.is_next_literal = true;
            self.echo_literal_next();
        } else if is_extended && self.has(Local::ECHO) && settings.is(byte, Character::Reprint) {
            self.reprint(byte);
        } else if byte == b'\n' {
            if self.has(Local::ECHO) || self.has(Local::ECHONL) {
                self.finish_erasing();
                self.echo_raw(b'\n');
            }
            self.queue.push_end(byte, Mark::Line);
        } else if settings.is(byte, Character::EndOfFile) {
            self.queue.push_end(0, Mark::EndOfFile);
        } else if settings.is(byte, Character::EndOfLine) || (is_extended && settings.is(byte, Character::EndOfLine2)) {
            self.echo_input(byte);
            self.queue.push_end(byte, Mark::Line);
        } else {
            return false;
        }
        true
    }

    /// Takes `byte` as plain input.
    pub(super) fn accept(&mut self, byte: u8) {
        self.echo_input(byte);
        if byte == 0xff && self.settings.input.contains(Input::PARMRK) {
            self.queue.push(byte);
        }
        self.queue.push(byte);
    }

    /// Echoes `byte` as ^X where it is a control character and the settings ask for it.
    pub(super) fn echo_character(&mut self, byte: u8) {
        if self.has(Local::ECHOCTL) && is_control(byte) && byte != b'\t' {
            self.transmit(b'^');
            self.transmit(byte ^ 0x40);
            self.cursor.column += 2;
        } else {
            self.echo_raw(byte);
        }
    }

    fn echo_input(&mut self, byte: u8) {
        if !self.has(Local::ECHO) {
            return;
        }
        self.finish_erasing();
        if byte == b'\n' {
            self.echo_raw(byte);
            return;
        }
        if self.queue.is_line_empty() {
            self.cursor.line_start = self.cursor.column;
        }
        self.echo_character(byte);
    }

    /// Shows that the next byte will be taken literally: a caret that it overwrites.
    fn echo_literal_next(&mut self) {
        if self.has(Local::ECHO) {
            self.finish_erasing();
            if self.has(Local::ECHOCTL) {
                self.echo_raw(b'^');
                self.echo_raw(0x08);
            }
        }
    }

    /// Echoes `byte` through output processing.
    fn echo_raw(&mut self, byte: u8) {
        // One byte's echo is queued whole or not at all: half of a CR NL would confuse the screen.
        if ECHO_CAPACITY - self.echo.len() < super::EXPANSION {
            return;
        }
        let echo = &mut self.echo;
        self.cursor.put(&self.settings, byte, &mut |mapped| echo.push_back(mapped));
    }

    fn transmit(&mut self, byte: u8) {
        if self.echo.len() < ECHO_CAPACITY {
            self.echo.push_back(byte);
        }
    }

    fn finish_erasing(&mut self) {
        if self.is_erasing {
            self.echo_raw(b'/');
            self.is_erasing = false;
        }
    }

    fn reprint(&mut self, byte: u8) {
        self.finish_erasing();
        self.echo_character(byte);
        self.echo_raw(b'\n');
        for index in self.queue.committed()..self.queue.len() {
            if let Some(byte) = self.queue.at(index) {
                self.echo_character(byte);
            }
        }
    }

    /// The kill key. Without the flags that make it wipe the screen, it shows itself instead.
    fn kill(&mut self) {
        if self.queue.is_line_empty() {
            return;
        }
        if self.has(Local::ECHO | Local::ECHOK | Local::ECHOKE | Local::ECHOE) {
            self.erase(Extent::Line);
            return;
        }
        self.queue.kill_line();
        if self.has(Local::ECHO) {
            self.finish_erasing();
            self.echo_character(self.settings.character(Character::Kill));
            if self.has(Local::ECHOK) {
                self.echo_raw(b'\n');
            }
        }
    }

    fn erase(&mut self, extent: Extent) {
        let mut has_seen_word = false;
        while let Some(lead) = self.last_character_lead() {
            if extent == Extent::Word {
                let is_word = lead.is_ascii_alphanumeric() || lead == b'_' || lead >= 0x80;
                if has_seen_word && !is_word {
                    break;
                }
                has_seen_word |= is_word;
            }
            self.pop_character(lead, extent);
            if extent == Extent::Character {
                break;
            }
        }
        if self.queue.is_line_empty() && self.has(Local::ECHO) {
            self.finish_erasing();
        }
    }

    /// The first byte of the line's last character; `None` where there is none, or only a part of one.
    fn last_character_lead(&self) -> Option<u8> {
        self.queue.edited().rev().find(|&byte| !self.settings.is_continuation(byte))
    }

    /// Takes the last character away, whose first byte is `lead`, and wipes it from the screen.
    fn pop_character(&mut self, lead: u8, extent: Extent) {
        let has_echo = self.has(Local::ECHO);
        if has_echo && self.has(Local::ECHOPRT) {
            if !self.is_erasing {
                self.echo_raw(b'\\');
                self.is_erasing = true;
            }
            self.echo_character(lead);
        }
        while let Some(byte) = self.queue.pop() {
            if !self.settings.is_continuation(byte) {
                break;
            }
        }
        if !has_echo || self.has(Local::ECHOPRT) {
            return;
        }
        if extent == Extent::Character && !self.has(Local::ECHOE) {
            self.echo_character(self.settings.character(Character::Erase));
        } else if lead == b'\t' {
            self.wipe_tab();
        } else if !is_control(lead) {
            self.wipe_column();
        } else if self.has(Local::ECHOCTL) {
            self.wipe_column();
            self.wipe_column();
        }
    }

    fn wipe_column(&mut self) {
        for byte in *b"\x08 \x08" {
            self.echo_raw(byte);
        }
    }

    /// Moves back over a tab that stood behind what is left of the line.
    fn wipe_tab(&mut self) {
        let mut columns = 0;
        let mut has_met_tab = false;
        for byte in self.queue.edited().rev() {
            if byte == b'\t' {
                has_met_tab = true;
                break;
            }
            columns += match byte {
                _ if is_control(byte) => 2 * usize::from(self.has(Local::ECHOCTL)),
                _ => usize::from(!self.settings.is_continuation(byte)),
            };
        }
        if !has_met_tab {
            columns += self.cursor.line_start;
        }
        for _ in 0..8 - columns % 8 {
            self.echo_raw(0x08);
        }
    }
}
