//! The text of a registry: one line per registrant, `name<TAB>prefix prefix …`. Read when a program is built, for the
//! tables it brings along, and when a site lays its own over them.

/// A prefix: its length in bits, its value, and the number of the registrant's line among those that hold one.
pub(crate) type Row = (u8, u64, usize);

/// What a text holds, and the lines that are wrong, by number.
#[derive(Debug, Default)]
pub(crate) struct Table<'a> {
    /// Names, in the order of their lines.
    pub(crate) makers: Vec<&'a str>,
    /// Prefixes, as they stand.
    pub(crate) rows: Vec<Row>,
    /// Lines that are not of the form.
    pub(crate) wrong: Vec<(usize, String)>,
}

/// Reads a text.
pub(crate) fn read(text: &str) -> Table<'_> {
    let mut table = Table::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, prefixes)) = line.split_once('\t').filter(|(name, _)| !name.trim().is_empty()) else {
            table.wrong.push((number, "is not `name<TAB>prefixes`".to_owned()));
            continue;
        };
        let maker = table.makers.len();
        table.makers.push(name.trim());
        for prefix in prefixes.split_whitespace() {
            match read_prefix(prefix) {
                Some((bits, value)) => table.rows.push((bits, value, maker)),
                None => {
                    table.wrong.push((number, format!("`{prefix}` is not a prefix of 6, 7 or 9 digits")));
                }
            }
        }
    }
    table
}

/// Sorts rows; of equal prefixes the one added last holds: registrants are numbered in the order added.
pub(crate) fn sort(rows: &mut Vec<Row>) {
    rows.sort_unstable();
    rows.reverse();
    rows.dedup_by_key(|&mut (bits, value, _)| (bits, value));
    rows.reverse();
}

fn read_prefix(text: &str) -> Option<(u8, u64)> {
    let bits = match text.len() {
        6 => 24,
        7 => 28,
        9 => 36,
        _ => return None,
    };
    text.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
    Some((bits, u64::from_str_radix(text, 16).ok()?))
}
