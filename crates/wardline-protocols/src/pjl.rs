//! PJL: how hosts steer printers and ask who they are, ahead of the pages (HP, Printer Job Language Technical
//! Reference, 5021-0330).
//!
//! In: both streams, line by line; behind `ENTER LANGUAGE` the host's side is pages and is stepped over. Out: the
//! printer's model by its answer to `INFO ID`, its serial number and firmware by `INFO PRODINFO` where it tells
//! them. Known by the escape of the language, or by its prefix and a known command. Refuses: names of jobs and of
//! users, settings, pages. Limits: [`LINE_MAX`], [`LINES_MAX`].

use crate::line::Lines;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, DetailKey, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "pjl",
    carriers: &[Carrier::Stream],
    ports: &[9100, 9101, 9102],
    probe,
    start: |_| Box::new(Pjl::default()),
};

/// Longest line read: settings and comments are far shorter.
const LINE_MAX: usize = 2_048;
/// Lines of both sides read: what a printer says of itself comes first.
const LINES_MAX: u16 = 2_000;
/// Leaves the language of the pages; only hosts send it.
const ESCAPE: &[u8] = b"\x1b%-12345X";
const PREFIX: &[u8] = b"@PJL";
/// Commands by which a line without escape is known.
const COMMANDS: &[&[u8]] = &[
    b"COMMENT",
    b"DEFAULT",
    b"DINQUIRE",
    b"DMCMD",
    b"ECHO",
    b"ENTER",
    b"EOJ",
    b"FS",
    b"INFO",
    b"INITIALIZE",
    b"INQUIRE",
    b"JOB",
    b"OPMSG",
    b"RDYMSG",
    b"RESET",
    b"SET",
    b"STMSG",
    b"USTATUS",
];
/// Languages of pages, as the standard and the makers name them, and as we do.
const LANGUAGES: &[(&str, &str)] = &[
    ("PCL", "pcl"),
    ("PCL3GUI", "pcl"),
    ("PCLXL", "pcl"),
    ("POSTSCRIPT", "postscript"),
    ("PDF", "pdf"),
    ("HPGL2", "hpgl"),
    ("ZPL", "zpl"),
    ("XPS", "xps"),
];

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    match bytes.first() {
        Some(0x1B) => {}
        Some(b'@') => return command(bytes),
        _ => return Verdict::No,
    }
    match probe.starts_with(ESCAPE) {
        Verdict::Yes => {
            let rest = bytes.get(ESCAPE.len()..).unwrap_or_default();
            let rest = rest.trim_ascii_start();
            if rest.len() < PREFIX.len() && PREFIX.starts_with(rest) { Verdict::More } else { command(rest) }
        }
        other => other,
    }
}

/// Whether these are `@PJL` and a known command, or the end of the line.
fn command(bytes: &[u8]) -> Verdict {
    let Some(rest) = bytes.strip_prefix(PREFIX) else {
        return if PREFIX.starts_with(bytes) { Verdict::More } else { Verdict::No };
    };
    let word = match rest.split_first() {
        None => return Verdict::More,
        Some((b'\r' | b'\n', _)) => return Verdict::Yes,
        Some((b' ' | b'\t', word)) => word.trim_ascii_start(),
        Some(_) => return Verdict::No,
    };
    let begins = |name: &&[u8]| word.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name));
    let may_begin =
        |name: &&[u8]| name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if COMMANDS.iter().any(begins) {
        Verdict::Yes
    } else if COMMANDS.iter().any(may_begin) {
        Verdict::More
    } else {
        Verdict::No
    }
}

/// What the printer's next lines answer.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Answer {
    #[default]
    Other,
    Model,
    Product,
}

#[derive(Default)]
struct Pjl {
    lanes: [Lines; 2],
    host: Option<Side>,
    answer: Answer,
    lines: u16,
    /// Model, serial number, firmware were told.
    told: [bool; 3],
    language: bool,
}

impl Dissector for Pjl {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let (line, consumed) = match side.of(&mut self.lanes).next(bytes, LINE_MAX) {
            Ok(line) => line,
            Err(step) => return step,
        };
        self.lines = self.lines.saturating_add(1);
        if self.lines > LINES_MAX {
            return Step::Done;
        }
        notes.encrypted = Some(false);
        // The form feed that ends an answer comes before the next line.
        let line = line.strip_prefix(b"\x0c").unwrap_or(line);
        let escaped = line.starts_with(ESCAPE);
        let line = if escaped { line.get(ESCAPE.len()..).unwrap_or_default() } else { line };
        let body = line.strip_prefix(PREFIX).and_then(text::ascii).map(str::trim);
        if self.host.is_none() {
            // A printer that is picked up first answers; only hosts escape.
            let answers =
                !escaped && body.is_some_and(|body| body.starts_with("INFO")) && side == Side::Accepter;
            let host = if answers { side.peer() } else { side };
            self.host = Some(host);
            notes.requester = Some(host);
        }
        if self.host == Some(side) {
            return self.host_line(body, consumed, notes);
        }
        self.printer_line(side, body, line, notes);
        Step::skip(consumed)
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        side.of(&mut self.lanes).lose();
        self.answer = Answer::Other;
        Step::Skip(1)
    }
}

impl Pjl {
    /// A command of the host.
    fn host_line(&mut self, body: Option<&str>, consumed: usize, notes: &mut Notes) -> Step {
        let Some(enter) = body.and_then(|body| word(body, "ENTER")) else { return Step::skip(consumed) };
        let language = enter.split_once('=').map(|(_, language)| language.trim());
        let known = LANGUAGES.iter().find(|(name, _)| language.is_some_and(|l| l.eq_ignore_ascii_case(name)));
        if let Some((_, name)) = known
            && !std::mem::replace(&mut self.language, true)
        {
            notes.detail(DetailKey::Application, name);
        }
        // Pages, to the end or to an escape that nobody looks for.
        Step::Skip(u64::MAX)
    }

    /// A line of the printer's: the head of an answer, or what it answers.
    fn printer_line(&mut self, side: Side, body: Option<&str>, line: &[u8], notes: &mut Notes) {
        if let Some(body) = body {
            self.answer = match word(body, "INFO") {
                Some(kind) if kind.eq_ignore_ascii_case("ID") => Answer::Model,
                Some(kind) if kind.eq_ignore_ascii_case("PRODINFO") => Answer::Product,
                _ => Answer::Other,
            };
            return;
        }
        let Some(line) = text::utf8(line).map(str::trim).filter(|line| !line.is_empty()) else { return };
        match self.answer {
            Answer::Model => {
                self.answer = Answer::Other;
                let (model, version) = parts(unquoted(line));
                self.fact(0, side, Fact::new(Attribute::Model, model, 90, "pjl.info-id"), notes);
                self.fact(2, side, firmware(version, "pjl.info-id"), notes);
            }
            Answer::Product => self.product(side, line, notes),
            Answer::Other => {}
        }
    }

    /// A line `Name = "value"` about the product.
    fn product(&mut self, side: Side, line: &str, notes: &mut Notes) {
        let Some((name, value)) = line.split_once('=') else { return };
        let value = unquoted(value.trim());
        let rule = "pjl.info-prodinfo";
        match name.trim() {
            "ProductName" => self.fact(0, side, Fact::new(Attribute::Model, value, 90, rule), notes),
            "ProductSerialNumber" => self.fact(1, side, Fact::new(Attribute::Serial, value, 90, rule), notes),
            "FirmwareDateCode" => self.fact(2, side, firmware(value, rule), notes),
            _ => {}
        }
    }

    fn fact(&mut self, which: usize, side: Side, fact: Option<Fact>, notes: &mut Notes) {
        let is_first = self.told.iter().all(|told| !told);
        let Some(told) = self.told.get_mut(which).filter(|told| !**told) else { return };
        // Texts that stand for nothing: a question mark, zeros.
        if fact.as_ref().is_none_or(|fact| fact.value.bytes().all(|b| b"?0-xX".contains(&b))) {
            return;
        }
        *told = true;
        let role = is_first.then(|| Fact::new(Attribute::Role, "printer", 85, "pjl.info")).flatten();
        notes.speaker(side, [fact, role]);
    }
}

/// Model and firmware of an identification; one maker joins them: `Model series:8C5-H1B:Ver.1.21`.
fn parts(line: &str) -> (&str, &str) {
    match line.rsplit_once(":Ver.") {
        Some((rest, version)) => (rest.split(':').next().unwrap_or(rest), version),
        None => (line, ""),
    }
}

fn firmware(version: &str, rule: &'static str) -> Option<Fact> {
    let fact = Fact::new(Attribute::Software, "firmware", 90, rule)?.with_version(version);
    fact.version.is_some().then_some(fact)
}

/// What follows a command's word.
fn word<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (first, rest) = body.split_once([' ', '\t'])?;
    first.eq_ignore_ascii_case(name).then(|| rest.trim())
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value).trim()
}
