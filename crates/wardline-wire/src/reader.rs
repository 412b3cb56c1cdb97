//! The one way to read bytes from outside: bounded, by name, never past the end.

use thiserror::Error;

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The bytes end before the field does: wait for more, or say that it was cut.
    #[error("cut short at {0}")]
    Truncated(&'static str),
    /// The bytes contradict the format.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// Valid, but nothing we read.
    #[error("unsupported {0}")]
    Unsupported(&'static str),
    /// Beyond a bound of ours.
    #[error("{0} too large")]
    TooLarge(&'static str),
}

/// A cursor over a slice. Every read names the field it wanted.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident: $int:ty, $from:ident, $bytes:literal;)*) => {
        $($(#[$doc])*
        /// # Errors
        /// [`Fault::Truncated`] with `field` when too few bytes are left.
        pub fn $name(&mut self, field: &'static str) -> Result<$int, Fault> {
            let (head, rest) = self.rest.split_first_chunk::<$bytes>().ok_or(Fault::Truncated(field))?;
            self.rest = rest;
            Ok(<$int>::$from(*head))
        })*
    };
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    integers! {
        /// One byte.
        u8: u8, from_be_bytes, 1;
        /// Two bytes, big endian.
        u16: u16, from_be_bytes, 2;
        /// Two bytes, little endian.
        u16_le: u16, from_le_bytes, 2;
        /// Four bytes, big endian.
        u32: u32, from_be_bytes, 4;
        /// Four bytes, little endian.
        u32_le: u32, from_le_bytes, 4;
        /// Eight bytes, big endian.
        u64: u64, from_be_bytes, 8;
        /// Eight bytes, little endian.
        u64_le: u64, from_le_bytes, 8;
    }

    /// Three bytes, big endian.
    ///
    /// # Errors
    /// [`Fault::Truncated`] with `field` when too few bytes are left.
    pub fn u24(&mut self, field: &'static str) -> Result<u32, Fault> {
        let [a, b, c] = self.array(field)?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`Fault::Truncated`] with `field` when too few bytes are left; nothing is consumed then.
    pub fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], Fault> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(Fault::Truncated(field))?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `count` bytes, or as many as there are.
    pub fn take_up_to(&mut self, count: usize) -> &'a [u8] {
        let (head, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        head
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Fault::Truncated`] with `field` when too few bytes are left.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Fault> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(Fault::Truncated(field))?;
        self.rest = rest;
        Ok(*head)
    }

    /// A reader over the next `count` bytes, with its own end.
    ///
    /// # Errors
    /// [`Fault::Truncated`] with `field` when too few bytes are left.
    pub fn sub(&mut self, count: usize, field: &'static str) -> Result<Self, Fault> {
        self.take(count, field).map(Self::new)
    }

    /// Leaves out `count` bytes.
    ///
    /// # Errors
    /// [`Fault::Truncated`] with `field` when too few bytes are left.
    pub fn skip(&mut self, count: usize, field: &'static str) -> Result<(), Fault> {
        self.take(count, field).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_read_names_its_field_and_consumes_nothing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16("length"), Ok(0x0102));
        assert_eq!(reader.u32("body"), Err(Fault::Truncated("body")));
        assert_eq!(reader.rest(), [3]);
        assert_eq!(reader.take_up_to(9), [3]);
        assert!(reader.is_empty());
    }
}
