//! Output processing and the cursor's column, which tabs and erasing need.

use super::settings::{Output, Settings};

/// The most bytes that one byte may become: a tab written as spaces.
pub const EXPANSION: usize = 8;

/// Where the cursor stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    /// Its column.
    pub column: usize,
    /// The column at which the line being typed began.
    pub line_start: usize,
}

/// Whether `byte` is a control character.
pub fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f
}

impl Cursor {
    /// Writes `byte`, mapped as `settings` say. `emit` gets at most [`EXPANSION`] bytes.
    pub fn put(&mut self, settings: &Settings, byte: u8, emit: &mut impl FnMut(u8)) {
        if !settings.output.contains(Output::OPOST) {
            emit(byte);
            return;
        }
        match byte {
            b'\n' => self.put_new_line(settings, emit),
            b'\r' => self.put_return(settings, emit),
            b'\t' => {
                let spaces = 8 - self.column % 8;
                self.column += spaces;
                if settings.output.contains(Output::XTABS) {
                    (0..spaces).for_each(|_| emit(b' '));
                } else {
                    emit(byte);
                }
            }
            0x08 => {
                self.column = self.column.saturating_sub(1);
                emit(byte);
            }
            _ if is_control(byte) => emit(byte),
            _ => {
                if !settings.is_continuation(byte) {
                    self.column += 1;
                }
                let has_upper_only = settings.output.contains(Output::OLCUC);
                emit(if has_upper_only { byte.to_ascii_uppercase() } else { byte });
            }
        }
    }

    fn put_new_line(&mut self, settings: &Settings, emit: &mut impl FnMut(u8)) {
        if settings.output.contains(Output::ONLRET) {
            self.column = 0;
        }
        if settings.output.contains(Output::ONLCR) {
            self.column = 0;
            emit(b'\r');
        }
        self.line_start = self.column;
        emit(b'\n');
    }

    fn put_return(&mut self, settings: &Settings, emit: &mut impl FnMut(u8)) {
        if settings.output.contains(Output::ONOCR) && self.column == 0 {
            return;
        }
        if settings.output.contains(Output::OCRNL) {
            if settings.output.contains(Output::ONLRET) {
                self.column = 0;
                self.line_start = 0;
            }
            emit(b'\n');
            return;
        }
        self.column = 0;
        self.line_start = 0;
        emit(b'\r');
    }
}
