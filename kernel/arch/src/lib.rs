//! Floor 1: x86-64.
#![no_std]
