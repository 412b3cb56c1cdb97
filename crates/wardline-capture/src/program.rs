//! Classic filter programs, as the kernel takes them for sockets and for system calls: jumps by label.
//!
//! The machine has one accumulator and jumps forward only, at most 255 instructions in a condition: conditions that
//! lead far are laid as two steps, so that programs may be long.

/// An instruction: code, jump if true, jump if false, operand.
pub(crate) type Step = (u16, u8, u8, u32);

/// Load a word at an absolute offset.
pub(crate) const LOAD_WORD: u16 = 0x20;
/// Load a half word at an absolute offset.
pub(crate) const LOAD_HALF: u16 = 0x28;
/// Load a byte at an absolute offset.
pub(crate) const LOAD_BYTE: u16 = 0x30;
/// Load a half word behind the index.
pub(crate) const LOAD_HALF_BEHIND: u16 = 0x48;
/// Index = four times the low nibble of the byte at an offset: the length of an IPv4 header.
pub(crate) const HEADER_LENGTH: u16 = 0xb1;
/// Accumulator and operand.
const AND: u16 = 0x54;
/// Jump if equal.
const EQUAL: u16 = 0x15;
/// Jump if any bit is set.
const ANY_BIT: u16 = 0x45;
/// Jump if greater or equal.
const AT_LEAST: u16 = 0x35;
/// Jump always.
const JUMP: u16 = 0x05;
/// Return the operand.
const RETURN: u16 = 0x06;

/// A program in the making.
#[derive(Default)]
pub(crate) struct Program {
    steps: Vec<Step>,
}

impl Program {
    /// Appends a step that does not jump.
    pub(crate) fn step(&mut self, code: u16, operand: u32) -> &mut Self {
        self.steps.push((code, 0, 0, operand));
        self
    }

    /// Keeps these bits of the accumulator.
    pub(crate) fn keep(&mut self, bits: u32) -> &mut Self {
        self.step(AND, bits)
    }

    /// Ends with `answer`.
    pub(crate) fn end(&mut self, answer: u32) -> &mut Self {
        self.step(RETURN, answer)
    }

    /// Ends with `answer` when the accumulator is `value`.
    pub(crate) fn end_if(&mut self, value: u32, answer: u32) -> &mut Self {
        self.steps.push((EQUAL, 0, 1, value));
        self.end(answer)
    }

    /// Ends with `answer` when the accumulator has none of these bits.
    pub(crate) fn end_if_none(&mut self, bits: u32, answer: u32) -> &mut Self {
        self.steps.push((ANY_BIT, 1, 0, bits));
        self.end(answer)
    }

    /// Ends with `answer` when the accumulator has any of these bits.
    pub(crate) fn end_if_any(&mut self, bits: u32, answer: u32) -> &mut Self {
        self.steps.push((ANY_BIT, 0, 1, bits));
        self.end(answer)
    }

    /// Ends with `answer` when the accumulator is at least `value`.
    pub(crate) fn end_if_at_least(&mut self, value: u32, answer: u32) -> &mut Self {
        self.steps.push((AT_LEAST, 0, 1, value));
        self.end(answer)
    }

    /// Runs `inner` only when the accumulator is `value`; goes on behind it otherwise, or when it is at its end.
    pub(crate) fn when(&mut self, value: u32, inner: impl FnOnce(&mut Self)) -> &mut Self {
        self.branch(EQUAL, value, inner)
    }

    /// Runs `inner` only when the accumulator has none of these bits.
    pub(crate) fn unless_any(&mut self, bits: u32, inner: impl FnOnce(&mut Self)) -> &mut Self {
        let mut body = Self::default();
        inner(&mut body);
        self.steps.push((ANY_BIT, 0, 1, bits));
        self.steps.push((JUMP, 0, 0, count(&body)));
        self.steps.append(&mut body.steps);
        self
    }

    fn branch(&mut self, code: u16, value: u32, inner: impl FnOnce(&mut Self)) -> &mut Self {
        let mut body = Self::default();
        inner(&mut body);
        self.steps.push((code, 1, 0, value));
        self.steps.push((JUMP, 0, 0, count(&body)));
        self.steps.append(&mut body.steps);
        self
    }

    /// The instructions.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

fn count(program: &Program) -> u32 {
    u32::try_from(program.steps.len()).unwrap_or(u32::MAX)
}

/// Runs a program over bytes as the kernel would, for tests: words are big endian, loads outside end with 0.
#[cfg(test)]
pub(crate) fn run(steps: &[Step], bytes: &[u8], ancillary: &dyn Fn(u32) -> u32) -> u32 {
    let (mut at, mut a, mut x) = (0_usize, 0_u32, 0_u32);
    let read = |offset: usize, size: usize| {
        bytes.get(offset..offset + size).map(|b| b.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)))
    };
    loop {
        let (code, jt, jf, k) = steps[at];
        at += 1;
        let load = |size| if k >= 0xffff_f000 { Some(ancillary(k)) } else { read(k as usize, size) };
        let behind = |size| read(x as usize + k as usize, size);
        let loaded = match code {
            LOAD_WORD => load(4),
            LOAD_HALF => load(2),
            LOAD_BYTE => load(1),
            LOAD_HALF_BEHIND => behind(2),
            AND => Some(a & k),
            RETURN => return k,
            JUMP => {
                at += k as usize;
                continue;
            }
            HEADER_LENGTH => {
                let Some(byte) = read(k as usize, 1) else { return 0 };
                x = (byte & 15) * 4;
                continue;
            }
            EQUAL | ANY_BIT | AT_LEAST => {
                let so = match code {
                    EQUAL => a == k,
                    ANY_BIT => a & k != 0,
                    _ => a >= k,
                };
                at += usize::from(if so { jt } else { jf });
                continue;
            }
            other => panic!("instruction {other:#x}"),
        };
        let Some(value) = loaded else { return 0 };
        a = value;
    }
}
