//! Workbooks (ECMA-376, `.xlsx`): the cells of their sheets as text, each with its place.
//!
//! In: the bytes of a workbook, as Excel, LibreOffice and others save it. Out: a [`Workbook`]: sheets with their cells
//! that say something, dates as ISO 8601, merged ranges, and what each formula cell was last computed to. Nothing is
//! computed here, no link is followed, no macro looked at.
//!
//! Read with our own container and a stream of XML events: a sheet is kept by the cells that it has, never as a grid
//! of the size that it claims. Limits: [`PARTS_MAX`], [`PART_BYTES_MAX`], [`TOTAL_BYTES_MAX`], [`CELLS_MAX`],
//! [`TEXT_CHARS_MAX`]; a member that unpacks to far more than its size is not read on.

mod events;
mod sheet;

use crate::open::{OpenError, zip::Archive};
use events::{Piece, attribute, each};
use std::collections::BTreeMap;
use std::io::{self, Read};
use thiserror::Error;

/// Members of a workbook: pictures, themes and sheets; a form has thirty.
pub const PARTS_MAX: usize = 4_096;
/// Unpacked bytes of one member that is read.
pub const PART_BYTES_MAX: u64 = 64 << 20;
/// Unpacked bytes of all members that are read.
pub const TOTAL_BYTES_MAX: u64 = 192 << 20;
/// Cells that say something, of all sheets.
pub const CELLS_MAX: usize = 1_000_000;
/// Sheets read.
pub const SHEETS_MAX: usize = 256;
/// Characters that a cell can hold (Excel's own limit); longer ones are cut.
pub const TEXT_CHARS_MAX: usize = 32_767;

/// Why a workbook cannot be read.
#[derive(Debug, Error)]
pub enum WorkbookError {
    /// The container.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A member cannot be unpacked.
    #[error("{part}: {why}")]
    Unpack {
        /// The member.
        part: String,
        /// What is wrong.
        why: io::Error,
    },
    /// A member that must be there is not.
    #[error("the member {0} is missing: no workbook, or a damaged one")]
    Missing(String),
    /// A bound is crossed.
    #[error("{part}: {why}")]
    Limit {
        /// The member.
        part: String,
        /// Which bound.
        why: &'static str,
    },
    /// A member is no XML, or defines entities.
    #[error("{part} {place}: {why}")]
    Xml {
        /// The member.
        part: String,
        /// Line and column in it.
        place: crate::json::Place,
        /// What is wrong.
        why: String,
    },
}

/// A workbook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workbook {
    /// Its sheets in order, hidden ones too.
    pub sheets: Vec<Sheet>,
}

/// A sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Its cells by row and column, both from 0; cells without text are absent.
    pub cells: BTreeMap<(u32, u32), Cell>,
    /// Merged ranges: first and last row and column.
    pub merged: Vec<[(u32, u32); 2]>,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What it shows, blanks at both ends taken off.
    pub text: String,
    /// It is computed by a formula; the text is what it came to when the file was saved, and may be empty.
    pub formula: bool,
    /// It is an error of a formula (`#REF!`).
    pub error: bool,
}

impl Sheet {
    /// The text of a cell; empty when it has none.
    #[must_use]
    pub fn text(&self, row: u32, column: u32) -> &str {
        self.cells.get(&(row, column)).map_or("", |cell| cell.text.as_str())
    }

    /// A cell's place as people write it: `Sheet!C12`.
    #[must_use]
    pub fn place(&self, row: u32, column: u32) -> String {
        format!("{}!{}", self.name, reference(row, column))
    }

    /// The last column of the merged range that a cell lies in; its own when it lies in none.
    #[must_use]
    pub fn last_column(&self, row: u32, column: u32) -> u32 {
        let within = |[first, last]: &&[(u32, u32); 2]| {
            (first.0..=last.0).contains(&row) && (first.1..=last.1).contains(&column)
        };
        self.merged.iter().find(within).map_or(column, |[_, last]| last.1)
    }
}

/// A cell's reference: letters of the column, number of the row.
#[must_use]
pub fn reference(row: u32, column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(column).saturating_add(1);
    while rest > 0 {
        let digit = u8::try_from(rest.saturating_sub(1) % 26).unwrap_or_default();
        letters.push(char::from(b'A'.saturating_add(digit)));
        rest = rest.saturating_sub(1) / 26;
    }
    let letters: String = letters.into_iter().rev().collect();
    format!("{letters}{}", u64::from(row).saturating_add(1))
}

/// Row and column of a reference, both from 0; `$` marks are passed over.
fn place_of(reference: &str) -> Option<(u32, u32)> {
    let plain: String = reference.chars().filter(|c| *c != '$').take(16).collect();
    let digits = plain.find(|c: char| c.is_ascii_digit())?;
    let (letters, number) = plain.split_at_checked(digits)?;
    let mut column = 0_u32;
    for letter in letters.chars() {
        let digit = letter.to_ascii_uppercase();
        let value = u32::from(digit).checked_sub(u32::from('A')).filter(|value| *value < 26)?;
        column = column.checked_mul(26)?.checked_add(value)?.checked_add(1)?;
    }
    let row: u32 = number.parse().ok()?;
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}

/// Reads a workbook.
///
/// # Errors
/// When it is no workbook, is damaged, or crosses a bound: what, in which member, and where.
pub fn read(bytes: &[u8]) -> Result<Workbook, WorkbookError> {
    let mut parts = Parts::open(bytes)?;
    let main = parts.main()?;
    let text = parts.text(&main)?;
    let mut listed: Vec<(String, String)> = Vec::new();
    let mut since_1904 = false;
    each(&main, &text, &mut |piece| {
        if let Piece::Open(tag, _) = piece {
            match tag.local_name().as_ref() {
                "sheet" if listed.len() < SHEETS_MAX => listed.push((
                    attribute(tag, "name").unwrap_or_default(),
                    attribute(tag, "id").unwrap_or_default(),
                )),
                "workbookPr" => {
                    since_1904 = attribute(tag, "date1904").is_some_and(|v| v == "1" || v == "true");
                }
                _ => {}
            }
        }
        Ok(())
    })?;
    let related = parts.related(&main)?;
    let of_kind =
        |kind: &str| related.values().find(|(own, _)| own.ends_with(kind)).map(|(_, target)| target.clone());
    let strings = match of_kind("/sharedStrings") {
        Some(part) => sheet::strings(&part, &parts.text(&part)?)?,
        None => Vec::new(),
    };
    let dates = match of_kind("/styles") {
        Some(part) => sheet::date_styles(&part, &parts.text(&part)?)?,
        None => Vec::new(),
    };
    let known = sheet::Known { strings, dates, since_1904 };
    let mut workbook = Workbook::default();
    let mut left = CELLS_MAX;
    for (name, id) in listed {
        // Charts and macro sheets have other kinds.
        let Some((kind, part)) = related.get(&id) else { continue };
        if !kind.ends_with("/worksheet") {
            continue;
        }
        let text = parts.text(part)?;
        let sheet = sheet::read(name, part, &text, &known, left)?;
        left = left.saturating_sub(sheet.cells.len());
        workbook.sheets.push(sheet);
    }
    Ok(workbook)
}

/// The members of a container, within the bounds.
struct Parts<'a> {
    bytes: &'a [u8],
    archive: Archive,
    left: u64,
}

impl<'a> Parts<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, WorkbookError> {
        let archive = Archive::read(bytes)?;
        if archive.members().len() > PARTS_MAX {
            return Err(OpenError::TooLarge("a workbook of more than 4096 members").into());
        }
        Ok(Self { bytes, archive, left: TOTAL_BYTES_MAX })
    }

    fn has(&self, name: &str) -> bool {
        self.archive.members().iter().any(|member| member.name == name)
    }

    /// The name of the member that lists the sheets, as the package says; else where everybody puts it.
    fn main(&mut self) -> Result<String, WorkbookError> {
        const USUAL: &str = "xl/workbook.xml";
        let related =
            if self.has("_rels/.rels") { self.relations("_rels/.rels", "")? } else { BTreeMap::new() };
        let said = related.values().find(|(kind, _)| kind.ends_with("/officeDocument"));
        Ok(said.map_or_else(|| USUAL.to_owned(), |(_, target)| target.clone()))
    }

    /// What a member refers to: kind and member by id.
    fn related(&mut self, part: &str) -> Result<BTreeMap<String, (String, String)>, WorkbookError> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let relations = if folder.is_empty() {
            format!("_rels/{name}.rels")
        } else {
            format!("{folder}/_rels/{name}.rels")
        };
        self.relations(&relations, folder)
    }

    fn relations(
        &mut self,
        part: &str,
        folder: &str,
    ) -> Result<BTreeMap<String, (String, String)>, WorkbookError> {
        let text = self.text(part)?;
        let mut related = BTreeMap::new();
        each(part, &text, &mut |piece| {
            if let Piece::Open(tag, _) = piece
                && tag.local_name().as_ref() == "Relationship"
                && attribute(tag, "TargetMode").is_none_or(|mode| mode != "External")
                && related.len() < PARTS_MAX
            {
                let said = |name: &str| attribute(tag, name).unwrap_or_default();
                related.insert(said("Id"), (said("Type"), target(folder, &said("Target"))));
            }
            Ok(())
        })?;
        Ok(related)
    }

    /// The text of a member.
    fn text(&mut self, name: &str) -> Result<String, WorkbookError> {
        let member = self.archive.members().iter().find(|member| member.name.eq_ignore_ascii_case(name));
        let member = member.ok_or_else(|| WorkbookError::Missing(name.to_owned()))?;
        let most = PART_BYTES_MAX.min(self.left);
        let mut bytes = Vec::new();
        let unpack = |why| WorkbookError::Unpack { part: name.to_owned(), why };
        member.open(self.bytes)?.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(unpack)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > most {
            let why = "unpacks to more than any form: not read";
            return Err(WorkbookError::Limit { part: name.to_owned(), why });
        }
        self.left = self.left.saturating_sub(length);
        Ok(crate::decode(&bytes))
    }
}

/// A member's name from what a relation says, seen from a folder.
fn target(folder: &str, said: &str) -> String {
    if let Some(absolute) = said.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in said.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path.join("/")
}

#[cfg(test)]
pub(crate) mod tests;
