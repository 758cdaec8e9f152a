//! Panics, some calls deep: the backtrace names the functions.

#[inline(never)]
fn outer_function(depth: u32) -> u32 {
    if depth == 0 { inner_function(std::env::args().count()) } else { outer_function(depth - 1) + 1 }
}

#[inline(never)]
fn inner_function(count: usize) -> u32 {
    let empty: Vec<u32> = Vec::new();
    empty[count]
}

fn main() {
    println!("{}", outer_function(3));
}
