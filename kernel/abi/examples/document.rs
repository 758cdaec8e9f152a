//! Prints the documentation page of the system calls: `cargo run -p abi --example document`.

fn main() {
    let mut page = String::new();
    match abi::table::document(&mut page) {
        Ok(()) => print!("{page}"),
        Err(error) => eprintln!("{error}"),
    }
}
