//! Site knowledge: what people of a site know better than inference, as a file that they read, keep and pass on.
//!
//! In: TOML, `version = 1`, `[[correction]]` entries on devices and `[[alias]]` entries on names of products. Out: a
//! [`Site`], or every entry that is wrong, with its
//! line and what to do. Nothing of a wrong file is used: half of what people said could be the opposite of it. [`write`]
//! gives the same file back from records, so that what was said elsewhere can be taken along.

use crate::Problem;
use crate::mac::{read_ip, read_mac};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use toml::Spanned;
use wardline_model::{Change, Correction, Mac, Selector};

/// Version of the file's form.
const VERSION: i64 = 1;
/// Corrections of one site; a hospital group has tens of thousands of devices, most of which need none.
pub const CORRECTIONS_MAX: usize = 100_000;
/// Longest text of a field.
const TEXT_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: Spanned<i64>,
    #[serde(default)]
    correction: Vec<Spanned<RawCorrection>>,
    #[serde(default)]
    alias: Vec<Spanned<RawAlias>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAlias {
    vendor: String,
    product: String,
    other_vendor: Option<String>,
    other: String,
    same: bool,
    reason: String,
    author: String,
    date: String,
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Of devices.
    pub corrections: Vec<Correction>,
    /// Of names of products.
    pub aliases: Vec<Alias>,
}

/// A person's word that two names are one product, or are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The vendor of the first name.
    pub vendor: String,
    /// The first name.
    pub product: String,
    /// The vendor of the other name.
    pub other_vendor: String,
    /// The other name.
    pub other: String,
    /// Whether they are one product.
    pub same: bool,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub author: String,
    /// When: an RFC 3339 date.
    pub date: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCorrection {
    id: String,
    about: RawSelector,
    name: Option<String>,
    class: Option<String>,
    vendor: Option<String>,
    model: Option<String>,
    location: Option<String>,
    #[serde(default)]
    confirm: bool,
    merge: Option<RawSelector>,
    split: Option<RawSelector>,
    reason: String,
    author: String,
    date: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSelector {
    mac: Option<String>,
    ip: Option<String>,
    serial: Option<String>,
    hostname: Option<String>,
    ae_title: Option<String>,
    vendor: Option<String>,
    model: Option<String>,
    class: Option<String>,
}

/// Reads a file of site knowledge; `is_class` tells which class codes there are.
///
/// # Errors
/// Everything that is wrong in it, by line.
pub fn read(text: &str, is_class: impl Fn(&str) -> bool) -> Result<Site, Vec<Problem>> {
    let line_at = |offset: usize| {
        let head = text.get(..offset).unwrap_or(text);
        u64::try_from(head.matches('\n').count()).unwrap_or(u64::MAX).saturating_add(1)
    };
    let problem = |line, why: String| Problem { line, field: String::new(), why };
    let raw: Raw = match toml::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            let line = error.span().map_or(1, |span| line_at(span.start));
            return Err(vec![problem(
                line,
                format!("{}; see docs/operate/analyze.md, section 9", error.message()),
            )]);
        }
    };
    if *raw.version.get_ref() != VERSION {
        let line = line_at(raw.version.span().start);
        let why =
            format!("version {} is not known here; this reads version {VERSION}", raw.version.get_ref());
        return Err(vec![problem(line, why)]);
    }
    if raw.correction.len().saturating_add(raw.alias.len()) > CORRECTIONS_MAX {
        return Err(vec![problem(1, format!("more than {CORRECTIONS_MAX} entries; split the file"))]);
    }
    let (mut corrections, mut problems, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for entry in raw.correction {
        let line = line_at(entry.span().start);
        let entry = entry.into_inner();
        let id = entry.id.clone();
        match check(entry, &is_class) {
            Ok(_) if !ids.insert(id.clone()) => {
                problems.push(problem(line, format!("`{id}` is there twice; give one of them another id")));
            }
            Ok(correction) => corrections.push(correction),
            Err(why) => problems.push(problem(line, format!("`{id}`: {why}"))),
        }
    }
    let mut aliases = Vec::new();
    for entry in raw.alias {
        let line = line_at(entry.span().start);
        match entry.into_inner().check() {
            Ok(alias) => aliases.push(alias),
            Err(why) => problems.push(problem(line, why)),
        }
    }
    if problems.is_empty() { Ok(Site { corrections, aliases }) } else { Err(problems) }
}

impl RawAlias {
    fn check(self) -> Result<Alias, String> {
        let fields = [
            ("vendor", &self.vendor),
            ("product", &self.product),
            ("other", &self.other),
            ("reason", &self.reason),
            ("author", &self.author),
        ];
        for (name, text) in fields {
            if text.trim().is_empty() || text.len() > TEXT_MAX {
                return Err(format!("alias: {name} is empty or longer than {TEXT_MAX} bytes"));
            }
        }
        if !is_date(&self.date) {
            return Err(format!("alias: `{}` is not a date; write it as 2026-11-30", self.date));
        }
        Ok(Alias {
            other_vendor: self.other_vendor.unwrap_or_else(|| self.vendor.clone()),
            vendor: self.vendor,
            product: self.product,
            other: self.other,
            same: self.same,
            reason: self.reason,
            author: self.author,
            date: self.date,
        })
    }
}

fn check(raw: RawCorrection, is_class: &impl Fn(&str) -> bool) -> Result<Correction, String> {
    for (name, text) in
        [("id", &raw.id), ("reason", &raw.reason), ("author", &raw.author), ("date", &raw.date)]
    {
        if text.trim().is_empty() {
            return Err(format!("{name} is empty; say it, for whoever reads this in five years"));
        }
    }
    if !is_date(&raw.date) {
        return Err(format!("`{}` is not a date; write it as 2026-11-30", raw.date));
    }
    let about = raw.about.check("about")?;
    if let Some(code) = raw.class.as_ref().filter(|code| !is_class(code)) {
        return Err(format!(
            "`{code}` is not a device class; the codes stand in data/device-classes/classes.toml"
        ));
    }
    let values = [raw.name, raw.class, raw.vendor, raw.model, raw.location];
    if values.iter().flatten().any(|text| text.trim().is_empty() || text.len() > TEXT_MAX) {
        return Err(format!(
            "a value is empty or longer than {TEXT_MAX} bytes; leave out what you do not know"
        ));
    }
    let [name, class, vendor, model, location] = values;
    let sets = [&name, &class, &vendor, &model, &location].iter().any(|value| value.is_some());
    let change = match (sets, raw.confirm, raw.merge, raw.split) {
        (true, false, None, None) => Change::Set { name, class, vendor, model, location },
        (false, true, None, None) => Change::Confirm,
        (false, false, Some(other), None) => Change::Merge(other.check_one(&about, "merge")?),
        (false, false, None, Some(other)) => {
            let other = other.check_one(&about, "split")?;
            if [&about, &other].iter().any(|s| s.mac.is_none() && s.ip.is_none()) {
                return Err("split needs a mac or an ip on both sides: they are what was joined".to_owned());
            }
            Change::Split(other)
        }
        (false, false, None, None) => {
            return Err(
                "says nothing; give name, class, vendor, model or location, or confirm, merge or split"
                    .to_owned(),
            );
        }
        _ => {
            return Err("says several things at once; make an entry for each of set, confirm, merge, split"
                .to_owned());
        }
    };
    Ok(Correction { id: raw.id, about, change, reason: raw.reason, author: raw.author, date: raw.date })
}

impl RawSelector {
    fn check(self, place: &str) -> Result<Selector, String> {
        let mac = match self.mac {
            Some(text) => Some(read_mac(&text).and_then(|usual| mac_of(&usual)).ok_or_else(|| {
                format!("{place}: `{text}` is not a MAC address: twelve hexadecimal digits")
            })?),
            None => None,
        };
        let ip = match self.ip {
            Some(text) => Some(
                read_ip(&text).ok_or_else(|| format!("{place}: `{text}` is not an address of a device"))?,
            ),
            None => None,
        };
        let selector = Selector {
            mac,
            ip,
            serial: self.serial,
            hostname: self.hostname,
            ae_title: self.ae_title,
            vendor: self.vendor,
            model: self.model,
            class: self.class,
        };
        if selector.is_empty() {
            return Err(format!(
                "{place} names no device; give mac, ip, serial, hostname or ae_title for one, or vendor, model or class for all alike"
            ));
        }
        Ok(selector)
    }

    /// A selector of one device, beside another of one.
    fn check_one(self, about: &Selector, place: &str) -> Result<Selector, String> {
        let other = self.check(place)?;
        if !other.identifies() || !about.identifies() {
            return Err(format!(
                "{place} needs one device on each side: mac, ip, serial, hostname or ae_title"
            ));
        }
        Ok(other)
    }
}

fn mac_of(usual: &str) -> Option<Mac> {
    let mut bytes = [0_u8; 6];
    let mut parts = usual.split(':');
    for byte in &mut bytes {
        *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    Some(Mac(bytes))
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse::<u16>().ok())
            .flatten()
    };
    number(year, 4).is_some()
        && number(month, 2).is_some_and(|m| (1..=12).contains(&m))
        && number(day, 2).is_some_and(|d| (1..=31).contains(&d))
}

/// The file that says these corrections and aliases.
#[must_use]
pub fn write(corrections: &[Correction], aliases: &[Alias]) -> String {
    let mut text = format!(
        "# What people of this site know better. Wardline never overrules it.\nversion = {VERSION}\n"
    );
    for correction in corrections {
        let _ = write!(
            text,
            "\n[[correction]]\nid = {}\nabout = {}\n",
            quoted(&correction.id),
            selector(&correction.about)
        );
        match &correction.change {
            Change::Set { name, class, vendor, model, location } => {
                let fields = [
                    ("name", name),
                    ("class", class),
                    ("vendor", vendor),
                    ("model", model),
                    ("location", location),
                ];
                for (key, value) in fields {
                    if let Some(value) = value {
                        let _ = writeln!(text, "{key} = {}", quoted(value));
                    }
                }
            }
            Change::Confirm => text.push_str("confirm = true\n"),
            Change::Merge(other) => _ = writeln!(text, "merge = {}", selector(other)),
            Change::Split(other) => _ = writeln!(text, "split = {}", selector(other)),
        }
        for (key, value) in
            [("reason", &correction.reason), ("author", &correction.author), ("date", &correction.date)]
        {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    }
    for alias in aliases {
        text.push_str("\n[[alias]]\n");
        for (key, value) in [
            ("vendor", &alias.vendor),
            ("product", &alias.product),
            ("other_vendor", &alias.other_vendor),
            ("other", &alias.other),
        ] {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
        let _ = writeln!(text, "same = {}", alias.same);
        for (key, value) in [("reason", &alias.reason), ("author", &alias.author), ("date", &alias.date)] {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    }
    text
}

fn selector(selector: &Selector) -> String {
    let parts = [
        ("mac", selector.mac.map(|mac| mac.to_string())),
        ("ip", selector.ip.map(|ip| ip.to_string())),
        ("serial", selector.serial.clone()),
        ("hostname", selector.hostname.clone()),
        ("ae_title", selector.ae_title.clone()),
        ("vendor", selector.vendor.clone()),
        ("model", selector.model.clone()),
        ("class", selector.class.clone()),
    ];
    let told: Vec<String> =
        parts.into_iter().filter_map(|(key, value)| Some(format!("{key} = {}", quoted(&value?)))).collect();
    format!("{{ {} }}", told.join(", "))
}

/// A text as a TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => _ = write!(quoted, "\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = r#"version = 1

[[correction]]
id = "icu-3"
about = { mac = "0009.FB62.B91C" }
name = "Monitor ICU bed 3"
class = "mon.bed"
reason = "read from the type plate"
author = "biomedical engineering"
date = "2026-11-30"

[[correction]]
id = "all-b40"
about = { vendor = "GE HealthCare", model = "B40" }
confirm = true
reason = "delivery of 2024, all the same \"batch\""
author = "biomedical engineering"
date = "2026-11-30"

[[correction]]
id = "two-cards"
about = { mac = "00:09:fb:00:00:01" }
merge = { ip = "10.0.0.9" }
reason = "wired and wireless card of one cart"
author = "network"
date = "2026-12-01"

[[alias]]
vendor = "Acme"
product = "Pump \"3\""
other = "Infusor III"
same = true
reason = "one article number"
author = "biomedical engineering"
date = "2026-12-01"
"#;

    fn is_class(code: &str) -> bool {
        code == "mon.bed"
    }

    #[test]
    fn what_is_written_reads_back_as_itself() {
        let read_once = read(SITE, is_class).unwrap();
        assert_eq!(read_once.corrections.len(), 3);
        assert_eq!(read(&write(&read_once.corrections, &read_once.aliases), is_class).unwrap(), read_once);
        assert_eq!(read("version = 1", is_class).unwrap(), Site::default());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_to_do() {
        let wrong = |from: &str, to: &str| {
            let problems = read(&SITE.replacen(from, to, 1), is_class).unwrap_err();
            problems.iter().map(|p| format!("{}: {}", p.line, p.why)).collect::<Vec<_>>().join("\n")
        };
        for (from, to, expected) in [
            ("\"mon.bed\"", "\"mon.bad\"", "3: `icu-3`: `mon.bad` is not a device class"),
            ("0009.FB62.B91C", "0009", "3: `icu-3`: about: `0009` is not a MAC"),
            ("2026-11-30", "30.11.2026", "3: `icu-3`: `30.11.2026` is not a date"),
            ("confirm = true\n", "", "12: `all-b40`: says nothing"),
            ("confirm = true\n", "confirm = true\nname = \"x\"\n", "12: `all-b40`: says several things"),
            (
                "merge = { ip = \"10.0.0.9\" }",
                "merge = { model = \"x\" }",
                "20: `two-cards`: merge needs one device",
            ),
            ("merge = { ip", "split = { hostname", "20: `two-cards`: split needs a mac"),
            ("all-b40", "icu-3", "12: `icu-3` is there twice"),
            ("version = 1", "version = 2", "1: version 2 is not known"),
            ("author =", "autor =", "unknown field"),
            ("reason = \"read", "reason = \"\" # \"read", "3: `icu-3`: reason is empty"),
            ("about = { mac", "about = { max", "unknown field"),
        ] {
            assert!(wrong(from, to).contains(expected), "{expected} in {}", wrong(from, to));
        }
        assert!(read("", is_class).unwrap_err()[0].why.contains("version"));
        assert!(read(&SITE[..200], is_class).is_err(), "cut");
    }
}
