//! Sets of CPUs as text: lists such as `0-3,8` and masks such as `ff`.

use super::text::Text;
use core::fmt::{self, Write};

/// Writes ascending CPU numbers as ranges: `0-3,8`.
pub fn write_list(text: &mut Text, cpus: impl Iterator<Item = usize>) -> fmt::Result {
    let mut range: Option<(usize, usize)> = None;
    let mut is_first = true;
    for cpu in cpus {
        range = match range {
            Some((start, end)) if cpu == end + 1 => Some((start, cpu)),
            done => {
                write_range(text, done, &mut is_first)?;
                Some((cpu, cpu))
            }
        };
    }
    write_range(text, range, &mut is_first)
}

fn write_range(text: &mut Text, range: Option<(usize, usize)>, is_first: &mut bool) -> fmt::Result {
    let Some((start, end)) = range else { return Ok(()) };
    if !core::mem::take(is_first) {
        text.write_str(",")?;
    }
    match start == end {
        true => write!(text, "{start}"),
        false => write!(text, "{start}-{end}"),
    }
}

/// Writes a set among `count` possible CPUs as hexadecimal groups of 32 bits, highest first:
/// `ff` or `00000001,00000000`.
pub fn write_mask(text: &mut Text, cpus: impl Iterator<Item = usize> + Clone, count: usize) -> fmt::Result {
    let groups = count.div_ceil(32).max(1);
    for group in (0..groups).rev() {
        let in_group = |cpu: &usize| cpu / 32 == group;
        let bits = cpus.clone().filter(in_group).fold(0u32, |bits, cpu| bits | 1 << (cpu % 32));
        // The highest group shows as many digits as there are CPUs in it.
        let digits = if group + 1 == groups { (count - 32 * group).div_ceil(4).clamp(1, 8) } else { 8 };
        write!(text, "{bits:0digits$x}{}", if group == 0 { "" } else { "," })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(cpus: &[usize]) -> Vec<u8> {
        Text::build(|text| write_list(text, cpus.iter().copied())).unwrap()
    }

    fn mask(cpus: &[usize], count: usize) -> Vec<u8> {
        Text::build(|text| write_mask(text, cpus.iter().copied(), count)).unwrap()
    }

    #[test]
    fn neighbours_become_ranges() {
        assert_eq!(list(&[]), b"");
        assert_eq!(list(&[0]), b"0");
        assert_eq!(list(&[0, 1, 2, 3, 8, 10, 11]), b"0-3,8,10-11");
    }

    #[test]
    fn masks_are_grouped_from_the_top() {
        assert_eq!(mask(&[0, 1, 2, 3, 4, 5, 6, 7], 8), b"ff");
        assert_eq!(mask(&[0], 2), b"1");
        assert_eq!(mask(&[32, 63], 64), b"80000001,00000000");
    }
}
