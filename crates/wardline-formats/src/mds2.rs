//! The manufacturer disclosure statement for medical device security (MDS2): ANSI/NEMA HN 1-2019 and HN 1-2013.
//!
//! In: a [`Workbook`]. Out: a [`Form`]: each answer with its question id, what it says and its cell; the maker, the
//! model, the version and the date. Questions are found by their ids wherever they stand, the column of the answers
//! by what stands in it, never by position: makers move, merge and hide columns, and split the form over sheets.
//!
//! Of the standard only ids and section codes stand here, no question's words.

use crate::workbook::{Sheet, Workbook};
use std::collections::{BTreeMap, BTreeSet};

/// Sections of the form of 2019.
pub const SECTIONS_2019: [&str; 24] = [
    "DOC", "MPII", "ALOF", "AUDT", "AUTH", "CSUP", "DIDT", "DTBK", "EMRG", "IGAU", "MLDP", "NAUT", "CONN",
    "PAUT", "PLOK", "RDMP", "SBOM", "SAHD", "SGUD", "STCF", "TXCF", "TXIG", "RMOT", "OTHR",
];
/// Questions kept of a form: that of 2019 has some 220.
const ANSWERS_MAX: usize = 5_000;
/// Questions by which a workbook is told to be a form.
const QUESTIONS_LEAST: usize = 3;

/// Which edition a form follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edition {
    /// HN 1-2013: sections by number, questions like `7-1`, private data by letters.
    Of2013,
    /// HN 1-2019: questions by the section's code, like `AUDT-1.1`.
    Of2019,
}

impl Edition {
    /// The year.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Of2013 => "2013",
            Self::Of2019 => "2019",
        }
    }
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Does not apply.
    NotApplicable,
    /// Only told in a note.
    SeeNote,
    /// Said to be unknown, or to be determined.
    Unknown,
    /// Nothing.
    Blank,
    /// Words.
    Words(String),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Id of the question, as the standard writes it.
    pub id: String,
    /// What it says.
    pub says: Says,
    /// The note beside it, or the one that it refers to.
    pub note: String,
    /// `sheet!cell` of the answer.
    pub place: String,
}

/// Something odd in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    /// `sheet!cell`, or the sheet.
    pub place: String,
    /// A word for it: `duplicate`, `formula`, `section`, or the question's id.
    pub code: &'static str,
    /// What is odd.
    pub why: String,
}

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its edition.
    pub edition: Edition,
    /// Who made the device.
    pub maker: String,
    /// Which model.
    pub model: String,
    /// Version of its software, where the form says it.
    pub version: String,
    /// Id of the document.
    pub document: String,
    /// When it was released, as written; ISO 8601 where the cell holds a date.
    pub date: String,
    /// Answers in the order of the form.
    pub answers: Vec<Answer>,
    /// What is odd.
    pub odd: Vec<Odd>,
}

impl Form {
    /// The answer to a question.
    #[must_use]
    pub fn answer(&self, id: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.id == id)
    }

    /// How many answers say that.
    #[must_use]
    pub fn count(&self, says: &Says) -> usize {
        self.answers.iter().filter(|answer| answer.says == *says).count()
    }
}

/// A question where it stands.
struct Asked {
    row: u32,
    column: u32,
    id: String,
    edition: Edition,
}

/// Reads a form; nothing when the workbook is none.
#[must_use]
pub fn read(workbook: &Workbook) -> Option<Form> {
    let asked: Vec<Vec<Asked>> = workbook.sheets.iter().map(questions).collect();
    let count = |edition| asked.iter().flatten().filter(|one| one.edition == edition).count();
    let edition = if count(Edition::Of2019) >= QUESTIONS_LEAST {
        Edition::Of2019
    } else if count(Edition::Of2013) >= QUESTIONS_LEAST && names_itself(workbook) {
        Edition::Of2013
    } else {
        return None;
    };
    let notes = notes(workbook, &asked);
    let mut form = Form {
        edition,
        maker: String::new(),
        model: String::new(),
        version: String::new(),
        document: String::new(),
        date: String::new(),
        answers: Vec::new(),
        odd: Vec::new(),
    };
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (sheet, asked) in workbook.sheets.iter().zip(&asked) {
        let asked: Vec<&Asked> = asked.iter().filter(|one| one.edition == edition).collect();
        answers(sheet, &asked, &notes, &mut seen, &mut form);
    }
    head(workbook, &mut form);
    missing_sections(&mut form);
    Some(form)
}

/// The form of 2013 has short ids that other tables have too; it must also name itself or its sections.
fn names_itself(workbook: &Workbook) -> bool {
    const SIGNS: [&str; 6] = ["MDS2", "MDS²", "HN 1-2013", "(ALOF)", "(AUDT)", "(AUTH)"];
    let mut texts = workbook.sheets.iter().flat_map(|sheet| sheet.cells.values());
    texts.any(|cell| SIGNS.iter().any(|sign| cell.text.contains(sign)))
}

/// The questions of a sheet by row; a row has one.
fn questions(sheet: &Sheet) -> Vec<Asked> {
    let mut asked: Vec<Asked> = Vec::new();
    for ((row, column), cell) in &sheet.cells {
        if asked.last().is_some_and(|last| last.row == *row) || asked.len() >= ANSWERS_MAX {
            continue;
        }
        if let Some((id, edition)) = question(&cell.text) {
            asked.push(Asked { row: *row, column: *column, id, edition });
        }
    }
    asked
}

/// A question's id: alone in its cell, or before the question's words (2019 only).
fn question(text: &str) -> Option<(String, Edition)> {
    let plain = |text: &str| -> String {
        let dashes =
            text.chars().map(|c| if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') { '-' } else { c });
        dashes.filter(|c| !c.is_whitespace() && *c != '\u{a0}').collect::<String>().to_uppercase()
    };
    const ID_CHARS_MAX: usize = 24;
    if text.chars().nth(ID_CHARS_MAX).is_none() {
        let whole = plain(text);
        let whole = whole.trim_end_matches(['.', ':']);
        if is_2019(whole) {
            return Some((whole.to_owned(), Edition::Of2019));
        }
        if is_2013(whole) {
            return Some((whole.to_owned(), Edition::Of2013));
        }
    }
    let first = plain(text.split_whitespace().next()?);
    let first = first.trim_end_matches(['.', ':']);
    is_2019(first).then(|| (first.to_owned(), Edition::Of2019))
}

fn is_2019(id: &str) -> bool {
    let Some((section, number)) = id.split_once('-') else { return false };
    (3..=4).contains(&section.len())
        && section.chars().all(|c| c.is_ascii_uppercase())
        && (SECTIONS_2019.contains(&section) || section.len() == 4)
        && numbers(number)
}

/// `7-1`, `7-1.2`; private data: `A`, `B.1`, `D.11`.
fn is_2013(id: &str) -> bool {
    if let Some((section, number)) = id.split_once('-') {
        return section.len() <= 2
            && numbers(section)
            && section.parse::<u8>().is_ok_and(|n| (1..=23).contains(&n))
            && numbers(number);
    }
    let mut letters = id.chars();
    let section = letters.next().is_some_and(|c| ('A'..='D').contains(&c));
    section && (letters.as_str().is_empty() || letters.as_str().strip_prefix('.').is_some_and(numbers))
}

/// Numbers of at most three digits with dots between.
fn numbers(text: &str) -> bool {
    text.split('.').all(|part| (1..=3).contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit()))
}

/// What a cell says as an answer.
fn says(text: &str) -> Says {
    let plain: String =
        text.to_lowercase().trim_matches(|c: char| c.is_whitespace() || ".,;:_*".contains(c)).to_owned();
    match plain.as_str() {
        "" | "-" | "—" | "–" => Says::Blank,
        "yes" | "y" | "true" | "ja" | "oui" | "sí" | "si" => Says::Yes,
        "no" | "n" | "false" | "nein" | "non" => Says::No,
        "n/a" | "na" | "n.a" | "not applicable" | "n / a" => Says::NotApplicable,
        "unknown" | "tbd" | "to be determined" | "?" | "not known" => Says::Unknown,
        _ if refers(&plain).is_some()
            || matches!(
                plain.as_str(),
                "see note" | "see notes" | "see note below" | "see comment" | "note"
            ) =>
        {
            Says::SeeNote
        }
        _ => Says::Words(text.to_owned()),
    }
}

/// The number of the note that a text refers to and says nothing beside: `See Note 3`, `Note 3`, `3` beside an answer.
fn refers(text: &str) -> Option<u32> {
    let plain = text.to_lowercase();
    let rest = plain.trim().trim_start_matches("see").trim_start();
    let rest = rest.strip_prefix("notes").or_else(|| rest.strip_prefix("note"))?;
    rest.trim_matches(|c: char| c.is_whitespace() || "#.:()".contains(c)).parse().ok()
}

/// Notes by number, written as `Note 3: …`, or `Note 3` with its words in the next cell; beside a question it is a
/// reference and no note.
fn notes(workbook: &Workbook, asked: &[Vec<Asked>]) -> BTreeMap<u32, String> {
    let mut notes = BTreeMap::new();
    for (sheet, asked) in workbook.sheets.iter().zip(asked) {
        let rows: BTreeSet<u32> = asked.iter().map(|one| one.row).collect();
        for ((row, column), cell) in sheet.cells.iter().filter(|((row, _), _)| !rows.contains(row)) {
            let Some((_, rest)) =
                cell.text.split_at_checked(4).filter(|(head, _)| head.eq_ignore_ascii_case("note"))
            else {
                continue;
            };
            let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '#');
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let Some((number, words)) = rest.split_at_checked(end) else { continue };
            let Ok(number) = number.parse::<u32>() else { continue };
            let words = words.trim_start_matches(|c: char| c.is_whitespace() || ".:-–)".contains(c));
            let beside = sheet.last_column(*row, *column).saturating_add(1);
            let words = if words.is_empty() { sheet.text(*row, beside) } else { words };
            if !words.is_empty() {
                notes.entry(number).or_insert_with(|| words.to_owned());
            }
        }
    }
    notes
}

/// The first column behind a cell and what is merged with it that has a text; the question's own words.
fn words_column(sheet: &Sheet, one: &Asked) -> u32 {
    let from = sheet.last_column(one.row, one.column).saturating_add(1);
    let row = sheet.cells.range((one.row, from)..=(one.row, u32::MAX));
    // A short word is an answer, not a question.
    let mut words = row.filter(|(_, cell)| matches!(says(&cell.text), Says::Words(_)));
    let column = words.next().map_or(from, |((_, column), _)| *column);
    sheet.last_column(one.row, column)
}

/// The column in which a sheet's answers stand: the one with most answers that are one of the form's words; on a
/// form without any, the one behind the questions.
fn answer_column(sheet: &Sheet, asked: &[&Asked]) -> Option<u32> {
    let mut votes: BTreeMap<u32, usize> = BTreeMap::new();
    for one in asked {
        for ((_, column), cell) in
            sheet.cells.range((one.row, one.column.saturating_add(1))..=(one.row, u32::MAX))
        {
            if !matches!(says(&cell.text), Says::Words(_) | Says::Blank) {
                let vote = votes.entry(*column).or_default();
                *vote = vote.saturating_add(1);
            }
        }
    }
    let most = votes.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0))).map(|(column, _)| *column);
    most.or_else(|| {
        let mut behind: BTreeMap<u32, usize> = BTreeMap::new();
        for one in asked {
            let column = words_column(sheet, one).saturating_add(1);
            let vote = behind.entry(column).or_default();
            *vote = vote.saturating_add(1);
        }
        behind.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0))).map(|(column, _)| column)
    })
}

fn answers(
    sheet: &Sheet,
    asked: &[&Asked],
    notes: &BTreeMap<u32, String>,
    seen: &mut BTreeMap<String, String>,
    form: &mut Form,
) {
    let Some(column) = answer_column(sheet, asked) else { return };
    for one in asked {
        let cell = sheet.cells.get(&(one.row, column));
        let place = sheet.place(one.row, column);
        if let Some(first) = seen.insert(one.id.clone(), place.clone()) {
            let why = format!("{} is asked twice, first at {first}; that answer counts", one.id);
            form.odd.push(Odd { place, code: "duplicate", why });
            continue;
        }
        if let Some(cell) = cell.filter(|cell| cell.formula) {
            let why = if cell.error || cell.text.is_empty() {
                format!("the answer to {} is a formula without a result: read as blank", one.id)
            } else {
                format!("the answer to {} is computed by a formula; its last result is taken", one.id)
            };
            form.odd.push(Odd { place: place.clone(), code: "formula", why });
        }
        let text = cell.filter(|cell| !cell.error).map_or("", |cell| cell.text.as_str());
        let beside = sheet.text(one.row, sheet.last_column(one.row, column).saturating_add(1));
        let number = refers(text).or_else(|| refers(beside)).or_else(|| beside.trim().parse().ok());
        let note = number.and_then(|number| notes.get(&number)).cloned();
        let note = note.unwrap_or_else(|| (if says(beside) == Says::Blank { "" } else { beside }).to_owned());
        form.answers.push(Answer { id: one.id.clone(), says: says(text), note, place });
    }
}

/// Maker, model, version and date: by question where the edition asks for them, else by their labels.
fn head(workbook: &Workbook, form: &mut Form) {
    let said = |form: &Form, id: &str| match form.answer(id).map(|answer| &answer.says) {
        Some(Says::Words(text)) => text.clone(),
        _ => String::new(),
    };
    if form.edition == Edition::Of2019 {
        form.maker = said(form, "DOC-1");
        form.model = said(form, "DOC-3");
        form.document = said(form, "DOC-4");
        form.date = said(form, "DOC-7");
    }
    let labelled =
        |names: &[&str]| names.iter().find_map(|name| labelled(workbook, name)).unwrap_or_default();
    for (field, names) in [
        (&mut form.maker, &["Manufacturer", "Manufacturer Name"][..]),
        (&mut form.model, &["Device Model", "Model"][..]),
        (
            &mut form.version,
            &["Software Revision", "Software Version", "Device Software Version", "Firmware Version"][..],
        ),
        (&mut form.document, &["Document ID", "Document Id"][..]),
        (&mut form.date, &["Document Release Date", "Release Date"][..]),
    ] {
        if field.is_empty() {
            *field = labelled(names);
        }
    }
    for (field, code, what) in
        [(&form.maker, "maker", "who made the device"), (&form.model, "model", "which model it is of")]
    {
        if field.is_empty() {
            let why = format!("the form does not say {what}");
            form.odd.push(Odd { place: "/".to_owned(), code, why });
        }
    }
}

/// Labels that stand beside each other in the head of a form.
const LABELS: [&str; 8] = [
    "device category",
    "manufacturer",
    "document id",
    "document release date",
    "device model",
    "software revision",
    "software release date",
    "manufacturer or representative contact information",
];

/// What stands below or behind a label.
fn labelled(workbook: &Workbook, label: &str) -> Option<String> {
    let is_label = |text: &str| {
        let plain = text.trim_end_matches([':', '*', ' ']).to_lowercase();
        LABELS.contains(&plain.as_str())
    };
    for sheet in &workbook.sheets {
        for ((row, column), cell) in &sheet.cells {
            if !cell.text.trim_end_matches([':', '*', ' ']).eq_ignore_ascii_case(label) {
                continue;
            }
            let below = sheet.text(row.saturating_add(1), *column);
            let behind = sheet.text(*row, sheet.last_column(*row, *column).saturating_add(1));
            for value in [behind, below] {
                if !value.is_empty() && !is_label(value) && question(value).is_none() {
                    return Some(value.to_owned());
                }
            }
        }
    }
    None
}

fn missing_sections(form: &mut Form) {
    if form.edition != Edition::Of2019 {
        return;
    }
    let sections: BTreeSet<&str> = form
        .answers
        .iter()
        .filter_map(|answer| answer.id.split_once('-'))
        .map(|(section, _)| section)
        .collect();
    let missing: Vec<&str> =
        SECTIONS_2019.iter().copied().filter(|section| !sections.contains(section)).collect();
    let foreign: Vec<&str> =
        sections.into_iter().filter(|section| !SECTIONS_2019.contains(section)).collect();
    let mut odd = Vec::new();
    if !missing.is_empty() {
        odd.push(format!("no question of the sections {}", missing.join(", ")));
    }
    if !foreign.is_empty() {
        odd.push(format!("the standard has no sections {}", foreign.join(", ")));
    }
    form.odd.extend(odd.into_iter().map(|why| Odd { place: "/".to_owned(), code: "section", why }));
}

#[cfg(test)]
mod tests;
