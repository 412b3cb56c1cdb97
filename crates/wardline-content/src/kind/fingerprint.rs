//! Fingerprints: what a clue on the wire says about a device.
//!
//! In: a clue's attribute and its text. Out: conclusions, from every entry whose pattern matches; an entry
//! hides another only when it says so (`supersedes`). Patterns and their limits: `pattern.rs`.

use super::pattern::{Pattern, PatternSet};
use super::template::Template;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::{Attribute, Confidence, Role};

/// What a fingerprint concludes from a clue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conclusion {
    /// What is concluded: vendor, model, serial, UDI, system, software, class, role, location or host name.
    pub attribute: Attribute,
    /// The value; `firmware` for the firmware of the device itself, its version apart.
    pub value: String,
    /// The version, for systems and software.
    pub version: Option<String>,
    /// How sure, in percent.
    pub confidence: Confidence,
    /// Id of the fingerprint.
    pub rule: String,
    /// Where the knowledge comes from.
    pub source: String,
}

/// A text and what it must yield.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The clue's text.
    pub text: String,
    /// Values by field name as in [`Fingerprint::yields`].
    pub yields: BTreeMap<String, String>,
}

/// One entry: a pattern over one clue and what it sets.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    /// Unique name.
    pub id: String,
    /// The clue it reads.
    pub clue: Attribute,
    /// Where the knowledge comes from.
    pub source: String,
    /// Licence of the entry.
    pub licence: String,
    /// How sure, in percent.
    pub confidence: Confidence,
    /// Ids of entries that are left out where this one matches.
    pub supersedes: Vec<String>,
    /// Texts that must match, with what they yield.
    pub examples: Vec<Example>,
    /// Texts that must not match.
    pub counter_examples: Vec<String>,
    pub(crate) pattern: Pattern,
    pub(crate) sets: Vec<(Field, Template)>,
}

macro_rules! fields {
    ($($name:ident = $text:ident,)*) => {
        /// What a fingerprint may set.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Field { $($name,)* }

        impl Field {
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($text),)* }
            }
        }

        /// `sets` as written.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct RawSets { $($text: Option<String>,)* }

        impl RawSets {
            fn into_fields(self) -> Vec<(Field, String)> {
                [$((Field::$name, self.$text),)*]
                    .into_iter()
                    .filter_map(|(field, text)| text.map(|text| (field, text)))
                    .collect()
            }
        }
    };
}

fields! {
    Vendor = vendor,
    Model = model,
    Serial = serial,
    Udi = udi,
    Os = os,
    OsVersion = os_version,
    Software = software,
    SoftwareVersion = software_version,
    Firmware = firmware,
    Class = class,
    Role = role,
    Location = location,
    Hostname = hostname,
}

/// Highest group a template can name.
const GROUPS_MAX: usize = 9;

/// An entry as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFingerprint {
    pub(crate) id: String,
    clue: Option<String>,
    pattern: String,
    #[serde(default)]
    case_insensitive: bool,
    source: Option<String>,
    licence: Option<String>,
    confidence: Option<u8>,
    #[serde(default)]
    supersedes: Vec<String>,
    #[serde(default)]
    sets: RawSets,
    #[serde(default)]
    examples: Vec<BTreeMap<String, String>>,
    #[serde(default)]
    counter_examples: Vec<String>,
}

/// What a file says once for all its entries.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Defaults {
    clue: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) licence: Option<String>,
    confidence: Option<u8>,
}

impl RawFingerprint {
    /// The entry, checked; `classes` are the known class codes. A `trusted` entry's pattern is not compiled yet
    /// and its examples are not run: [`Fingerprint::verify`] does both.
    pub(crate) fn check(
        self,
        defaults: &Defaults,
        classes: &BTreeSet<String>,
        trusted: bool,
    ) -> Result<Fingerprint, String> {
        let clue = self.clue.or_else(|| defaults.clue.clone()).ok_or("names no clue")?;
        let clue = Attribute::parse(&clue).ok_or_else(|| format!("`{clue}` is not an attribute"))?;
        let source = self.source.or_else(|| defaults.source.clone()).ok_or("names no source")?;
        let licence = self.licence.or_else(|| defaults.licence.clone()).ok_or("names no licence")?;
        let confidence = self.confidence.or(defaults.confidence).ok_or("has no confidence")?;
        if !(1..=100).contains(&confidence) {
            return Err(format!("confidence {confidence} is not between 1 and 100 percent"));
        }
        let flags = if self.case_insensitive { "i" } else { "" };
        let (pattern, groups) = if trusted {
            (Pattern::trusted(&self.pattern, flags), GROUPS_MAX)
        } else {
            let pattern = Pattern::checked(&self.pattern, flags)?;
            let groups = pattern.groups();
            (pattern, groups)
        };
        let sets = check_sets(self.sets, groups, classes)?;
        if self.examples.is_empty() || self.counter_examples.is_empty() {
            return Err("has no example or no counter-example".to_owned());
        }
        let mut examples = Vec::new();
        for mut yields in self.examples {
            let text = yields.remove("text").ok_or("an example has no text")?;
            for (field, template) in &sets {
                if template.has_groups() && !yields.contains_key(field.as_str()) {
                    return Err(format!("example `{text}` does not say its {}", field.as_str()));
                }
            }
            examples.push(Example { text, yields });
        }
        let entry = Fingerprint {
            id: self.id,
            clue,
            source,
            licence,
            confidence,
            supersedes: self.supersedes,
            examples,
            counter_examples: self.counter_examples,
            pattern,
            sets,
        };
        if !trusted {
            entry.verify()?;
        }
        Ok(entry)
    }
}

fn check_sets(
    sets: RawSets,
    groups: usize,
    classes: &BTreeSet<String>,
) -> Result<Vec<(Field, Template)>, String> {
    let fields = sets.into_fields();
    let has = |field| fields.iter().any(|(set, _)| *set == field);
    if fields.is_empty() {
        return Err("sets nothing".to_owned());
    }
    if has(Field::OsVersion) && !has(Field::Os) || has(Field::SoftwareVersion) && !has(Field::Software) {
        return Err("sets a version without its name".to_owned());
    }
    let mut checked = Vec::new();
    for (field, text) in fields {
        if field == Field::Class && !classes.contains(&text) {
            return Err(format!("`{text}` is not a device class"));
        }
        if field == Field::Role && Role::parse(&text).is_none() {
            return Err(format!("`{text}` is not a role"));
        }
        checked.push((field, Template::parse(&text, groups)?));
    }
    Ok(checked)
}

impl Fingerprint {
    /// What the entry says of a text, by field name (`vendor`, `os_version`, `firmware`, …); `None` when the
    /// pattern does not match.
    #[must_use]
    pub fn yields(&self, text: &str) -> Option<BTreeMap<&'static str, String>> {
        let captures = self.pattern.captures(text)?;
        Some(
            self.sets
                .iter()
                .filter_map(|(field, template)| Some((field.as_str(), template.fill(&captures)?)))
                .collect(),
        )
    }

    fn conclude(&self, text: &str, conclusions: &mut Vec<Conclusion>) {
        let Some(mut yields) = self.yields(text) else { return };
        let os_version = yields.remove(Field::OsVersion.as_str());
        let software_version = yields.remove(Field::SoftwareVersion.as_str());
        let mut add = |attribute, value: &str, version| {
            conclusions.push(Conclusion {
                attribute,
                value: value.to_owned(),
                version,
                confidence: self.confidence,
                rule: self.id.clone(),
                source: self.source.clone(),
            });
        };
        for (field, value) in yields {
            match field {
                "os" => add(Attribute::Os, &value, os_version.clone()),
                "software" => add(Attribute::Software, &value, software_version.clone()),
                "firmware" => add(Attribute::Software, "firmware", Some(value)),
                _ => {
                    if let Some(attribute) = Attribute::parse(field) {
                        add(attribute, &value, None);
                    }
                }
            }
        }
    }

    /// Runs the entry's own examples and counter-examples; says the first that fails.
    ///
    /// # Errors
    /// The example that does not come out as it says.
    pub fn verify(&self) -> Result<(), String> {
        let highest = self.sets.iter().map(|(_, template)| template.highest_group()).max();
        if highest > Some(self.pattern.groups()) {
            return Err("a value asks for a group that the pattern does not have".to_owned());
        }
        for example in &self.examples {
            let yields = self.yields(&example.text).ok_or(format!("does not match `{}`", example.text))?;
            for (field, wanted) in &example.yields {
                let got = yields.get(field.as_str());
                if got != Some(wanted) {
                    return Err(format!("`{}` gives {field} {got:?}, not `{wanted}`", example.text));
                }
            }
        }
        self.counter_examples.iter().try_for_each(|text| {
            if self.pattern.is_match(text) {
                Err(format!("matches its counter-example `{text}`"))
            } else {
                Ok(())
            }
        })
    }
}

/// All fingerprints, grouped by the clue they read.
#[derive(Clone, Debug, Default)]
pub struct Fingerprints {
    by_clue: BTreeMap<Attribute, Group>,
}

/// The entries of one clue.
#[derive(Clone, Debug, Default)]
struct Group {
    entries: Vec<Fingerprint>,
    set: PatternSet,
}

impl Fingerprints {
    pub(crate) fn new(entries: impl IntoIterator<Item = Fingerprint>) -> Self {
        let mut by_clue: BTreeMap<Attribute, Group> = BTreeMap::new();
        for entry in entries {
            by_clue.entry(entry.clue).or_default().entries.push(entry);
        }
        Self { by_clue }
    }

    /// Every entry.
    pub fn iter(&self) -> impl Iterator<Item = &Fingerprint> {
        self.by_clue.values().flat_map(|group| &group.entries)
    }

    /// Whether any entry reads such a clue.
    #[must_use]
    pub fn reads(&self, clue: Attribute) -> bool {
        self.by_clue.contains_key(&clue)
    }

    /// What all entries conclude from a clue, sorted by entry id. Callers keep the answer for values that come
    /// again.
    #[must_use]
    pub fn read(&self, clue: Attribute, text: &str) -> Vec<Conclusion> {
        let Some(group) = self.by_clue.get(&clue) else { return Vec::new() };
        let patterns = group.entries.iter().map(|entry| &entry.pattern);
        let matching: Vec<&Fingerprint> = group
            .set
            .matching(patterns, text)
            .into_iter()
            .filter_map(|index| group.entries.get(index))
            .collect();
        let hidden: BTreeSet<&str> =
            matching.iter().flat_map(|entry| entry.supersedes.iter().map(String::as_str)).collect();
        let mut conclusions = Vec::new();
        for entry in matching {
            if !hidden.contains(entry.id.as_str()) {
                entry.conclude(text, &mut conclusions);
            }
        }
        conclusions
    }
}
