//! Who handles which interrupt line.
//!
//! A table that is only added to: registering fills a place that no reader looks at yet, so that dispatching takes no
//! lock. ISA lines are edge-triggered and COM1 and COM3 share one; an edge from one device is lost while the other
//! holds the line up. So dispatching asks all handlers of a line again until none of them had anything to do.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use abi::{Errno, Result};
use arch::cpu::CpuId;
use sync::{IrqLock, Once, ranks};

/// How many lines can be handled.
const LINES: usize = 24;
/// How many devices can share a line.
const SHARED_BY: usize = 4;
/// How often a line's handlers are asked before a stuck device is left to the next interrupt.
const PASSES: usize = 32;

/// What a handler found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// The device had something.
    Served,
    /// It had nothing.
    Idle,
}

/// A device that interrupts. Called with interrupts off, so it must be quick and must not sleep.
pub trait InterruptHandler: Sync {
    /// Serves the device.
    fn interrupt(&self) -> Handled;
}

/// One line and its devices.
struct Line {
    route: Once<Route>,
    handlers: [Once<&'static dyn InterruptHandler>; SHARED_BY],
    count: AtomicU64,
}

/// How a line reaches a processor.
#[derive(Clone, Copy, Debug)]
struct Route {
    irq: u8,
    vector: u8,
}

static TABLE: [Line; LINES] =
    [const { Line { route: Once::new(), handlers: [const { Once::new() }; SHARED_BY], count: AtomicU64::new(0) } };
        LINES];
static USED: AtomicUsize = AtomicUsize::new(0);
static REGISTERING: IrqLock<(), ranks::InterruptTable> = IrqLock::new(());

/// Has `handler` called when ISA interrupt line `irq` is raised, and opens the line.
pub fn register(irq: u8, handler: &'static dyn InterruptHandler) -> Result<()> {
    let _one_at_a_time = REGISTERING.lock();
    let used = USED.load(Ordering::Relaxed);
    if let Some(line) = lines(used).find(|(_, route)| route.irq == irq).map(|(line, _)| line) {
        return add_handler(line, handler);
    }
    let line = TABLE.get(used).ok_or(Errno::ENOSPC)?;
    let vector = arch::vector::alloc().ok_or(Errno::ENOSPC)?;
    add_handler(line, handler)?;
    line.route.call_once(|| Route { irq, vector });
    USED.store(used + 1, Ordering::Release);
    arch::ioapic::route(arch::ioapic::Line::Isa(irq), vector, CpuId::BOOT).map_err(|_| Errno::ENODEV)
}

/// Serves the devices whose line is routed to `vector`. For the hook of device interrupts.
pub fn dispatch(vector: u8) {
    let used = USED.load(Ordering::Acquire);
    let Some((line, _)) = lines(used).find(|(_, route)| route.vector == vector) else {
        return;
    };
    line.count.fetch_add(1, Ordering::Relaxed);
    for _ in 0..PASSES {
        let mut pass = Handled::Idle;
        for handler in line.handlers.iter().map_while(Once::get) {
            if handler.interrupt() == Handled::Served {
                pass = Handled::Served;
            }
        }
        if pass == Handled::Idle {
            return;
        }
    }
}

/// The handled lines: ISA number and how many interrupts came.
pub fn counts() -> impl Iterator<Item = (u8, u64)> {
    lines(USED.load(Ordering::Acquire)).map(|(line, route)| (route.irq, line.count.load(Ordering::Relaxed)))
}

fn lines(used: usize) -> impl Iterator<Item = (&'static Line, Route)> {
    TABLE.iter().take(used).filter_map(|line| line.route.get().map(|&route| (line, route)))
}

fn add_handler(line: &Line, handler: &'static dyn InterruptHandler) -> Result<()> {
    let place = line.handlers.iter().find(|place| !place.is_completed()).ok_or(Errno::EBUSY)?;
    place.call_once(|| handler);
    Ok(())
}
