//! Names and source lines for addresses of the kernel.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use addr2line::Loader;

/// The kernel's symbols, read when the first address is looked up.
pub struct Symbols {
    kernel: PathBuf,
    /// The source tree, whose name is cut from the files' names.
    root: PathBuf,
    loader: Option<Loader>,
}

/// Whether an address is that of an instruction, or the one to return to after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// The instruction itself.
    Instruction(u64),
    /// The one after a call: what is wanted is the call.
    Return(u64),
}

impl Symbols {
    /// Symbols of the ELF file `kernel`, built from the tree at `root`.
    pub fn new(kernel: &Path, root: &Path) -> Self {
        Self { kernel: kernel.to_path_buf(), root: root.to_path_buf(), loader: None }
    }

    /// The function at `address` and where it is, one line for each function inlined there, the innermost first;
    /// empty if nothing is known.
    pub fn describe(&mut self, address: Address) -> Vec<String> {
        if self.loader.is_none() {
            self.loader = Loader::new(&self.kernel).ok();
        }
        let Some(loader) = &self.loader else { return Vec::new() };
        let probe = match address {
            Address::Instruction(address) => address,
            Address::Return(address) => address.wrapping_sub(1),
        };
        let lines = self.describe_frames(loader, probe);
        if !lines.is_empty() {
            return lines;
        }
        loader.find_symbol(probe).map(|name| addr2line::demangle_auto(name.into(), None).into_owned()).into_iter().collect()
    }

    fn describe_frames(&self, loader: &Loader, probe: u64) -> Vec<String> {
        let mut lines = Vec::new();
        let Ok(mut frames) = loader.find_frames(probe) else { return lines };
        while let Ok(Some(frame)) = frames.next() {
            let Some(function) = &frame.function else { continue };
            let mut line = function.demangle().map(|name| shorten(&name)).unwrap_or_else(|_| "?".into());
            if let Some(location) = &frame.location {
                let file = location.file.unwrap_or("?");
                let file = Path::new(file).strip_prefix(&self.root).unwrap_or(Path::new(file));
                // Writing to a String cannot fail.
                let _ = write!(line, " at {}:{}", file.display(), location.line.unwrap_or(0));
            }
            lines.push(line);
        }
        lines
    }
}

/// Drops the hash that ends a mangled Rust name.
fn shorten(name: &str) -> String {
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => path.to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_program_has_a_name_and_a_line() {
        let program = std::env::current_exe().unwrap();
        let loader = Loader::new(&program).unwrap();
        let bytes = std::fs::read(&program).unwrap();
        let file = <object::File<'_>>::parse(&*bytes).unwrap();
        let symbol = object::Object::symbols(&file)
            .find(|symbol| object::ObjectSymbol::name(symbol).is_ok_and(|name| name.contains("Symbols8describe")))
            .unwrap();
        let address = object::ObjectSymbol::address(&symbol);
        assert!(loader.find_symbol(address).is_some());
        let mut symbols = Symbols::new(&program, Path::new(env!("CARGO_MANIFEST_DIR")));
        let lines = symbols.describe(Address::Instruction(address));
        assert!(lines[0].contains("Symbols::describe"), "{lines:?}");
        assert!(lines[0].contains("src/symbols.rs:"), "{lines:?}");
    }

    #[test]
    fn hashes_are_dropped() {
        assert_eq!(shorten("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(shorten("a::hello"), "a::hello");
    }
}
