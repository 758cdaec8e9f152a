//! A 16550 serial port, driven by interrupts.
//!
//! Receiving: the handler empties the device's FIFO into a ring and wakes the thread that serves the port. A full
//! ring closes the receive interrupt; the device's FIFO then fills and whoever sends at the other end waits, so
//! nothing is lost.
//!
//! Sending: whoever holds the port's [`Sender`] writes bursts of one FIFO each, with interrupts off only for one burst.
//! An emulated port is ready again at once; where it is not, the sender sleeps until the device asks for more.

use alloc::collections::VecDeque;

use abi::{Errno, Result};
use arch::clock;
use sched::{Wait, WaitQueue};
use sync::{IrqLock, Mutex, MutexGuard, ranks};
use uart_16550::backend::PioBackend;
use uart_16550::spec::registers::{IER, InterruptType, LSR};
use uart_16550::{BaudRate, Config, Uart16550};

use crate::irq::{self, Handled, InterruptHandler};

/// How many received bytes wait for their thread.
const RING: usize = 4096;
/// How long a sender trusts the device to ask for more before it looks by itself.
const SEND_LOOK_NS: u64 = 10_000_000;
/// How long to wait for the last byte to leave before the machine ends.
const DRAIN_NS: u64 = 500_000_000;

/// A serial port.
pub struct Serial {
    irq: u8,
    device: IrqLock<Device, ranks::DeviceRegisters>,
    changed: WaitQueue,
    sending: Mutex<(), ranks::Device>,
}

struct Device {
    uart: Uart16550<PioBackend>,
    ring: VecDeque<u8>,
    is_present: bool,
    /// The receive interrupt is closed because the ring is full.
    is_paused: bool,
}

/// The right to send whole messages on a port: what one holder sends is not mixed with what others send.
pub struct Sender<'a> {
    port: &'a Serial,
    _alone: MutexGuard<'a, (), ranks::Device>,
}

impl Serial {
    /// The port behind `uart` on ISA interrupt line `irq`; does nothing until [`start`](Self::start).
    pub const fn new(uart: Uart16550<PioBackend>, irq: u8) -> Self {
        let device = Device { uart, ring: VecDeque::new(), is_present: false, is_paused: false };
        Self { irq, device: IrqLock::new(device), changed: WaitQueue::new(), sending: Mutex::new(()) }
    }

    /// Sets the device up and opens its interrupts. ENODEV where there is none.
    pub fn start(&'static self) -> Result<()> {
        let mut ring = VecDeque::new();
        ring.try_reserve_exact(RING).map_err(|_| Errno::ENOMEM)?;
        {
            let mut device = self.device.lock();
            // The speed matters to emulators too: it sets how soon a half-full FIFO interrupts.
            let config = Config { baud_rate: BaudRate::Baud115200, ..Config::DEFAULT };
            device.uart.init(config).map_err(|_| Errno::ENODEV)?;
            device.ring = ring;
            device.is_present = true;
        }
        irq::register(self.irq, self)?;
        self.device.lock().uart.enable_interrupts(IER::DATA_READY | IER::RECEIVER_LINE_STATUS);
        Ok(())
    }

    /// The queue that is woken when bytes were received or the device takes more.
    pub fn changed(&self) -> &WaitQueue {
        &self.changed
    }

    /// Sleeps until something was received, and takes it.
    pub fn receive(&self, to: &mut [u8]) -> usize {
        let mut take = || match self.try_receive(to) {
            0 => None,
            count => Some(count),
        };
        // Cannot be interrupted and has no deadline: it ends with bytes.
        self.changed.wait_until(Wait::UNINTERRUPTIBLE, &mut take).unwrap_or(0)
    }

    /// Takes what was received, without waiting.
    pub fn try_receive(&self, to: &mut [u8]) -> usize {
        let mut device = self.device.lock();
        let count = to.len().min(device.ring.len());
        for (place, byte) in to.iter_mut().zip(device.ring.drain(..count)) {
            *place = byte;
        }
        if device.is_paused && device.ring.len() <= RING / 2 {
            device.is_paused = false;
            device.uart.enable_interrupts(IER::DATA_READY);
        }
        count
    }

    /// Waits for the right to send whole messages.
    pub fn sender(&self) -> Sender<'_> {
        Sender { port: self, _alone: self.sending.lock() }
    }

    /// The right to send whole messages, if nobody has it.
    pub fn try_sender(&self) -> Option<Sender<'_>> {
        self.sending.try_lock().map(|alone| Sender { port: self, _alone: alone })
    }

    /// Sends what the device takes at once, at most one FIFO. When it takes nothing, its interrupt wakes
    /// [`changed`](Self::changed) once it will. A port that is absent swallows everything.
    pub fn try_send(&self, bytes: &[u8]) -> usize {
        let mut device = self.device.lock();
        if !device.is_present {
            return bytes.len();
        }
        let count = device.uart.send_bytes(bytes);
        if count == 0 && !bytes.is_empty() {
            device.uart.enable_interrupts(IER::THR_EMPTY);
        }
        count
    }

    /// Waits, without sleeping and not for ever, until the last byte has left the device. For the machine's end.
    pub fn drain(&self) {
        let deadline = clock::now_ns().saturating_add(DRAIN_NS);
        while clock::now_ns() < deadline {
            let mut device = self.device.lock();
            if !device.is_present || device.uart.lsr().contains(LSR::TRANSMITTER_EMPTY) {
                return;
            }
            drop(device);
            arch::cpu::relax();
        }
    }
}

impl Sender<'_> {
    /// Sends all of `bytes`, however long the other end takes.
    pub fn send(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let count = match self.port.try_send(bytes) {
                0 => self.wait_and_send(bytes),
                count => count,
            };
            bytes = &bytes[count..];
        }
    }

    #[cold]
    fn wait_and_send(&self, bytes: &[u8]) -> usize {
        let mut send = || match self.port.try_send(bytes) {
            0 => None,
            count => Some(count),
        };
        let look_again = clock::now_ns().saturating_add(SEND_LOOK_NS);
        let how = Wait { deadline_ns: Some(look_again), ..Wait::UNINTERRUPTIBLE };
        // Past the deadline nothing was sent, and the caller comes again.
        self.port.changed.wait_until(how, &mut send).unwrap_or(0)
    }
}

impl Device {
    /// Empties the device's FIFO into the ring; true when there was anything.
    fn collect(&mut self) -> bool {
        let mut has_received = false;
        while self.ring.len() < RING {
            let Ok(byte) = self.uart.try_receive_byte() else {
                return has_received;
            };
            self.ring.push_back(byte);
            has_received = true;
        }
        if !self.is_paused {
            self.is_paused = true;
            self.uart.disable_interrupts(IER::DATA_READY);
        }
        has_received
    }
}

impl InterruptHandler for Serial {
    fn interrupt(&self) -> Handled {
        let mut outcome = Handled::Idle;
        let mut has_changed = false;
        {
            let mut device = self.device.lock();
            while let Some(kind) = device.uart.isr().interrupt_type() {
                outcome = Handled::Served;
                match kind {
                    InterruptType::ReceivedDataReady | InterruptType::ReceptionTimeout => {
                        has_changed |= device.collect();
                    }
                    InterruptType::TransmitterHoldingRegisterEmpty => {
                        device.uart.disable_interrupts(IER::THR_EMPTY);
                        has_changed = true;
                    }
                    // Reading the register settles it; what it says changes nothing here.
                    InterruptType::ReceiverLineStatus => _ = device.uart.lsr(),
                    _ => _ = device.uart.msr(),
                }
            }
        }
        if has_changed {
            self.changed.wake_all();
        }
        outcome
    }
}
