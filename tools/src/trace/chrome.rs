//! The part of the file that ui.perfetto.dev shows, in Chrome's JSON: each CPU is a track with slices of who ran, beside
//! it one with its interrupts; each thread is a track with its system calls and its waits for locks; arrows lead from
//! who woke to who ran.

use std::fmt::Display;
use std::io::{Result, Write};

use super::model::{Class, Event, Kind, Trace};
use super::slices::{Run, Slice, Slices, WakeUp, What};

/// The process that stands for the machine, and its tracks: programs' ids lie below.
const MACHINE: u64 = 2_000_000;
const INTERRUPTS: u64 = 2_100_000;
const REGIONS: u64 = 2_200_000;
/// The process of the kernel's threads.
const KERNEL: u64 = 3_000_000;

/// The process and thread that a track is called in the file.
#[derive(Clone, Copy)]
struct Track(u64, u64);

/// Writes the object but for its closing brace.
pub fn write(trace: &Trace, out: &mut impl Write) -> Result<()> {
    let slices = Slices::of(trace);
    let mut writer = Writer { trace, out, is_first: true };
    write!(writer.out, "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
    writer.names()?;
    slices.runs.iter().try_for_each(|run| writer.run(run))?;
    slices.slices.iter().try_for_each(|slice| writer.slice(slice))?;
    slices.wake_ups.iter().enumerate().try_for_each(|(number, wake_up)| writer.wake_up(number, wake_up))?;
    trace.events.iter().try_for_each(|event| writer.instant(event))?;
    writer.regions()?;
    writeln!(writer.out, "\n]")
}

struct Writer<'a, W> {
    trace: &'a Trace,
    out: &'a mut W,
    is_first: bool,
}

/// Nanoseconds as microseconds, which is what the format counts in.
struct Micros(u64);

impl Display for Micros {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// A text in quotes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<W: Write> Writer<'_, W> {
    /// One event: its phase, its track, and what else is in it.
    fn event(&mut self, phase: char, Track(process, thread): Track, rest: std::fmt::Arguments<'_>) -> Result<()> {
        let comma = if std::mem::take(&mut self.is_first) { "" } else { "," };
        write!(self.out, "{comma}\n{{\"ph\":\"{phase}\",\"pid\":{process},\"tid\":{thread},{rest}}}")
    }

    fn track(&self, thread: u32) -> Track {
        match self.trace.threads.get(&thread) {
            Some(known) if known.process != 0 => Track(known.process.into(), known.id.into()),
            _ => Track(KERNEL, KERNEL + u64::from(thread)),
        }
    }

    fn names(&mut self) -> Result<()> {
        self.name("process_name", Track(MACHINE, MACHINE), "CPUs")?;
        self.event(
            'M',
            Track(MACHINE, MACHINE),
            format_args!("\"name\":\"process_sort_index\",\"args\":{{\"sort_index\":-2}}"),
        )?;
        self.name("process_name", Track(KERNEL, KERNEL), "kernel")?;
        for cpu in 0..u64::from(self.trace.cpus) {
            self.name("thread_name", Track(MACHINE, MACHINE + cpu), &format!("CPU {cpu}"))?;
            self.name("thread_name", Track(MACHINE, INTERRUPTS + cpu), &format!("CPU {cpu} interrupts"))?;
        }
        let mut threads: Vec<_> = self.trace.threads.iter().collect();
        threads.sort_unstable_by_key(|(number, _)| **number);
        for (number, thread) in threads {
            let track = self.track(*number);
            self.name("thread_name", track, &thread.name)?;
            if thread.process != 0 && thread.process == thread.id {
                self.name("process_name", track, &thread.name)?;
            }
        }
        Ok(())
    }

    fn name(&mut self, what: &str, track: Track, name: &str) -> Result<()> {
        self.event('M', track, format_args!("\"name\":\"{what}\",\"args\":{{\"name\":{}}}", quoted(name)))
    }

    /// The idle thread is a gap.
    fn run(&mut self, run: &Run) -> Result<()> {
        if run.class == Class::Idle {
            return Ok(());
        }
        let name = quoted(&self.trace.name(run.thread));
        let Track(process, thread) = self.track(run.thread);
        let (start, length) = (Micros(run.start), Micros(run.end - run.start));
        let leaving =
            run.leaving.map_or_else(|| "trace ends".to_owned(), |leaving| format!("{leaving:?}").to_lowercase());
        self.event(
            'X',
            Track(MACHINE, MACHINE + u64::from(run.cpu)),
            format_args!(
                "\"cat\":\"run\",\"name\":{name},\"ts\":{start},\"dur\":{length},\"args\":{{\"process\":{process},\
                 \"thread\":{thread},\"class\":\"{}\",\"then\":\"{leaving}\"}}",
                run.class.name()
            ),
        )
    }

    fn slice(&mut self, slice: &Slice) -> Result<()> {
        let (start, length) = (Micros(slice.start), Micros(slice.end - slice.start));
        let on_cpu = Track(MACHINE, INTERRUPTS + u64::from(slice.cpu));
        let track = if slice.thread == 0 { on_cpu } else { self.track(slice.thread) };
        let (category, name, args) = match slice.what {
            What::Call(number) => {
                let name = abi::table::find(number).map_or_else(|| format!("call {number}"), |row| row.name.to_owned());
                let result = slice.result.map_or_else(|| "null".to_owned(), |result| (result as i64).to_string());
                ("call", name, format!("\"cpu\":{},\"result\":{result}", slice.cpu))
            }
            What::Interrupt(vector) => ("interrupt", vector_name(vector), format!("\"vector\":{vector}")),
            What::Wait(class, place) => {
                let class = self.trace.classes.get(usize::from(class)).map_or("?", String::as_str);
                ("lock", format!("wait for {class}"), format!("\"at\":\"{place:#x}\""))
            }
        };
        let name = quoted(&name);
        self.event(
            'X',
            track,
            format_args!("\"cat\":\"{category}\",\"name\":{name},\"ts\":{start},\"dur\":{length},\"args\":{{{args}}}"),
        )
    }

    /// An arrow from the slice in which the thread was woken to that in which it ran.
    fn wake_up(&mut self, number: usize, wake_up: &WakeUp) -> Result<()> {
        let tracks = if wake_up.by_interrupt { INTERRUPTS } else { MACHINE };
        let from = Track(MACHINE, tracks + u64::from(wake_up.from));
        let to = Track(MACHINE, MACHINE + u64::from(wake_up.to));
        let (woken, ran) = (Micros(wake_up.woken), Micros(wake_up.ran));
        let both = format!("\"cat\":\"wake\",\"name\":\"wake\",\"id\":{number}");
        self.event('s', from, format_args!("{both},\"ts\":{woken}"))?;
        self.event('f', to, format_args!("{both},\"ts\":{ran},\"bp\":\"e\""))
    }

    /// What takes no time.
    fn instant(&mut self, event: &Event) -> Result<()> {
        let text = match event.kind {
            Kind::Migrate => format!("give {} to CPU {}", self.trace.name(event.thread), event.target()),
            Kind::Steal => format!("take {} from CPU {}", self.trace.name(event.thread), event.data as u32),
            Kind::Ipi => format!("{} to CPU {}", vector_name(event.detail), event.data),
            _ => return Ok(()),
        };
        let track = Track(MACHINE, MACHINE + u64::from(event.cpu));
        let time = Micros(event.time);
        self.event('i', track, format_args!("\"cat\":\"move\",\"name\":{},\"ts\":{time},\"s\":\"t\"", quoted(&text)))
    }

    fn regions(&mut self) -> Result<()> {
        for region in &self.trace.regions {
            let number = REGIONS + u64::from(region.cpu) * 2 + region.off as u64;
            let track = Track(MACHINE, number);
            self.name("thread_name", track, &format!("CPU {} longest {}", region.cpu, region.off.name()))?;
            let name = quoted(region.place.first().map_or("?", String::as_str));
            let (start, length) = (Micros(region.time), Micros(region.ns));
            let place = serde_json::Value::from(region.place.clone());
            self.event(
                'X',
                track,
                format_args!(
                    "\"cat\":\"off\",\"name\":{name},\"ts\":{start},\"dur\":{length},\"args\":{{\"from\":{place}}}"
                ),
            )?;
        }
        Ok(())
    }
}

/// The kernel's own vectors (`arch::vector`).
fn vector_name(vector: u8) -> String {
    match vector {
        0xf0 => "timer".into(),
        0xf1 => "reschedule".into(),
        0xf2 => "shootdown".into(),
        _ => format!("interrupt {vector}"),
    }
}
