//! Names and source lines for addresses of the kernel.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use elf::ElfBytes;
use elf::abi::STT_FUNC;
use gimli::{Dwarf, EndianRcSlice, LittleEndian, SectionId};

type Reader = EndianRcSlice<LittleEndian>;
type File<'data> = ElfBytes<'data, elf::endian::LittleEndian>;

/// The kernel's symbols, read when the first address is looked up.
pub struct Symbols {
    kernel: PathBuf,
    /// The source tree, whose name is cut from the files' names.
    root: PathBuf,
    tables: Option<Tables>,
}

/// What the ELF file says.
struct Tables {
    lines: Option<addr2line::Context<Reader>>,
    functions: Vec<Function>,
}

struct Function {
    start: u64,
    size: u64,
    name: String,
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
        Self { kernel: kernel.to_path_buf(), root: root.to_path_buf(), tables: None }
    }

    /// The function at `address` and where it is, one line for each function inlined there, the innermost first;
    /// empty if nothing is known.
    pub fn describe(&mut self, address: Address) -> Vec<String> {
        let tables = self.tables.get_or_insert_with(|| Tables::read(&self.kernel));
        match address {
            Address::Return(address) => tables.describe(address.wrapping_sub(1), &self.root),
            Address::Instruction(address) => {
                let lines = tables.describe(address, &self.root);
                // The call of a function that never returns may be the last instruction of its caller.
                if lines.is_empty() { tables.describe(address.wrapping_sub(1), &self.root) } else { lines }
            }
        }
    }
}

/// The address of the symbol `name` in an ELF file.
pub fn address_of(file: &Path, name: &str) -> Option<u64> {
    let bytes = std::fs::read(file).ok()?;
    let file = File::minimal_parse(&bytes).ok()?;
    let (symbols, names) = file.symbol_table().ok()??;
    let symbol = symbols.iter().find(|symbol| names.get(symbol.st_name as usize).is_ok_and(|found| found == name))?;
    Some(symbol.st_value)
}

impl Tables {
    /// What cannot be read is not known: a trace without names is better than none.
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_default();
        let Ok(file) = File::minimal_parse(&bytes) else { return Self { lines: None, functions: Vec::new() } };
        let load = |id: SectionId| -> Result<Reader, gimli::Error> {
            let header = file.section_header_by_name(id.name()).ok().flatten();
            let data = header.and_then(|header| file.section_data(&header).ok()).map_or(&[][..], |(data, _)| data);
            Ok(EndianRcSlice::new(Rc::from(data), LittleEndian))
        };
        let lines = Dwarf::load(load).and_then(addr2line::Context::from_dwarf).ok();
        Self { lines, functions: read_functions(&file).unwrap_or_default() }
    }

    fn describe(&self, probe: u64, root: &Path) -> Vec<String> {
        let mut lines = self.describe_lines(probe, root);
        let Some(symbol) = self.describe_function(probe) else { return lines };
        match lines.last_mut() {
            // Of the function that the others are inlined into, the symbol has the whole path.
            Some(line) => {
                let place = line.find(" at ").map_or(String::new(), |at| line[at..].to_owned());
                *line = symbol + &place;
            }
            None => lines.push(symbol),
        }
        lines
    }

    fn describe_lines(&self, probe: u64, root: &Path) -> Vec<String> {
        let mut lines = Vec::new();
        let Some(context) = &self.lines else { return lines };
        let Ok(mut frames) = context.find_frames(probe).skip_all_loads() else { return lines };
        while let Ok(Some(frame)) = frames.next() {
            let Some(function) = &frame.function else { continue };
            let mut line = function.demangle().map_or("?".into(), |name| shorten(&name));
            if let Some(location) = &frame.location {
                let file = Path::new(location.file.unwrap_or("?"));
                let file = file.strip_prefix(root).unwrap_or(file);
                // Writing to a String cannot fail.
                let _ = write!(line, " at {}:{}", file.display(), location.line.unwrap_or(0));
            }
            lines.push(line);
        }
        lines
    }

    fn describe_function(&self, probe: u64) -> Option<String> {
        let function = self.functions.iter().find(|function| probe.wrapping_sub(function.start) < function.size)?;
        Some(shorten(&addr2line::demangle_auto(function.name.as_str().into(), None)))
    }
}

fn read_functions(file: &File<'_>) -> Option<Vec<Function>> {
    let (symbols, names) = file.symbol_table().ok()??;
    let functions = symbols.iter().filter(|symbol| symbol.st_symtype() == STT_FUNC).filter_map(|symbol| {
        let name = names.get(symbol.st_name as usize).ok()?.to_owned();
        Some(Function { start: symbol.st_value, size: symbol.st_size, name })
    });
    Some(functions.collect())
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
        let tables = Tables::read(&program);
        let function = tables.functions.iter().find(|function| function.name.contains("Symbols8describe")).unwrap();
        let address = function.start;
        assert!(tables.describe_function(address).unwrap().contains("Symbols::describe"));
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
