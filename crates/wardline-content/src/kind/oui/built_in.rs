//! The registry that the program brings along, laid out when it was built: nothing is read or moved at the start.
//!
//! In: three tables of `build.rs`. The names one after the other, sorted without regard to case; where each begins
//! (four bytes, lowest first; one more for the end); the prefixes in order, ten bytes each: length, value (five
//! bytes, highest first), number of the name (four bytes, highest first).

/// Bytes of a prefix.
const ROW: usize = 10;
/// Bytes of a place.
const PLACE: usize = 4;

/// The tables.
#[derive(Debug)]
pub(crate) struct BuiltIn {
    pub(crate) names: &'static str,
    pub(crate) places: &'static [u8],
    pub(crate) rows: &'static [u8],
}

impl BuiltIn {
    /// Number of prefixes.
    pub(super) const fn len(&self) -> usize {
        self.rows.as_chunks::<ROW>().0.len()
    }

    /// The number of the registrant of a prefix.
    pub(super) fn find(&self, bits: u8, value: u64) -> Option<usize> {
        let &[_, _, _, v0, v1, v2, v3, v4] = &value.to_be_bytes();
        let key = [bits, v0, v1, v2, v3, v4];
        let (rows, _) = self.rows.as_chunks::<ROW>();
        let prefix = |row: &[u8; ROW]| row.first_chunk::<6>().copied().unwrap_or_default();
        let row = rows.get(rows.binary_search_by_key(&key, prefix).ok()?)?;
        usize::try_from(u32::from_be_bytes(*row.last_chunk()?)).ok()
    }

    /// The name of a number.
    pub(super) fn name(&self, number: usize) -> Option<&'static str> {
        let (places, _) = self.places.as_chunks::<PLACE>();
        let place = |number: usize| usize::try_from(u32::from_le_bytes(*places.get(number)?)).ok();
        self.names.get(place(number)?..place(number.checked_add(1)?)?)
    }

    /// The numbers of those whose names begin with `start`, or are it, without regard to case.
    pub(super) fn named(&self, start: &str, whole: bool) -> impl Iterator<Item = usize> {
        let folded = |text: &str| text.bytes().map(|b| b.to_ascii_lowercase()).collect::<Vec<u8>>();
        let start = folded(start);
        let (places, _) = self.places.as_chunks::<PLACE>();
        let name = move |number: usize| self.name(number).map(folded).unwrap_or_default();
        let (mut from, mut until) = (0_usize, places.len().saturating_sub(1));
        while from < until {
            let middle = from.midpoint(until);
            if name(middle) < start { from = middle.saturating_add(1) } else { until = middle }
        }
        let fits = move |number: &usize| {
            let name = name(*number);
            if whole { name == start } else { !name.is_empty() && name.starts_with(&start) }
        };
        (from..).take_while(fits)
    }
}
