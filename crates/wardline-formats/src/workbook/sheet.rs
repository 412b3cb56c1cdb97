//! One sheet's cells, and what they share: strings and styles.

use super::events::{Piece, attribute, each};
use super::{CELLS_MAX, Cell, Sheet, TEXT_CHARS_MAX, WorkbookError, place_of};

/// Merged ranges kept of one sheet.
const MERGED_MAX: usize = 10_000;

/// What the cells of all sheets refer to.
pub(super) struct Known {
    /// Shared strings.
    pub(super) strings: Vec<String>,
    /// Whether each style shows a date.
    pub(super) dates: Vec<bool>,
    /// Days are counted from 1904.
    pub(super) since_1904: bool,
}

/// The strings that cells share; runs of one string are joined, reading aids (`rPh`) left out.
pub(super) fn strings(part: &str, text: &str) -> Result<Vec<String>, WorkbookError> {
    let mut strings = Vec::new();
    let (mut current, mut within, mut aid) = (String::new(), false, false);
    each(part, text, &mut |piece| {
        match piece {
            Piece::Open(tag, empty) => match tag.local_name().as_ref() {
                "t" => within = !empty,
                "rPh" => aid = !empty,
                _ => {}
            },
            Piece::Text(text) if within && !aid => push(&mut current, text),
            Piece::Text(_) => {}
            Piece::Close("t") => within = false,
            Piece::Close("rPh") => aid = false,
            Piece::Close("si") => {
                if strings.len() >= CELLS_MAX {
                    return Err("more than a million strings");
                }
                strings.push(std::mem::take(&mut current));
            }
            Piece::Close(_) => {}
        }
        Ok(())
    })?;
    Ok(strings)
}

/// Adds a text as far as a cell can hold it.
fn push(current: &mut String, text: &str) {
    let left = TEXT_CHARS_MAX.saturating_mul(4).saturating_sub(current.len());
    if text.len() <= left {
        current.push_str(text);
    } else {
        current.extend(text.chars().take(left / 4));
    }
}

/// Which styles show numbers as dates (ECMA-376 part 1, 18.8.30: built-in formats 14 to 22 and 45 to 47, and own
/// formats that write days, months or years).
pub(super) fn date_styles(part: &str, text: &str) -> Result<Vec<bool>, WorkbookError> {
    let mut own: Vec<(u32, bool)> = Vec::new();
    let (mut styles, mut within) = (Vec::new(), false);
    each(part, text, &mut |piece| {
        match piece {
            Piece::Open(tag, empty) => {
                let number = || attribute(tag, "numFmtId").and_then(|id| id.parse::<u32>().ok());
                match tag.local_name().as_ref() {
                    "numFmt" if own.len() < CELLS_MAX => {
                        let code = attribute(tag, "formatCode").unwrap_or_default();
                        own.extend(number().map(|id| (id, is_date(&code))));
                    }
                    "cellXfs" => within = !empty,
                    "xf" if within && styles.len() < CELLS_MAX => {
                        let id = number().unwrap_or(0);
                        let said = own.iter().find(|(known, _)| *known == id).map(|(_, date)| *date);
                        styles.push(said.unwrap_or(matches!(id, 14..=22 | 45..=47)));
                    }
                    _ => {}
                }
            }
            Piece::Close("cellXfs") => within = false,
            _ => {}
        }
        Ok(())
    })?;
    Ok(styles)
}

/// Whether a format writes days or years, outside quotes and brackets.
fn is_date(code: &str) -> bool {
    let (mut quoted, mut bracket, mut escaped) = (false, false, false);
    code.chars().any(|letter| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match letter {
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '[' => bracket = true,
            ']' => bracket = false,
            'd' | 'D' | 'y' | 'Y' => return !quoted && !bracket,
            _ => {}
        }
        false
    })
}

/// A cell while it is read.
#[derive(Default)]
struct Open {
    at: (u32, u32),
    kind: String,
    date: bool,
    formula: bool,
    value: String,
}

/// Reads a sheet.
pub(super) fn read(
    name: String,
    part: &str,
    text: &str,
    known: &Known,
    most: usize,
) -> Result<Sheet, WorkbookError> {
    let mut sheet = Sheet { name, ..Sheet::default() };
    let (mut row, mut column) = (0_u32, 0_u32);
    let (mut cell, mut within): (Option<Open>, bool) = (None, false);
    each(part, text, &mut |piece| {
        match piece {
            Piece::Open(tag, empty) => match tag.local_name().as_ref() {
                "row" => {
                    let said = attribute(tag, "r").and_then(|r| r.parse::<u32>().ok());
                    row = said.and_then(|r| r.checked_sub(1)).unwrap_or(row);
                    column = 0;
                }
                "c" => {
                    let at = attribute(tag, "r").and_then(|r| place_of(&r)).unwrap_or((row, column));
                    let style = attribute(tag, "s").and_then(|s| s.parse::<usize>().ok()).unwrap_or(0);
                    column = at.1.saturating_add(1);
                    cell = Some(Open {
                        at,
                        kind: attribute(tag, "t").unwrap_or_default(),
                        date: known.dates.get(style).copied().unwrap_or(false),
                        ..Open::default()
                    });
                }
                "v" | "t" => within = !empty,
                "f" => cell.iter_mut().for_each(|cell| cell.formula = true),
                "mergeCell" if sheet.merged.len() < MERGED_MAX => {
                    let range = attribute(tag, "ref").unwrap_or_default();
                    let ends = range.split_once(':').map(|(a, b)| (place_of(a), place_of(b)));
                    if let Some((Some(first), Some(last))) = ends {
                        sheet.merged.push([first, last]);
                    }
                }
                _ => {}
            },
            Piece::Text(text) if within => cell.iter_mut().for_each(|cell| push(&mut cell.value, text)),
            Piece::Text(_) => {}
            Piece::Close("v" | "t") => within = false,
            Piece::Close("row") => row = row.saturating_add(1),
            Piece::Close("c") => {
                if let Some(cell) = cell.take() {
                    keep(&mut sheet, cell, known, most)?;
                }
            }
            Piece::Close(_) => {}
        }
        Ok(())
    })?;
    Ok(sheet)
}

fn keep(sheet: &mut Sheet, cell: Open, known: &Known, most: usize) -> Result<(), &'static str> {
    let text = match cell.kind.as_str() {
        "s" => {
            let index = cell.value.trim().parse::<usize>().ok();
            index.and_then(|index| known.strings.get(index)).cloned().unwrap_or_default()
        }
        "b" => (if cell.value.trim() == "1" { "TRUE" } else { "FALSE" }).to_owned(),
        "" | "n" if cell.date => date(&cell.value, known.since_1904).unwrap_or(cell.value),
        _ => cell.value,
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{a0}').to_owned();
    if text.is_empty() && !cell.formula {
        return Ok(());
    }
    if sheet.cells.len() >= most {
        return Err("more than a million cells with a text");
    }
    sheet.cells.insert(cell.at, Cell { text, formula: cell.formula, error: cell.kind == "e" });
    Ok(())
}

/// A day number as a date, with the time where it has one.
fn date(serial: &str, since_1904: bool) -> Option<String> {
    let (days, part) = serial.trim().split_once('.').unwrap_or((serial.trim(), ""));
    let days: i64 = days.parse().ok()?;
    // Day 60 of 1900 is a day that never was; days before March 1900 are one off and nobody's release date.
    let since_1970 = days.checked_sub(if since_1904 { 24_107 } else { 25_569 })?;
    let (year, month, day) = civil(since_1970)?;
    let date = format!("{year:04}-{month:02}-{day:02}");
    let seconds: u64 = {
        let digits: String = part.chars().chain(std::iter::repeat('0')).take(9).collect();
        digits.parse::<u64>().ok()?.checked_mul(86_400)?.checked_add(500_000_000)? / 1_000_000_000
    };
    if seconds == 0 {
        return Some(date);
    }
    Some(format!("{date}T{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60))
}

/// Year, month and day of days since 1970 (Hinnant's `civil_from_days`).
fn civil(days: i64) -> Option<(i64, i64, i64)> {
    if !(-719_468..=2_932_896).contains(&days) {
        return None;
    }
    let shifted = days.checked_add(719_468)?;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let leap = of_era.div_euclid(1_460).checked_sub(of_era.div_euclid(36_524))?;
    let leap = leap.checked_add(of_era.div_euclid(146_096))?;
    let year_of_era = of_era.checked_sub(leap)?.div_euclid(365);
    let before = year_of_era.checked_mul(365)?.checked_add(year_of_era.div_euclid(4))?;
    let of_year = of_era.checked_sub(before.checked_sub(year_of_era.div_euclid(100))?)?;
    let from_march = of_year.checked_mul(5)?.checked_add(2)?.div_euclid(153);
    let begun = from_march.checked_mul(153)?.checked_add(2)?.div_euclid(5);
    let day = of_year.checked_sub(begun)?.checked_add(1)?;
    let month = if from_march < 10 { from_march.checked_add(3)? } else { from_march.checked_sub(9)? };
    let year = year_of_era.checked_add(era.checked_mul(400)?)?;
    Some((if month <= 2 { year.checked_add(1)? } else { year }, month, day))
}
