//! What cargo run and cargo test start.
#![forbid(unsafe_code)]
fn main() {}
