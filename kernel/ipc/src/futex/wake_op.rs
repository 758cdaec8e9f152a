//! The little program in the last argument of FUTEX_WAKE_OP.

/// An operation on a word and a comparison with its old value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WakeOp {
    change: Change,
    operand: u32,
    comparison: Comparison,
    against: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Set,
    Add,
    Or,
    AndNot,
    Xor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl WakeOp {
    /// Bits 28–30 are the change, 31 says that the operand is a shift count, 24–27 the
    /// comparison, 12–23 the operand, 0–11 what to compare with, both signed. `None` for unknown numbers.
    pub fn decode(word: u32) -> Option<Self> {
        let signed_12_bits = |bits: u32| ((bits << 20) as i32) >> 20;
        let change = match word >> 28 & 7 {
            0 => Change::Set,
            1 => Change::Add,
            2 => Change::Or,
            3 => Change::AndNot,
            4 => Change::Xor,
            _ => return None,
        };
        let comparison = match word >> 24 & 15 {
            0 => Comparison::Equal,
            1 => Comparison::NotEqual,
            2 => Comparison::Less,
            3 => Comparison::LessOrEqual,
            4 => Comparison::Greater,
            5 => Comparison::GreaterOrEqual,
            _ => return None,
        };
        let given = signed_12_bits(word >> 12 & 0xfff) as u32;
        let operand = if word >> 31 == 1 { 1 << (given & 31) } else { given };
        Some(Self { change, operand, comparison, against: signed_12_bits(word & 0xfff) })
    }

    /// The word after the change.
    pub fn apply(self, old: u32) -> u32 {
        match self.change {
            Change::Set => self.operand,
            Change::Add => old.wrapping_add(self.operand),
            Change::Or => old | self.operand,
            Change::AndNot => old & !self.operand,
            Change::Xor => old ^ self.operand,
        }
    }

    /// Whether the old word compares as asked.
    pub fn is_satisfied_by(self, old: u32) -> bool {
        let old = old as i32;
        match self.comparison {
            Comparison::Equal => old == self.against,
            Comparison::NotEqual => old != self.against,
            Comparison::Less => old < self.against,
            Comparison::LessOrEqual => old <= self.against,
            Comparison::Greater => old > self.against,
            Comparison::GreaterOrEqual => old >= self.against,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(change: u32, operand: u32, comparison: u32, against: u32) -> u32 {
        change << 28 | comparison << 24 | (operand & 0xfff) << 12 | (against & 0xfff)
    }

    #[test]
    fn changes_and_comparisons_are_decoded() {
        let add_minus_one_if_greater = WakeOp::decode(op(1, 0xfff, 4, 1)).unwrap();
        assert_eq!(add_minus_one_if_greater.apply(2), 1);
        assert!(add_minus_one_if_greater.is_satisfied_by(2));
        assert!(!add_minus_one_if_greater.is_satisfied_by(1));
        let set_bit = WakeOp::decode(op(8 | 2, 31, 2, 0xfff)).unwrap();
        assert_eq!(set_bit.apply(1), 0x8000_0001);
        assert!(set_bit.is_satisfied_by(-2i32 as u32));
        assert!(!set_bit.is_satisfied_by(-1i32 as u32));
    }

    #[test]
    fn unknown_numbers_are_refused() {
        assert_eq!(WakeOp::decode(op(5, 0, 0, 0)), None);
        assert_eq!(WakeOp::decode(op(0, 0, 6, 0)), None);
    }
}
