//! A list that grows without moving what it holds.
//!
//! A vector that is full moves to one of twice the size: while it does there are three sizes of it, and half of the
//! last stays empty. Tables of flows and of sightings are most of the memory there is, so they grow in pieces.

/// A list in pieces of `SIZE` items; `SIZE` is a power of two.
#[derive(Debug)]
pub struct Chunks<T, const SIZE: usize> {
    /// All full but the last.
    pieces: Vec<Vec<T>>,
    len: usize,
}

impl<T, const SIZE: usize> Default for Chunks<T, SIZE> {
    fn default() -> Self {
        const { assert!(SIZE.is_power_of_two()) };
        Self { pieces: Vec::new(), len: 0 }
    }
}

impl<T, const SIZE: usize> Chunks<T, SIZE> {
    /// Bits of a number that tell the place in a piece.
    const BITS: u32 = SIZE.trailing_zeros();

    const fn place(at: usize) -> (usize, usize) {
        (at.wrapping_shr(Self::BITS), at & SIZE.wrapping_sub(1))
    }

    /// How many items there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The item of that number.
    #[must_use]
    #[inline]
    pub fn get(&self, at: usize) -> Option<&T> {
        let (piece, at) = Self::place(at);
        self.pieces.get(piece)?.get(at)
    }

    /// The item of that number, to change.
    #[inline]
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let (piece, at) = Self::place(at);
        self.pieces.get_mut(piece)?.get_mut(at)
    }

    /// Adds an item behind the last.
    pub fn push(&mut self, item: T) {
        match self.pieces.last_mut().filter(|piece| piece.len() < SIZE) {
            Some(piece) => piece.push(item),
            None => {
                let mut piece = Vec::with_capacity(SIZE);
                piece.push(item);
                self.pieces.push(piece);
            }
        }
        self.len = self.len.saturating_add(1);
    }

    /// The items in their order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }
}

impl<T, const SIZE: usize> IntoIterator for Chunks<T, SIZE> {
    type Item = T;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.pieces.into_iter().flatten()
    }
}

impl<T, const SIZE: usize> FromIterator<T> for Chunks<T, SIZE> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut chunks = Self::default();
        items.into_iter().for_each(|item| chunks.push(item));
        chunks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_where_they_were_put() {
        let mut chunks: Chunks<usize, 4> = (0..9).collect();
        assert_eq!((chunks.len(), chunks.is_empty()), (9, false));
        *chunks.get_mut(8).unwrap() = 80;
        let first: *const usize = chunks.get(0).unwrap();
        (9..100).for_each(|n| chunks.push(n));
        assert!(std::ptr::eq(first, chunks.get(0).unwrap()));
        assert_eq!((chunks.get(8), chunks.get(99), chunks.get(100)), (Some(&80), Some(&99), None));
        assert_eq!(chunks.iter().count(), 100);
        assert_eq!(chunks.into_iter().filter(|n| *n < 8).count(), 8);
    }
}
