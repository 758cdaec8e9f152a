//! The file that `--trace` writes: JSON for ui.perfetto.dev, with the records themselves after it, one key a line, which
//! that passes over and `analyse` reads.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::chrome;
use super::model::{Event, Kind, LockUse, Off, Region, Thread, Trace};
use crate::failure::{Context, Failure, Result};

/// Begins the key of what is ours.
const KEY: &str = ",\"tessera";
/// Records in a line.
const PORTION: usize = 400;
/// Numbers of a record in a line.
const FIELDS: usize = 6;

/// Writes a trace.
pub fn write(trace: &Trace, path: &Path) -> Result<()> {
    let context = || format!("--trace {}", path.display());
    let mut out = BufWriter::new(File::create(path).context(context)?);
    chrome::write(trace, &mut out).and_then(|()| write_records(trace, &mut out)).context(context)?;
    out.flush().context(context)
}

fn write_records(trace: &Trace, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{KEY}\":{}", describe(trace))?;
    for (number, events) in trace.events.chunks(PORTION).enumerate() {
        write!(out, "{KEY}.{number}\":[")?;
        for (position, event) in events.iter().enumerate() {
            let Event { time, cpu, kind, detail, thread, data } = *event;
            let comma = if position == 0 { "" } else { "," };
            write!(out, "{comma}{time},{cpu},{},{detail},{thread},{data}", kind as u8)?;
        }
        writeln!(out, "]")?;
    }
    writeln!(out, "}}")
}

/// Everything but the records.
fn describe(trace: &Trace) -> Value {
    let threads: Vec<Value> =
        trace.threads.iter().map(|(number, thread)| json!([number, thread.process, thread.id, thread.name])).collect();
    let regions: Vec<Value> = trace
        .regions
        .iter()
        .map(|region| json!([region.off == Off::Interrupts, region.cpu, region.time, region.ns, region.place]))
        .collect();
    let locks: Vec<Value> = trace
        .locks
        .iter()
        .map(|lock| json!([lock.class, lock.taken, lock.waited, lock.wait_ns, lock.longest_ns]))
        .collect();
    json!({
        "cpus": trace.cpus, "lost": trace.lost, "threads": threads, "classes": trace.classes, "regions": regions,
        "locks": locks,
    })
}

/// Reads a trace that [`write`] has written.
pub fn read(path: &Path) -> Result<Trace> {
    let context = || path.display().to_string();
    let file = BufReader::new(File::open(path).context(context)?);
    let mut trace = None;
    for line in file.lines() {
        let line = line.context(context)?;
        let Some(rest) = line.strip_prefix(KEY) else { continue };
        let Some((_, value)) = rest.split_once(':') else { continue };
        match &mut trace {
            None => trace = Some(parse_description(&serde_json::from_str(value).context(context)?)),
            Some(trace) => read_records(value, trace),
        }
    }
    trace.ok_or_else(|| Failure::machine(format!("{}: not a trace that --trace wrote", path.display())))
}

fn read_records(text: &str, trace: &mut Trace) {
    let numbers = text.trim_matches(['[', ']']).split(',').map(|number| number.parse().unwrap_or(0));
    let numbers: Vec<u64> = numbers.collect();
    for fields in numbers.chunks_exact(FIELDS) {
        let Some(kind) = Kind::from_raw(fields[2] as u8) else { continue };
        let (cpu, detail, thread) = (fields[1] as u32, fields[3] as u8, fields[4] as u32);
        trace.events.push(Event { time: fields[0], cpu, kind, detail, thread, data: fields[5] });
    }
}

fn parse_description(value: &Value) -> Trace {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let texts = |value: &Value| value.as_array().into_iter().flatten().map(text).collect();
    let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    let thread = |row: &Value| {
        let thread = Thread { process: number(&row[1]) as u32, id: number(&row[2]) as u32, name: text(&row[3]) };
        (number(&row[0]) as u32, thread)
    };
    let region = |row: &Value| Region {
        off: if row[0].as_bool().unwrap_or(false) { Off::Interrupts } else { Off::Preemption },
        cpu: number(&row[1]) as u32,
        time: number(&row[2]),
        ns: number(&row[3]),
        place: texts(&row[4]),
    };
    let lock = |row: &Value| LockUse {
        class: text(&row[0]),
        taken: number(&row[1]),
        waited: number(&row[2]),
        wait_ns: number(&row[3]),
        longest_ns: number(&row[4]),
    };
    Trace {
        cpus: number(&value["cpus"]) as u32,
        lost: list("lost").iter().map(number).collect(),
        events: Vec::new(),
        threads: list("threads").iter().map(thread).collect(),
        classes: texts(&value["classes"]),
        regions: list("regions").iter().map(region).collect(),
        locks: list("locks").iter().map(lock).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let event = |time: u64| Event { time, cpu: 1, kind: Kind::Wake, detail: 3, thread: 9, data: u64::MAX };
        let region =
            Region { off: Off::Preemption, cpu: 1, time: 5, ns: 7, place: vec!["a at b:1".into(), "c".into()] };
        let lock = LockUse { class: "Pipe".into(), taken: 4, waited: 3, wait_ns: 2, longest_ns: 1 };
        let trace = Trace {
            cpus: 2,
            lost: vec![0, 8],
            events: (0..2 * PORTION as u64 + 1).map(event).collect(),
            threads: [(9, Thread { name: "a \"name\"".into(), process: 3, id: 4 })].into(),
            classes: vec!["Pipe".into()],
            regions: vec![region],
            locks: vec![lock],
        };
        let path = std::env::temp_dir().join(format!("tessera-trace-{}.json", std::process::id()));
        write(&trace, &path).unwrap();
        let (read, text) = (read(&path), std::fs::read_to_string(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read.unwrap(), trace);
        assert!(serde_json::from_str::<Value>(&text).is_ok());
    }
}
