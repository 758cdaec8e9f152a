//! Who may record a trace of the whole machine.

use abi::Errno;
use abi::types::NarrowItem;
use caps::{Rights, Root};
use rustix::process::Uid;
use rustix::thread::set_thread_uid;
use std::fs;
use std::io;
use std::process::ExitCode;
use trials::child::in_child;
use trials::narrowing::{narrow, root};
use trials::{Holds, Outcome, Report, all, equal};

const FILE: &str = "/proc/trace";

fn main() -> ExitCode {
    let mut report = Report::new();
    report.try_case("the privileged begin and end a recording", begin_and_end);
    report.try_case("other words are refused", || equal(error_of(fs::write(FILE, "2")), Some(Errno::EINVAL)));
    report.check("other users are refused", in_child(other_user));
    report.check("whoever gave up the right is refused", in_child(without_the_right));
    report.finish()
}

fn begin_and_end() -> Outcome {
    let before = line("events")?;
    fs::write(FILE, "1")?;
    let during = line("events")?;
    fs::write(FILE, "0")?;
    let after = line("events")?;
    Ok(equal([before, during, after], ["off", "on", "off"].map(str::to_owned)))
}

/// What the file says of `name`.
fn line(name: &str) -> io::Result<String> {
    let text = fs::read_to_string(FILE)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Ok(value.unwrap_or_default().to_owned())
}

fn other_user() -> Outcome<rustix::io::Errno> {
    set_thread_uid(Uid::from_raw(65534))?;
    Ok(refused([Errno::EPERM, Errno::EACCES]))
}

fn without_the_right() -> Outcome<Errno> {
    narrow(&[root(Root::System, Rights::ALL - Rights::AUDIT_READ, NarrowItem::NOW)])?;
    Ok(refused([Errno::ENOTCAPABLE; 2]))
}

/// Reading fails with the first error, writing with the second.
fn refused([reading, writing]: [Errno; 2]) -> Holds {
    all([
        equal(error_of(fs::read(FILE).map(drop)), Some(reading)),
        equal(error_of(fs::write(FILE, "1")), Some(writing)),
    ])
}

fn error_of(result: io::Result<()>) -> Option<Errno> {
    result.err()?.raw_os_error().and_then(|number| Errno::from_return(-i64::from(number)).err())
}
