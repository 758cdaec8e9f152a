//! One value for each CPU.

use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::cell::{Cell, UnsafeCell};

use crossbeam_utils::CachePadded;

use crate::pin::{IrqOff, PinGuard};
use crate::platform::{self, CpuId, MAX_CPUS};

/// One value for each CPU present, each on its own cache lines.
pub struct PerCpu<T>(Box<[CachePadded<T>]>);

impl<T> PerCpu<T> {
    /// Makes the values; `init` runs once for each CPU, here.
    pub fn new(mut init: impl FnMut(CpuId) -> T) -> Result<Self, TryReserveError> {
        let count = platform::cpu_count();
        let mut values = Vec::new();
        values.try_reserve_exact(count)?;
        let cpus = (0..count as u32).filter_map(CpuId::new);
        values.extend(cpus.map(|cpu| CachePadded::new(init(cpu))));
        Ok(Self(values.into_boxed_slice()))
    }

    /// This CPU's value.
    #[inline(always)]
    pub fn get<'a>(&'a self, _pin: &'a impl PinGuard) -> &'a T {
        &self.0[platform::current_cpu().index()]
    }

    /// Another CPU's value.
    #[inline(always)]
    pub fn of(&self, cpu: CpuId) -> &T {
        &self.0[cpu.index()]
    }

    /// All CPUs' values, in the order of their indices.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|value| &**value)
    }
}

/// One value for each CPU there could ever be, in static memory: for what is needed before the heap.
pub struct PerCpuStatic<T>([CachePadded<T>; MAX_CPUS]);

impl<T> PerCpuStatic<T> {
    /// From an array such as `[const { CachePadded::new(T::new()) }; MAX_CPUS]`.
    pub const fn new(values: [CachePadded<T>; MAX_CPUS]) -> Self {
        Self(values)
    }

    /// This CPU's value.
    #[inline(always)]
    pub fn get<'a>(&'a self, _pin: &'a impl PinGuard) -> &'a T {
        &self.0[platform::current_cpu().index()]
    }

    /// This CPU's value, for as long as anybody wants: to be used while the guard lives.
    #[inline(always)]
    pub(crate) fn own(&'static self, _pin: &impl PinGuard) -> &'static T {
        &self.0[platform::current_cpu().index()]
    }

    /// Another CPU's value.
    #[inline(always)]
    pub fn of(&self, cpu: CpuId) -> &T {
        &self.0[cpu.index()]
    }

    /// All values, those of CPUs that are not there too.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|value| &**value)
    }
}

/// Values that each CPU uses alone, with interrupts off and no lock; in static memory.
pub struct CpuLocal<T>([CachePadded<LocalCell<T>>; MAX_CPUS]);

/// One CPU's cell of a [`CpuLocal`].
pub struct LocalCell<T> {
    busy: Cell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: `CpuLocal::with` uses a cell only on its own CPU with interrupts off, so cells are never shared; a value
// may be created elsewhere, hence `Send`.
unsafe impl<T: Send> Sync for CpuLocal<T> {}

impl<T> LocalCell<T> {
    /// A cell; for the array given to [`CpuLocal::new`].
    pub const fn new(value: T) -> Self {
        Self { busy: Cell::new(false), value: UnsafeCell::new(value) }
    }
}

impl<T> CpuLocal<T> {
    /// From an array such as `[const { CachePadded::new(LocalCell::new(T::new())) }; MAX_CPUS]`.
    pub const fn new(cells: [CachePadded<LocalCell<T>>; MAX_CPUS]) -> Self {
        Self(cells)
    }

    /// Gives `f` this CPU's value. Panics if called again from within `f`.
    #[inline(always)]
    pub fn with<R>(&self, _irq: &IrqOff, f: impl FnOnce(&mut T) -> R) -> R {
        let cell = &self.0[platform::current_cpu().index()];
        assert!(!cell.busy.replace(true), "a CPU's own value is used twice at once");
        // SAFETY: only this CPU uses the cell, interrupts are off, and `busy` excludes a nested use.
        let result = f(unsafe { &mut *cell.value.get() });
        cell.busy.set(false);
        result
    }
}
