//! Floor 2: locks and per-CPU data.
#![no_std]
