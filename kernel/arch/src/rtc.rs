//! The CMOS clock, read once at boot.

use crate::acpi;
use crate::port::Port;

const INDEX: u16 = 0x70;
const DATA: u16 = 0x71;
/// Index bit that keeps NMIs off; here always clear.
const STATUS_A: u8 = 0x0a;
const STATUS_B: u8 = 0x0b;
const UPDATING: u8 = 0x80;
const IS_24_HOUR: u8 = 2;
const IS_BINARY: u8 = 4;
const PM: u8 = 0x80;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Date {
    seconds: u8,
    minutes: u8,
    hours: u8,
    day: u8,
    month: u8,
    year: u8,
    century: u8,
}

/// Seconds since 1970.
pub(crate) fn read_seconds() -> u64 {
    let mut date = read_date();
    // Until two readings agree, for a bounded time: a machine without the chip reads noise.
    for _ in 0..100 {
        let again = read_date();
        if again == date {
            break;
        }
        date = again;
    }
    decode(date, register(STATUS_B))
}

fn register(index: u8) -> u8 {
    // SAFETY: the clock's index port; this module alone uses it.
    unsafe { Port::<u8>::new(INDEX) }.write(index);
    // SAFETY: its data port, likewise.
    unsafe { Port::<u8>::new(DATA) }.read()
}

fn read_date() -> Date {
    for _ in 0..10_000 {
        if register(STATUS_A) & UPDATING == 0 {
            break;
        }
    }
    let century = acpi::info().and_then(|info| info.century).map_or(0, register);
    Date {
        seconds: register(0),
        minutes: register(2),
        hours: register(4),
        day: register(7),
        month: register(8),
        year: register(9),
        century,
    }
}

fn decode(date: Date, status: u8) -> u64 {
    let number = |value: u8| match status & IS_BINARY {
        0 => u64::from(value >> 4) * 10 + u64::from(value & 15),
        _ => u64::from(value),
    };
    let mut hours = number(date.hours & !PM);
    if status & IS_24_HOUR == 0 {
        hours = hours % 12 + if date.hours & PM != 0 { 12 } else { 0 };
    }
    let century = if date.century == 0 { 20 } else { number(date.century) };
    let days = days_since_1970(century * 100 + number(date.year), number(date.month), number(date.day));
    days * 86_400 + hours * 3600 + number(date.minutes) * 60 + number(date.seconds)
}

/// The proleptic Gregorian calendar, with years that begin in March so that leap days come last.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.saturating_sub(1), month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    // Days from 1 March of year 0 to 1 January 1970, and the first of a month counted as 1.
    days.saturating_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_count_from_1970() {
        assert_eq!(days_since_1970(1970, 1, 1), 0);
        assert_eq!(days_since_1970(2000, 2, 29), 11_016);
        assert_eq!(days_since_1970(2000, 3, 1), 11_017);
        assert_eq!(days_since_1970(2026, 1, 1), 20_454);
    }

    #[test]
    fn packed_decimal_and_binary_dates_agree() {
        let packed =
            Date { seconds: 0x59, minutes: 0x30, hours: 0x92, day: 0x31, month: 0x12, year: 0x25, century: 0x20 };
        let binary = Date { seconds: 59, minutes: 30, hours: 0x80 | 12, day: 31, month: 12, year: 25, century: 20 };
        assert_eq!(decode(packed, 0), decode(binary, IS_BINARY));
        assert_eq!(decode(binary, IS_BINARY), 20_453 * 86_400 + 12 * 3600 + 30 * 60 + 59);
    }
}
