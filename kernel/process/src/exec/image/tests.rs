use super::*;
use std::vec;

const LIMIT: u64 = 0x7fff_ffff_f000;

struct Load {
    address: u64,
    offset: u64,
    file_size: u64,
    memory_size: u64,
}

fn program_header(kind: u32, flags: u32, load: &Load) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(kind.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    for word in [load.offset, load.address, load.address, load.file_size, load.memory_size, PAGE] {
        bytes.extend(word.to_le_bytes());
    }
    bytes
}

fn file(kind: u16, entry: u64, headers: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(kind.to_le_bytes());
    bytes.extend(62u16.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    for word in [entry, 64, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(0u32.to_le_bytes());
    for half in [64u16, 56, headers.len() as u16, 0, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    headers.iter().for_each(|header| bytes.extend(header));
    bytes
}

fn plan(bytes: &[u8]) -> Result<Image> {
    let header = Header::parse(&bytes[..bytes.len().min(HEAD)])?;
    let (offset, length) = header.table();
    let end = (offset as usize).checked_add(length).ok_or(Errno::ENOEXEC)?;
    header.plan(bytes.get(offset as usize..end).ok_or(Errno::ENOEXEC)?, 0x10000, LIMIT)
}

fn text() -> Load {
    Load { address: 0x40_0000, offset: 0, file_size: 0x1234, memory_size: 0x1234 }
}

fn data() -> Load {
    Load { address: 0x40_2234, offset: 0x1234, file_size: 0x100, memory_size: 0x3000 }
}

#[test]
fn a_static_program_is_planned_as_it_says() {
    let bytes = file(2, 0x40_1000, &[program_header(1, 5, &text()), program_header(1, 6, &data())]);
    let image = plan(&bytes).unwrap();
    assert_eq!(image.position, Position::Fixed);
    assert_eq!(image.program_headers, Some(0x40_0040));
    assert_eq!(image.span(), (0x40_0000, 0x6000));
    assert_eq!(image.segments[1].protection, Protection::READ | Protection::WRITE);
    assert_eq!(image.stack, StackProtection::Data);
}

#[test]
fn a_position_independent_program_keeps_its_alignment_and_interpreter() {
    let low = Load { address: 0, ..text() };
    let path = Load { address: 0x200, offset: 0x200, file_size: 28, memory_size: 28 };
    let bytes = file(3, 0x1000, &[program_header(3, 4, &path), program_header(1, 5, &low)]);
    let image = plan(&bytes).unwrap();
    assert_eq!(image.position, Position::Relocatable { alignment: PAGE });
    assert_eq!(image.interpreter, Some((0x200, 28)));
}

#[test]
fn every_truncation_is_refused() {
    let bytes = file(2, 0x40_1000, &[program_header(1, 5, &text()), program_header(1, 6, &data())]);
    for length in 0..bytes.len() {
        assert_eq!(plan(&bytes[..length]).unwrap_err(), Errno::ENOEXEC, "{length} bytes");
    }
}

#[test]
fn no_flipped_byte_breaks_the_planner() {
    let bytes = file(2, 0x40_1000, &[program_header(1, 5, &text()), program_header(1, 6, &data())]);
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut broken = bytes.clone();
            broken[at] = value;
            if let Ok(image) = plan(&broken) {
                let (start, length) = image.span();
                assert!(start + length <= LIMIT + PAGE);
            }
        }
    }
}

#[test]
fn segments_that_do_not_add_up_are_refused() {
    let broken = [
        Load { file_size: 0x2000, ..text() },
        Load { address: u64::MAX - 0xfff, ..text() },
        Load { offset: u64::MAX & !0xfff, ..text() },
        Load { address: 0x40_0001, ..text() },
        Load { memory_size: u64::MAX, ..text() },
        Load { address: 0x1000, ..text() },
        Load { address: LIMIT - 0x1000, ..text() },
    ];
    for load in &broken {
        let bytes = file(2, 0x40_1000, &[program_header(1, 5, load)]);
        assert_eq!(plan(&bytes).unwrap_err(), Errno::ENOEXEC, "{:#x} {:#x}", load.address, load.offset);
    }
    let overlapping = file(2, 0x40_1000, &[program_header(1, 6, &data()), program_header(1, 5, &text())]);
    assert_eq!(plan(&overlapping).unwrap_err(), Errno::ENOEXEC);
    assert_eq!(plan(&file(2, 0x40_1000, &[program_header(0, 0, &text())])).unwrap_err(), Errno::ENOEXEC);
}

#[test]
fn other_machines_classes_and_kinds_are_refused() {
    let good = file(2, 0x40_1000, &[program_header(1, 5, &text())]);
    for (at, value) in [(4, 1), (5, 2), (16, 1), (18, 3), (54, 32), (56, 0)] {
        let mut bytes = good.clone();
        bytes[at] = value;
        assert_eq!(plan(&bytes).unwrap_err(), Errno::ENOEXEC, "byte {at}");
    }
}
