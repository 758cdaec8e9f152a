//! Port I/O.

use core::marker::PhantomData;

/// A value that a port can transfer: `u8`, `u16` or `u32`.
pub trait PortValue: x86_64::instructions::port::PortRead + x86_64::instructions::port::PortWrite {}

impl PortValue for u8 {}
impl PortValue for u16 {}
impl PortValue for u32 {}

/// The right to use one I/O port.
#[derive(Debug)]
pub struct Port<T> {
    number: u16,
    value: PhantomData<fn(T) -> T>,
}

impl<T: PortValue> Port<T> {
    /// Claims port `number`.
    ///
    /// # Safety
    /// No sequence of reads and writes of this port may harm memory safety (a DMA engine's would), and
    /// the caller alone drives the device.
    pub const unsafe fn new(number: u16) -> Self {
        Self { number, value: PhantomData }
    }

    /// The port's number.
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// Reads the port.
    #[inline]
    pub fn read(&self) -> T {
        // SAFETY: `new`'s caller vouched for the port.
        unsafe { T::read_from_port(self.number) }
    }

    /// Writes the port.
    #[inline]
    pub fn write(&self, value: T) {
        // SAFETY: `new`'s caller vouched for the port.
        unsafe { T::write_to_port(self.number, value) }
    }
}
