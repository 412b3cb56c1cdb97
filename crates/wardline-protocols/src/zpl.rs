//! ZPL II: label printers, those of wristbands and specimen tubes among them (Zebra, ZPL II Programming Guide,
//! with Set/Get/Do of the later printers).
//!
//! In: both streams. Out: model and firmware by the answer to `~HI`, the same and the serial number by the answers
//! to `getvar`. Labels are stepped over unread: they carry names of patients. Known by the start of a label or of
//! a download, or by a question and the form of its answer. Limits: [`LINE_MAX`], [`HOST_MAX`], [`LINES_MAX`],
//! [`ASKED_MAX`]. Refuses: everything between `^XA` and `^XZ`.

use crate::line::Lines;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use std::collections::VecDeque;
use wardline_model::{Attribute, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "zpl",
    carriers: &[Carrier::Stream],
    ports: &[9100, 6101],
    probe,
    start: |_| Box::new(Zpl::default()),
};

/// Longest line of an answer.
const LINE_MAX: usize = 1_024;
/// Bytes of the host that are looked at: questions come alone or before the labels.
const HOST_MAX: usize = 65_536;
/// Lines of a printer that are read.
const LINES_MAX: u16 = 512;
/// Questions that wait for their answer.
const ASKED_MAX: usize = 32;

/// Where a print driver's job starts: it says first which prefixes it will use.
const DRIVER: &[u8] = b"CT~~CD,~CC^~CT~";
/// Questions that stand alone: identification, status, memory, sensors and others.
const QUESTIONS: &[&[u8]] = &[b"~HI", b"~HS", b"~HM", b"~HB", b"~HD", b"~HQES", b"~HU"];
const SET_GET_DO: &[u8] = b"! U1 ";
const VERBS: &[&[u8]] = &[b"getvar \"", b"setvar \"", b"do \""];

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.side == Side::Accepter && probe.from_start {
        return Verdict::No;
    }
    let bytes = probe.bytes.trim_ascii_start();
    match bytes.first() {
        Some(b'^') => label(bytes),
        Some(b'C') if bytes.starts_with(DRIVER) => Verdict::Yes,
        Some(b'C') if DRIVER.starts_with(bytes) => Verdict::More,
        Some(b'!') => set_get_do(bytes),
        Some(b'~') if QUESTIONS.iter().any(|question| is_question(bytes, question)) => Verdict::Maybe,
        Some(b'~') if QUESTIONS.iter().any(|question| question.starts_with(bytes)) => Verdict::More,
        _ => Verdict::No,
    }
}

/// `^XA`, then another command: a caret or a tilde and two letters or digits.
fn label(bytes: &[u8]) -> Verdict {
    let Some(rest) = bytes.strip_prefix(b"^XA") else {
        return if b"^XA".starts_with(bytes) { Verdict::More } else { Verdict::No };
    };
    match rest.trim_ascii_start() {
        [] | [b'^' | b'~'] | [b'^' | b'~', _] => Verdict::More,
        [b'^' | b'~', a, b, ..] if a.is_ascii_uppercase() && (b.is_ascii_alphanumeric() || *b == b'@') => {
            Verdict::Yes
        }
        _ => Verdict::No,
    }
}

fn is_question(bytes: &[u8], question: &[u8]) -> bool {
    bytes.strip_prefix(question).is_some_and(|rest| {
        let rest = rest.trim_ascii_start();
        rest.is_empty() || matches!(rest.first(), Some(b'~' | b'^'))
    })
}

fn set_get_do(bytes: &[u8]) -> Verdict {
    let Some(rest) = bytes.strip_prefix(SET_GET_DO) else {
        return if SET_GET_DO.starts_with(bytes) { Verdict::More } else { Verdict::No };
    };
    if VERBS.iter().any(|verb| rest.starts_with(verb)) {
        Verdict::Yes
    } else if VERBS.iter().any(|verb| verb.starts_with(rest)) {
        Verdict::More
    } else {
        Verdict::No
    }
}

/// What a `getvar` asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variable {
    Firmware,
    Model,
    Serial,
    Other,
}

impl Variable {
    fn of(name: &[u8]) -> Self {
        match name {
            b"appl.name" => Self::Firmware,
            b"device.product_name" => Self::Model,
            b"device.unique_id" => Self::Serial,
            _ => Self::Other,
        }
    }
}

#[derive(Default)]
struct Zpl {
    lanes: [Lines; 2],
    host: Option<Side>,
    looked_at: usize,
    lines: u16,
    asked: VecDeque<Variable>,
    /// Questions were lost: answers can no longer be matched.
    unmatched: bool,
    /// Model or role were told.
    identified: bool,
}

impl Dissector for Zpl {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let host = *self.host.get_or_insert(side);
        if side != host {
            return self.answer(side, bytes, notes);
        }
        notes.requester = Some(host);
        notes.encrypted = Some(false);
        // A label ends the questions, for nothing in it may be read.
        let line = match side.of(&mut self.lanes).next(bytes, LINE_MAX) {
            Ok((line, consumed)) => (line, consumed),
            Err(Step::More(_)) if is_label(bytes) => return self.pages(notes),
            Err(step) => return step,
        };
        self.looked_at = self.looked_at.saturating_add(line.1);
        let is_label = is_label(line.0);
        if is_label || self.looked_at > HOST_MAX {
            return self.pages(notes);
        }
        self.question(line.0, notes);
        Step::skip(line.1)
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        side.of(&mut self.lanes).lose();
        self.unmatched = true;
        Step::Skip(1)
    }
}

fn is_label(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"^XA").is_some() || memchr::memmem::find(line, b"~D").is_some()
}

impl Zpl {
    /// What the host sends from here is labels.
    const fn pages(&mut self, notes: &mut Notes) -> Step {
        notes.confirmed = true;
        self.unmatched = true;
        Step::Skip(u64::MAX)
    }

    fn question(&mut self, line: &[u8], notes: &mut Notes) {
        if line.starts_with(DRIVER) {
            notes.confirmed = true;
        }
        let Some(rest) = line.trim_ascii_start().strip_prefix(SET_GET_DO) else { return };
        notes.confirmed |= VERBS.iter().any(|verb| rest.starts_with(verb));
        let Some(rest) = rest.strip_prefix(b"getvar \"") else {
            // Some of them answer, some do not.
            self.unmatched |= rest.starts_with(b"do \"");
            return;
        };
        let name = rest.split(|b| *b == b'"').next().unwrap_or_default();
        if self.asked.len() >= ASKED_MAX {
            self.unmatched = true;
        } else {
            self.asked.push_back(Variable::of(name));
        }
    }

    fn answer(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        // The answers to `getvar` are quoted and have no end of line.
        if let Some(rest) = bytes.strip_prefix(b"\"") {
            let Some(end) = memchr::memchr(b'"', rest) else {
                return if bytes.len() > LINE_MAX {
                    Step::Done
                } else {
                    Step::More(bytes.len().saturating_add(1))
                };
            };
            self.variable(side, rest.get(..end).unwrap_or_default(), notes);
            return Step::skip(end.saturating_add(2));
        }
        let (line, consumed) = match side.of(&mut self.lanes).next(bytes, LINE_MAX) {
            Ok(line) => line,
            Err(step) => return step,
        };
        self.lines = self.lines.saturating_add(1);
        if self.lines > LINES_MAX {
            return Step::Done;
        }
        let line = line.strip_prefix(b"\x02").unwrap_or(line);
        let line = line.strip_suffix(b"\x03").unwrap_or(line);
        let Some(line) = text::ascii(line) else { return Step::skip(consumed) };
        if let Some([model, version]) = identification(line) {
            notes.confirmed = true;
            if !std::mem::replace(&mut self.identified, true) {
                notes.speaker(
                    side,
                    [
                        Fact::new(Attribute::Model, model, 90, "zpl.host-identification"),
                        firmware(version, "zpl.host-identification"),
                        Fact::new(Attribute::Role, "printer", 90, "zpl.host-identification"),
                    ],
                );
            }
        }
        notes.confirmed |= is_status(line);
        Step::skip(consumed)
    }

    fn variable(&mut self, side: Side, value: &[u8], notes: &mut Notes) {
        let Some(asked) = self.asked.pop_front().filter(|_| !self.unmatched) else { return };
        let Some(value) = text::ascii(value).filter(|value| !matches!(*value, "" | "?")) else { return };
        let rule = "zpl.getvar";
        let fact = match asked {
            Variable::Firmware => firmware(value, rule),
            Variable::Model => Fact::new(Attribute::Model, name(value), 90, rule),
            Variable::Serial => Fact::new(Attribute::Serial, value, 90, rule),
            Variable::Other => return,
        };
        let is_first = !std::mem::replace(&mut self.identified, true);
        let role = is_first.then(|| Fact::new(Attribute::Role, "printer", 90, rule)).flatten();
        notes.speaker(side, [fact, role]);
    }
}

fn firmware(version: &str, rule: &'static str) -> Option<Fact> {
    let fact = Fact::new(Attribute::Software, "firmware", 90, rule)?.with_version(version);
    fact.version.is_some().then_some(fact)
}

/// Model and version of an answer to `~HI`: `ZD420-300dpi,V84.20.11Z,12,8192KB,X`.
fn identification(line: &str) -> Option<[&str; 2]> {
    let mut fields = line.split(',').map(str::trim);
    let [model, version, dots, memory] = [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
    let versioned = version.strip_prefix('V')?.starts_with(|c: char| c.is_ascii_digit());
    let sized = memory.strip_suffix("KB").or_else(|| memory.strip_suffix("MB"))?;
    let fits = versioned
        && !model.is_empty()
        && matches!(dots, "6" | "8" | "12" | "24")
        && !sized.is_empty()
        && sized.bytes().all(|b| b.is_ascii_digit());
    fits.then_some([name(model), version])
}

/// The model's name without the short form of its maker before it, and the resolution of its head and its
/// languages behind: `ZTC ZD421-300dpi ZPL` is a `ZD421`.
fn name(model: &str) -> &str {
    let model = model.strip_prefix("ZTC ").unwrap_or(model);
    let Some((name, resolution)) = model.rsplit_once('-') else { return model };
    let dots = resolution.split(' ').next().and_then(|word| word.strip_suffix("dpi"));
    let is_resolution = dots.is_some_and(|dots| !dots.is_empty() && dots.bytes().all(|b| b.is_ascii_digit()));
    if is_resolution && !name.is_empty() { name } else { model }
}

/// Whether a line is one of the first two of an answer to `~HS`: numbers, twelve or eleven.
fn is_status(line: &str) -> bool {
    let numbers = line.split(',').all(|field| !field.is_empty() && field.bytes().all(|b| b.is_ascii_digit()));
    let lengths = || line.split(',').map(str::len);
    numbers
        && (lengths().eq([3, 1, 1, 4, 3, 1, 1, 1, 3, 1, 1, 1])
            || lengths().eq([3, 1, 1, 1, 1, 1, 1, 1, 8, 1, 3]))
}
