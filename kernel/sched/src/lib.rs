//! Floor 4: threads, run queues, timers and wait queues.
#![no_std]
#![deny(unsafe_code)]
