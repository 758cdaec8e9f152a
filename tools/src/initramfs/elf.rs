//! What an ELF file asks its loader for.
//!
//! Nothing here fails: a file that cannot be understood asks for nothing, and the guest's own exec judges it.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use elf::ElfStream;
use elf::abi::{DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_STRSZ, DT_STRTAB, EM_X86_64, PT_INTERP, PT_LOAD};
use elf::endian::LittleEndian;
use elf::file::Class;
use elf::segment::ProgramHeader;

/// The loader's view of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// PT_INTERP.
    pub interpreter: Option<PathBuf>,
    /// DT_NEEDED, in order.
    pub needed: Vec<String>,
    /// DT_RPATH, split at colons.
    pub rpath: Vec<String>,
    /// DT_RUNPATH, split at colons.
    pub runpath: Vec<String>,
}

/// Reads the file at `path`; `None` if it is no ELF file for x86-64.
pub fn read(path: &Path) -> Option<Image> {
    parse(File::open(path).ok()?)
}

/// Whether the file is an x86-64 program that needs no interpreter.
pub fn is_static(path: &Path) -> bool {
    read(path).is_some_and(|image| image.interpreter.is_none() && image.needed.is_empty())
}

/// Reads an ELF file; `None` if it is none for x86-64.
pub fn parse(source: impl Read + Seek) -> Option<Image> {
    let mut file = ElfStream::<LittleEndian, _>::open_stream(source).ok()?;
    if file.ehdr.e_machine != EM_X86_64 || file.ehdr.class != Class::ELF64 {
        return None;
    }
    let mut image = Image::default();
    if let Some(header) = file.segments().iter().find(|segment| segment.p_type == PT_INTERP).copied() {
        image.interpreter = file.segment_data(&header).ok().map(|bytes| first_string(bytes).into());
    }
    read_dynamic(&mut file, &mut image);
    Some(image)
}

fn read_dynamic<S: Read + Seek>(file: &mut ElfStream<LittleEndian, S>, image: &mut Image) -> Option<()> {
    let entries: Vec<(i64, u64)> = file.dynamic().ok()??.iter().map(|entry| (entry.d_tag, entry.d_val())).collect();
    let value = |tag: i64| entries.iter().find(|entry| entry.0 == tag).map(|entry| entry.1);
    let (address, size) = (value(DT_STRTAB)?, value(DT_STRSZ)?);
    let table = file.segments().iter().find_map(|segment| part(segment, address, size))?;
    let table = file.segment_data(&table).ok()?;
    for (tag, start) in entries {
        let text = || Some(first_string(table.get(usize::try_from(start).ok()?..)?));
        let paths =
            || text().unwrap_or_default().split(':').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        match tag {
            DT_NEEDED => image.needed.extend(text()),
            DT_RPATH => image.rpath = paths(),
            DT_RUNPATH => image.runpath = paths(),
            _ => {}
        }
    }
    Some(())
}

/// A segment that covers exactly `size` bytes at `address`, if `segment` holds them.
fn part(segment: &ProgramHeader, address: u64, size: u64) -> Option<ProgramHeader> {
    let start = address.checked_sub(segment.p_vaddr)?;
    let is_inside = segment.p_type == PT_LOAD && start.checked_add(size)? <= segment.p_filesz;
    is_inside.then_some(ProgramHeader { p_offset: segment.p_offset.checked_add(start)?, p_filesz: size, ..*segment })
}

fn first_string(bytes: &[u8]) -> String {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_program_needs_the_c_library() {
        let image = read(&std::env::current_exe().unwrap()).unwrap();
        assert!(image.interpreter.is_some());
        assert!(image.needed.iter().any(|name| name.starts_with("libc.")));
    }

    #[test]
    fn every_truncation_of_a_program_is_read_without_panic() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for length in (0..4096).chain([8192, 65536]) {
            let _ = parse(std::io::Cursor::new(&bytes[..length]));
        }
    }
}
