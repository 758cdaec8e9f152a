//! The kernel log: lines of text on COM2.

use core::fmt::Write;

use log::{Level, LevelFilter, Log, Metadata, Record};

/// Keeps lines whole. A spin lock without rank: it is taken anywhere, even while another lock reports
/// its own misuse, and nothing is taken under it. Interrupts are off meanwhile.
static LINE: spin::Mutex<()> = spin::Mutex::new(());

struct Logger;

static LOGGER: Logger = Logger;

/// Starts logging. `log=debug` and the like on the command line set the level.
pub fn init(command_line: &str) {
    let level = command_line.split_ascii_whitespace().find_map(|word| word.strip_prefix("log="));
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::Info);
    if log::set_logger(&LOGGER).is_ok() {
        log::set_max_level(level);
    }
}

/// COM2, and the ring that programs read.
struct Everywhere;

impl Write for Everywhere {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        drivers::kmsg::append(text.as_bytes());
        arch::debug::early_print(text);
        Ok(())
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    /// `[    0.123456] cpu3 mm: message`, with the level where it is a warning or worse.
    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let cpu = arch::cpu::current();
        let name = record.target().split("::").next().unwrap_or_default();
        let level = match record.level() {
            Level::Error => "error: ",
            Level::Warn => "warning: ",
            _ => "",
        };
        arch::interrupts::without(|| {
            let _line = LINE.lock();
            let now = arch::clock::now_ns() / 1000;
            let (seconds, micros) = (now / 1_000_000, now % 1_000_000);
            let _ = writeln!(Everywhere, "[{seconds:5}.{micros:06}] {cpu} {name}: {level}{}", record.args());
        });
    }

    fn flush(&self) {}
}
