//! Overflows the stack: of the main thread, or of another with the argument `thread`.

#[inline(never)]
fn dig(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { dig(depth + 1) + room[depth as usize % room.len()] }
}

fn main() {
    if std::env::args().nth(1).is_some_and(|argument| argument == "thread") {
        let ended = std::thread::spawn(|| dig(0)).join();
        println!("still here: {ended:?}");
    } else {
        println!("still here: {}", dig(0));
    }
}
