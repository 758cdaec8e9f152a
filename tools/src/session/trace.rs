//! A trace of every processor without the guest's help: QEMU tells the registers and reads the stack.

use crate::failure::Result;
use crate::machine::monitor::Monitor;
use crate::symbols::{Address, Symbols};

/// Frames shown of each processor.
const MAX_FRAMES: usize = 32;
/// Addresses from here on are the kernel's.
const KERNEL: u64 = 0xffff_8000_0000_0000;

/// One processor, as `info registers -a` shows it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Registers {
    processor: u32,
    instruction: u64,
    frame: u64,
}

/// The lines of the trace.
pub fn read(monitor: &mut Monitor, symbols: &mut Symbols) -> Result<Vec<String>> {
    let mut lines = vec!["trace of the processors, read by QEMU:".to_owned()];
    for registers in parse_registers(&monitor.ask("info registers -a")?) {
        lines.push(format!("cpu{}:", registers.processor));
        monitor.ask(&format!("cpu {}", registers.processor))?;
        describe(0, Address::Instruction(registers.instruction), symbols, &mut lines);
        let mut frame = registers.frame;
        for number in 1..MAX_FRAMES {
            if frame < KERNEL || registers.instruction < KERNEL {
                break;
            }
            let Some((next, address)) = parse_pair(&monitor.ask(&format!("x /2gx {frame:#x}"))?) else { break };
            if address < KERNEL {
                break;
            }
            describe(number, Address::Return(address), symbols, &mut lines);
            frame = next;
        }
    }
    Ok(lines)
}

fn describe(number: usize, address: Address, symbols: &mut Symbols, lines: &mut Vec<String>) {
    let (Address::Instruction(value) | Address::Return(value)) = address;
    lines.push(format!("  #{number} {value:#018x}"));
    if value < KERNEL {
        lines.push("       in user mode".into());
    } else {
        lines.extend(symbols.describe(address).iter().map(|name| format!("       {name}")));
    }
}

fn parse_registers(text: &str) -> Vec<Registers> {
    let mut all: Vec<Registers> = Vec::new();
    for word in text.split_whitespace() {
        if let Some(processor) = word.strip_prefix("CPU#").and_then(|number| number.parse().ok()) {
            all.push(Registers { processor, ..Registers::default() });
        }
        let Some(registers) = all.last_mut() else { continue };
        let value = |name: &str| word.strip_prefix(name).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        registers.instruction = value("RIP=").unwrap_or(registers.instruction);
        registers.frame = value("RBP=").unwrap_or(registers.frame);
    }
    all
}

/// `ffffffff80001000: 0x0000000000000001 0x0000000000000002`
fn parse_pair(text: &str) -> Option<(u64, u64)> {
    let (_, values) = text.split_once(':')?;
    let mut values = values.split_whitespace().map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok());
    Some((values.next()??, values.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_of_all_processors_are_found() {
        let text = "\r\nCPU#0\r\nRAX=0 RBX=1\r\nRSI=0 RDI=0 RBP=ffff800000001000 RSP=0\r\nRIP=ffffffff80000010 RFL=2\r\n\
                    \r\nCPU#1\r\nRBP=0000000000000000\r\nRIP=0000000000401000 RFL=2\r\n";
        let expected = [
            Registers { processor: 0, instruction: 0xffff_ffff_8000_0010, frame: 0xffff_8000_0000_1000 },
            Registers { processor: 1, instruction: 0x40_1000, frame: 0 },
        ];
        assert_eq!(parse_registers(text), expected);
    }

    #[test]
    fn two_words_of_memory_are_read() {
        assert_eq!(parse_pair("ffff800000001000: 0x0000000000000001 0x00000000000000ff\r\n"), Some((1, 255)));
        assert_eq!(parse_pair("Cannot access memory\r\n"), None);
    }
}
