//! What an ELF file asks for, checked: pure planning, nothing is mapped here.
//!
//! Every number in the file is the user's. Whatever does not add up is `ENOEXEC`; all arithmetic is checked.

use abi::{Errno, Protection, Result};
use alloc::vec::Vec;
use elf::abi as elf_abi;
use elf::endian::LittleEndian;
use elf::file::{Class, FileHeader, parse_ident};
use elf::parse::ParsingTable;
use elf::segment::ProgramHeader;

/// How many bytes from the start of a file decide what it is.
pub const HEAD: usize = 256;

const PAGE: u64 = 4096;
const HEADER_SIZE: usize = 64;
const PROGRAM_HEADER_SIZE: u64 = 56;
const TABLE_LIMIT: u64 = 65536;
const PATH_LIMIT: u64 = 4096;
const IDENT: usize = elf_abi::EI_NIDENT;

/// Where the image wants to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// At the very addresses in the file.
    Fixed,
    /// Anywhere, with this alignment; addresses in the file are relative.
    Relocatable {
        /// A power of two, at least a page.
        alignment: u64,
    },
}

/// The ELF header, checked as far as it goes by itself.
#[derive(Debug)]
pub struct Header {
    file: FileHeader<LittleEndian>,
}

/// A part of the file to be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First address, not page-aligned.
    pub address: u64,
    /// Where its bytes lie in the file.
    pub offset: u64,
    /// How many bytes the file gives.
    pub file_size: u64,
    /// How many bytes it has in memory; the rest reads as zero.
    pub memory_size: u64,
    /// How it may be accessed.
    pub protection: Protection,
}

/// A program or an interpreter, ready to be mapped.
#[derive(Debug)]
pub struct Image {
    /// Where it wants to lie.
    pub position: Position,
    /// Where it starts to run.
    pub entry: u64,
    /// Its parts, by ascending address, not overlapping; at least one.
    pub segments: Vec<Segment>,
    /// The address of its program headers, where they are mapped at all.
    pub program_headers: Option<u64>,
    /// How many program headers there are.
    pub program_header_count: u16,
    /// Where in the file the interpreter's path lies: offset and length, with the closing NUL.
    pub interpreter: Option<(u64, usize)>,
    /// Whether the stack must be executable.
    pub stack: StackProtection,
}

/// What the stack may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackProtection {
    /// Data alone.
    Data,
    /// Data and code.
    Executable,
}

impl Header {
    /// Reads the header from the file's first bytes.
    pub fn parse(head: &[u8]) -> Result<Self> {
        let (ident, tail) = head.get(..HEADER_SIZE).ok_or(Errno::ENOEXEC)?.split_at(IDENT);
        let ident = parse_ident::<LittleEndian>(ident).map_err(|_| Errno::ENOEXEC)?;
        if ident.1 != Class::ELF64 {
            return Err(Errno::ENOEXEC);
        }
        let file = FileHeader::parse_tail(ident, tail).map_err(|_| Errno::ENOEXEC)?;
        let sound = matches!(file.e_type, elf_abi::ET_EXEC | elf_abi::ET_DYN)
            && file.e_machine == elf_abi::EM_X86_64
            && u64::from(file.e_phentsize) == PROGRAM_HEADER_SIZE
            && file.e_phnum > 0
            && u64::from(file.e_phnum) * PROGRAM_HEADER_SIZE <= TABLE_LIMIT;
        if sound { Ok(Self { file }) } else { Err(Errno::ENOEXEC) }
    }

    /// Where in the file the program headers lie: offset and length.
    pub fn table(&self) -> (u64, usize) {
        (self.file.e_phoff, usize::from(self.file.e_phnum) * PROGRAM_HEADER_SIZE as usize)
    }

    /// Plans the image from the program headers of a file of `file_size` bytes, for addresses below `limit`.
    pub fn plan(&self, table: &[u8], file_size: u64, limit: u64) -> Result<Image> {
        let headers = ParsingTable::<LittleEndian, ProgramHeader>::new(LittleEndian, Class::ELF64, table);
        let mut image = Image {
            position: Position::Fixed,
            entry: self.file.e_entry,
            segments: Vec::new(),
            program_headers: None,
            program_header_count: self.file.e_phnum,
            interpreter: None,
            stack: StackProtection::Data,
        };
        let mut alignment = PAGE;
        for header in headers.iter() {
            match header.p_type {
                elf_abi::PT_LOAD => {
                    alignment = alignment.max(alignment_of(&header));
                    image.add_segment(&header, file_size, limit)?;
                }
                elf_abi::PT_INTERP if image.interpreter.is_none() => {
                    image.interpreter = Some(interpreter_path(&header, file_size)?);
                }
                elf_abi::PT_GNU_STACK if header.p_flags & elf_abi::PF_X != 0 => {
                    image.stack = StackProtection::Executable;
                }
                _ => {}
            }
        }
        if self.file.e_type == elf_abi::ET_DYN {
            image.position = Position::Relocatable { alignment };
        }
        image.check(limit)?;
        image.program_headers = image.address_of(self.file.e_phoff, self.table().1 as u64);
        Ok(image)
    }
}

impl Image {
    /// The pages that the image spans: first address and length.
    pub fn span(&self) -> (u64, u64) {
        let start = self.segments.first().map_or(0, |first| first.address & !(PAGE - 1));
        let end = self.segments.last().map_or(start, Segment::end_page);
        (start, end - start)
    }

    fn add_segment(&mut self, header: &ProgramHeader, file_size: u64, limit: u64) -> Result<()> {
        if header.p_memsz == 0 {
            return Ok(());
        }
        let end = header.p_vaddr.checked_add(header.p_memsz).ok_or(Errno::ENOEXEC)?;
        let file_end = header.p_offset.checked_add(header.p_filesz).ok_or(Errno::ENOEXEC)?;
        let after_previous = self.segments.last().is_none_or(|previous| previous.end() <= header.p_vaddr);
        let sound = header.p_filesz <= header.p_memsz
            && file_end <= file_size
            && end <= limit
            && header.p_vaddr % PAGE == header.p_offset % PAGE
            && after_previous;
        if !sound {
            return Err(Errno::ENOEXEC);
        }
        self.segments.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.segments.push(Segment {
            address: header.p_vaddr,
            offset: header.p_offset,
            file_size: header.p_filesz,
            memory_size: header.p_memsz,
            protection: protection(header.p_flags),
        });
        Ok(())
    }

    fn check(&self, limit: u64) -> Result<()> {
        let lowest = self.segments.first().ok_or(Errno::ENOEXEC)?.address;
        let sound = match self.position {
            // The first pages stay unmapped so that null pointers fault.
            Position::Fixed => lowest >= 0x1_0000,
            Position::Relocatable { alignment } => alignment <= limit / 4,
        };
        if sound && self.entry < limit { Ok(()) } else { Err(Errno::ENOEXEC) }
    }

    /// The address at which these bytes of the file are mapped.
    fn address_of(&self, offset: u64, length: u64) -> Option<u64> {
        self.segments.iter().find_map(|segment| {
            let within = offset.checked_sub(segment.offset)?;
            (within.checked_add(length)? <= segment.file_size).then_some(segment.address + within)
        })
    }
}

impl Segment {
    /// One past its last byte.
    pub const fn end(&self) -> u64 {
        self.address + self.memory_size
    }

    /// One past its last page.
    pub const fn end_page(&self) -> u64 {
        (self.end() + PAGE - 1) & !(PAGE - 1)
    }
}

fn protection(flags: u32) -> Protection {
    let mut protection = Protection::empty();
    protection.set(Protection::READ, flags & elf_abi::PF_R != 0);
    protection.set(Protection::WRITE, flags & elf_abi::PF_W != 0);
    protection.set(Protection::EXECUTE, flags & elf_abi::PF_X != 0);
    protection
}

fn alignment_of(header: &ProgramHeader) -> u64 {
    if header.p_align.is_power_of_two() { header.p_align } else { 1 }
}

fn interpreter_path(header: &ProgramHeader, file_size: u64) -> Result<(u64, usize)> {
    let end = header.p_offset.checked_add(header.p_filesz).ok_or(Errno::ENOEXEC)?;
    if header.p_filesz < 2 || header.p_filesz > PATH_LIMIT || end > file_size {
        return Err(Errno::ENOEXEC);
    }
    Ok((header.p_offset, header.p_filesz as usize))
}

#[cfg(test)]
mod tests;
